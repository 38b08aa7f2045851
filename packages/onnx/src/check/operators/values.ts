import { elementCount } from "@isthmus/graph";
import { BOOL, FLOAT, INT64, TEXT } from "../../data-types.ts";
import { anything, floats, indices, narrow, numeric } from "../element-types.ts";
import { factOf } from "../fact.ts";
import type { NodeFacts, Outcome } from "../node-facts.ts";
import { type Form, narrower, operator, type Operators, widening } from "../operator.ts";
import { requireLength } from "../tensors.ts";

function cast(facts: NodeFacts): readonly Outcome[] {
  const type = requireType(facts, facts.int("to", 0));
  return [{ shape: facts.shape(0), type, values: indices.includes(type) ? facts.values(0) : undefined }];
}

function requireType(facts: NodeFacts, type: number): number {
  if ([...anything, ...narrow].includes(type)) return type;
  return facts.fail(`makes elements of type ${type}, which is none`);
}

/** What is too large for a float8 becomes the largest or infinite. */
function saturating(form: Form): Form[] {
  const told: Form = { ...form, attributes: { ...form.attributes, saturate: "int" } };
  return [narrower(21, told, ["T1", "T2"]), narrower(19, told, ["T1", "T2"]), form];
}

const passed = (facts: NodeFacts): readonly Outcome[] => [{ shape: facts.shape(0), values: facts.values(0) }];

/** One of several attributes holds the value. */
function constant(facts: NodeFacts): readonly Outcome[] {
  const names = Object.keys(facts.node.attributes);
  if (names.length !== 1) facts.fail(`has ${names.length} values, expected one`);
  const tensor = facts.attribute("value", "tensor");
  if (tensor) {
    requireLength(tensor, (what) => facts.fail(`holds a tensor that ${what}`));
    return [factOf(tensor)];
  }
  const numbers = facts.attribute("value_ints", "ints");
  if (numbers) return [{ type: INT64, shape: [numbers.length], values: numbers }];
  const number = facts.attribute("value_int", "int");
  if (number !== undefined) return [{ type: INT64, shape: [], values: [number] }];
  if (facts.attribute("value_string", "string") !== undefined) return [{ type: TEXT, shape: [] }];
  const list = facts.attribute("value_floats", "floats");
  return [{ type: FLOAT, shape: list ? [list.length] : [] }];
}

function constantOfShape(facts: NodeFacts): readonly Outcome[] {
  const one = facts.attribute("value", "tensor");
  if (one && elementCount(one.dims) !== 1) {
    facts.fail(`is filled with a tensor of shape [${one.dims.join(", ")}], expected one number`);
  }
  facts.requireRank(0, 1);
  return [{ shape: facts.values(0), type: one?.elementType ?? FLOAT }];
}

function shape(facts: NodeFacts): readonly Outcome[] {
  const x = facts.shape(0);
  if (!x) return [{ shape: [null] }];
  const values = x.slice(facts.int("start", 0), facts.int("end", x.length));
  return [{ shape: [values.length], values }];
}

const size = (facts: NodeFacts): readonly Outcome[] => {
  const x = facts.shape(0);
  const count = x?.every((dim) => typeof dim === "number") ? elementCount(x) : null;
  return [{ shape: [], values: [count] }];
};

function range(facts: NodeFacts): readonly Outcome[] {
  const [from, to, step] = [facts.numbers(0)?.[0], facts.numbers(1)?.[0], facts.numbers(2)?.[0]];
  if (step === 0) facts.fail("goes by steps of 0");
  if (from === undefined || to === undefined || step === undefined) return [{ shape: [null] }];
  return [{ shape: [Math.max(0, Math.ceil((to - from) / step))] }];
}

function random(facts: NodeFacts): readonly Outcome[] {
  const dtype = facts.attribute("dtype", "int");
  const shape = facts.ints("shape") ?? facts.shape(0);
  return [{ shape, type: dtype ?? (facts.has(0) ? facts.type(0) : FLOAT) }];
}

const castable = anything.filter((type) => type !== 14 && type !== 15);
const filled = (T: readonly number[]): Form => ({
  inputs: ["I"],
  outputs: ["T"],
  types: { I: [INT64], T },
  attributes: { value: "tensor" },
});
const casts = { T1: castable, T2: castable };
const types = { T: anything, I: [INT64] };
const drawn = { mean: "float", scale: "float", seed: "float", dtype: "int" } as const;

export const values: Operators = {
  Cast: operator(saturating({ inputs: ["T1"], outputs: ["T2"], types: casts, attributes: { to: "int!" } }), cast),
  CastLike: operator(saturating({ since: 15, inputs: ["T1", "T2"], outputs: ["T2"], types: casts }), (facts) => [
    { shape: facts.shape(0) },
  ]),
  Constant: operator(
    widening({
      inputs: [],
      outputs: ["T"],
      types,
      attributes: {
        value: "tensor",
        value_float: "float",
        value_floats: "floats",
        value_int: "int",
        value_ints: "ints",
        value_string: "string",
      },
    }),
    constant,
  ),
  ConstantOfShape: operator(
    [
      narrower(21, filled([...numeric, BOOL])),
      narrower(20, filled([...numeric, BOOL])),
      filled([...numeric.filter((type) => type !== 16), BOOL]),
    ],
    constantOfShape,
  ),
  Identity: operator(widening({ inputs: ["T"], outputs: ["T"], types }), passed),
  RandomNormal: operator(
    { inputs: [], outputs: ["T"], types: { T: floats }, attributes: { ...drawn, shape: "ints!" } },
    random,
  ),
  RandomNormalLike: operator(
    {
      inputs: ["T1"],
      outputs: ["T2"],
      types: { T1: anything.filter((type) => type !== 16), T2: floats },
      attributes: drawn,
    },
    random,
  ),
  Range: operator({ inputs: ["T", "T", "T"], outputs: ["T"], types: { T: [FLOAT, 11, 5, 6, INT64] } }, range),
  Shape: operator(
    [
      ...widening({ since: 15, inputs: ["T"], outputs: ["I"], types, attributes: { start: "int", end: "int" } }),
      { inputs: ["T"], outputs: ["I"], types },
    ],
    shape,
  ),
  Size: operator(widening({ inputs: ["T"], outputs: ["I"], types }), size),
};
