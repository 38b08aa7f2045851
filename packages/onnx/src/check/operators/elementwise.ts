import type { OnnxDim } from "../../messages.ts";
import { BOOL } from "../../data-types.ts";
import { floats, floatsAndBrain, numeric, signed, wide, anything } from "../element-types.ts";
import { mayEqual, shapeText } from "../fact.ts";
import type { Dims, NodeFacts, Outcome } from "../node-facts.ts";
import { type Form, operator, type Operator, type Operators } from "../operator.ts";

/** The shape that two broadcast to, as NumPy does; undefined where they cannot. */
export function broadcast(one: Dims, other: Dims): Dims | undefined {
  const rank = Math.max(one.length, other.length);
  const at = (shape: Dims, axis: number): OnnxDim => {
    const own = axis - (rank - shape.length);
    return own < 0 ? 1 : shape[own]!;
  };
  const pairs = Array.from({ length: rank }, (_, axis) => [at(one, axis), at(other, axis)] as const);
  if (pairs.some(([a, b]) => a !== 1 && b !== 1 && !mayEqual(a, b))) return undefined;
  return pairs.map(([a, b]) => stretched(a, b));
}

/** A named size beside a number is that number or 1; beside another name it could be either. */
function stretched(a: OnnxDim, b: OnnxDim): OnnxDim {
  if (a === 1 || a === b) return b;
  if (b === 1) return a;
  if (typeof a === "number") return a;
  return typeof b === "number" ? b : null;
}

/** The shape of all inputs together. */
function together(facts: NodeFacts): Dims | undefined {
  let shape: Dims | undefined = facts.shape(0);
  for (let i = 1; i < facts.inputs; i++) {
    const next = facts.shape(i);
    if (!shape || !next) return undefined;
    shape = broadcast(shape, next) ?? facts.fail(`has inputs of shapes ${shapeText(shape)} and ${shapeText(next)}`);
  }
  return shape;
}

const same = (facts: NodeFacts): readonly Outcome[] => [{ shape: facts.shape(0) }];

const broadcasting = (facts: NodeFacts): readonly Outcome[] => [{ shape: together(facts) }];

type Calculation = (a: number, b: number) => number;

/** Of sizes as well: what is known of both goes on being known. */
function calculating(calculate: Calculation) {
  return (facts: NodeFacts): readonly Outcome[] => {
    const shape = together(facts);
    const [a, b] = [facts.values(0), facts.values(1)];
    if (!a || !b || !shape || shape.length > 1) return [{ shape }];
    const count = Math.max(a.length, b.length);
    const at = (values: Dims, i: number) => values[values.length === 1 ? 0 : i]!;
    const values = Array.from({ length: count }, (_, i) => calculated(at(a, i), at(b, i), calculate));
    return [{ shape, values }];
  };
}

function calculated(a: OnnxDim, b: OnnxDim, calculate: Calculation): OnnxDim {
  return typeof a === "number" && typeof b === "number" ? calculate(a, b) : null;
}

const form = (types: readonly number[], attributes: Form["attributes"] = {}, since = 0): Form => ({
  since,
  inputs: ["T"],
  outputs: ["T"],
  types: { T: types },
  attributes,
});

const unary = (types: readonly number[], attributes: Form["attributes"] = {}): Operator =>
  operator(form(types, attributes), same);

const pair = (types: readonly number[], since = 0): Form => ({
  since,
  inputs: ["T", "T"],
  outputs: ["T"],
  types: { T: types },
});

/** Integers of 8 and 16 bits since operator set 14. */
const arithmetic = (calculate: Calculation): Operator =>
  operator([pair(numeric, 14), pair(wide)], calculating(calculate));

const comparison = (
  types: readonly number[],
  older?: { readonly before: number; readonly types: readonly number[] },
): Operator => {
  const compares = (of: readonly number[], since = 0): Form => ({
    since,
    inputs: ["T", "T"],
    outputs: ["T1"],
    types: { T: of, T1: [BOOL] },
  });
  return operator(older ? [compares(types, older.before), compares(older.types)] : compares(types), broadcasting);
};

const withoutBrain = numeric.filter((type) => type !== 16);

const folded = (types: readonly number[]): Operator =>
  operator({ inputs: ["T*"], outputs: ["T"], types: { T: types } }, broadcasting);

/** The second is stretched to the first. */
function prelu(facts: NodeFacts): readonly Outcome[] {
  const [x, slope] = [facts.shape(0), facts.shape(1)];
  if (x && slope && broadcast(x, slope)?.length !== x.length) {
    facts.fail(`has slopes of shape ${shapeText(slope)} for ${shapeText(x)}`);
  }
  return same(facts);
}

function clip(facts: NodeFacts): readonly Outcome[] {
  for (const bound of [1, 2]) if (facts.has(bound)) facts.requireRank(bound, 0);
  return same(facts);
}

const alpha = { alpha: "float" } as const;

export const elementwise: Operators = {
  Abs: unary(numeric),
  Add: arithmetic((a, b) => a + b),
  And: comparison([BOOL]),
  Ceil: unary(floatsAndBrain),
  Celu: unary([1], alpha),
  Clip: operator({ inputs: ["T", "T?", "T?"], outputs: ["T"], types: { T: numeric } }, clip),
  Div: arithmetic((a, b) => Math.trunc(a / b)),
  Elu: unary(floats, alpha),
  Equal: operator(
    [
      { since: 19, inputs: ["T", "T"], outputs: ["T1"], types: { T: [...numeric, BOOL, 8], T1: [BOOL] } },
      { inputs: ["T", "T"], outputs: ["T1"], types: { T: [...numeric, BOOL], T1: [BOOL] } },
    ],
    broadcasting,
  ),
  Erf: unary(numeric),
  Exp: unary(floatsAndBrain),
  Floor: unary(floatsAndBrain),
  Gelu: operator(form(floatsAndBrain, { approximate: "string" }, 20), same),
  Greater: comparison(numeric),
  GreaterOrEqual: comparison(numeric, { before: 16, types: withoutBrain }),
  HardSigmoid: unary(floats, { alpha: "float", beta: "float" }),
  HardSwish: operator(form(floats, {}, 14), same),
  LeakyRelu: operator([form(floatsAndBrain, alpha, 16), form(floats, alpha)], same),
  Less: comparison(numeric),
  LessOrEqual: comparison(numeric, { before: 16, types: withoutBrain }),
  Log: unary(floatsAndBrain),
  Max: folded(numeric),
  Mean: folded(floatsAndBrain),
  Min: folded(numeric),
  Mish: operator(form(floats, {}, 18), same),
  Mod: operator({ ...pair(numeric), attributes: { fmod: "int" } }, broadcasting),
  Mul: arithmetic((a, b) => a * b),
  Neg: unary([...floatsAndBrain, ...signed]),
  Not: unary([BOOL]),
  Or: comparison([BOOL]),
  Pow: operator(
    [
      { since: 15, inputs: ["T", "T1"], outputs: ["T"], types: { T: [...floatsAndBrain, 6, 7], T1: numeric } },
      { inputs: ["T", "T1"], outputs: ["T"], types: { T: [...floatsAndBrain, 6, 7], T1: withoutBrain } },
    ],
    broadcasting,
  ),
  PRelu: operator([pair(wide, 16), pair(wide.filter((type) => type !== 16))], prelu),
  Reciprocal: unary(floatsAndBrain),
  Relu: operator([form([...floatsAndBrain, ...signed], {}, 14), form(floatsAndBrain)], same),
  Round: unary(floats),
  Selu: unary(floats, { alpha: "float", gamma: "float" }),
  Sigmoid: unary(floatsAndBrain),
  Sign: unary(numeric),
  Softplus: unary(floats),
  Softsign: unary(floats),
  Sqrt: unary(floatsAndBrain),
  Sub: arithmetic((a, b) => a - b),
  Sum: folded(floatsAndBrain),
  Tanh: unary(floatsAndBrain),
  ThresholdedRelu: unary(floats, alpha),
  Where: operator(
    [
      { since: 16, inputs: ["B", "T", "T"], outputs: ["T"], types: { B: [BOOL], T: anything } },
      { inputs: ["B", "T", "T"], outputs: ["T"], types: { B: [BOOL], T: anything.filter((type) => type !== 16) } },
    ],
    broadcasting,
  ),
  Xor: comparison([BOOL]),
};
