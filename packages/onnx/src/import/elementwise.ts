import type { GraphBuilder, Node } from "@isthmus/graph";
import { BOOL } from "../data-types.ts";
import { type Flow, shapeOf } from "./flow.ts";
import type { NodeReader } from "./node-reader.ts";
import { perChannel } from "./normalisation.ts";
import type { Translations } from "./translations.ts";

type Formula = (build: GraphBuilder, x: Node, read: NodeReader) => Node;

/** A function of one number, written as formulas are. */
const unary =
  (formula: Formula) =>
  (read: NodeReader): Flow =>
    read.unary((x) => formula(read.build, x, read));

const binary =
  (name: "add" | "sub" | "mul" | "div") =>
  (read: NodeReader): Flow => {
    requireFloats(read);
    return read.elementwise((a, b) => read.build[name](a!, b!), { values: read.operands(2) });
  };

/** Integers would overflow and round otherwise than floats do. */
function requireFloats(read: NodeReader): void {
  for (const value of read.given) {
    if (value && read.isInteger(value)) read.refuse("computes with integers, which the graph only has as ids");
  }
}

/** Any number of operands, from left to right. */
const folded =
  (name: "add" | "maximum" | "minimum") =>
  (read: NodeReader): Flow => {
    if (name === "add") requireFloats(read);
    return read.elementwise((...nodes) => nodes.reduce((a, b) => read.build[name](a, b)));
  };

const comparison =
  (name: "greater" | "greaterEqual" | "less" | "lessEqual" | "equal") =>
  (read: NodeReader): Flow =>
    read.elementwise((a, b) => read.build[name](a!, b!), { values: read.comparable(), elementType: BOOL });

const logic =
  (count: 1 | 2, formula: (build: GraphBuilder, ...truths: Node[]) => Node) =>
  (read: NodeReader): Flow =>
    read.elementwise((...truths) => formula(read.build, ...truths), {
      values: read.operands(count),
      elementType: BOOL,
    });

const not = (build: GraphBuilder, x: Node): Node => build.sub(build.scalar(1), x);

/** x where it is positive, else alpha x. */
function leakyRelu(build: GraphBuilder, x: Node, slope: Node): Node {
  return build.add(build.relu(x), build.mul(slope, build.minimum(x, build.scalar(0))));
}

/** Between 0 and 1 a slope makes the larger of two lines. */
function leaky(build: GraphBuilder, x: Node, alpha: number): Node {
  const slope = build.scalar(alpha);
  return alpha > 0 && alpha < 1 ? build.maximum(x, build.mul(slope, x)) : leakyRelu(build, x, slope);
}

/** x where it is positive, else alpha (exp(x / scale) - 1). */
function elu(build: GraphBuilder, x: Node, alpha: number, scale = 1): Node {
  const below = build.expm1(build.div(build.minimum(x, build.scalar(0)), build.scalar(scale)));
  return build.add(build.relu(x), build.mul(build.scalar(alpha), below));
}

function clamp(build: GraphBuilder, x: Node, low: number, high: number): Node {
  const above = low > -Infinity ? build.maximum(x, build.scalar(low)) : x;
  return high < Infinity ? build.minimum(above, build.scalar(high)) : above;
}

function hardSigmoid(build: GraphBuilder, x: Node, alpha: number, beta: number): Node {
  return clamp(build, build.add(build.mul(x, build.scalar(alpha)), build.scalar(beta)), 0, 1);
}

/** x times the distribution function of the standard normal distribution at x, or its approximation by tanh. */
function gelu(build: GraphBuilder, x: Node, read: NodeReader): Node {
  const half = build.mul(x, build.scalar(0.5));
  if (read.string("approximate", "none") !== "tanh") {
    return build.mul(half, build.add(build.erf(build.mul(x, build.scalar(Math.SQRT1_2))), build.scalar(1)));
  }
  const cubic = build.mul(build.mul(build.square(x), x), build.scalar(0.044715));
  const inner = build.mul(build.add(x, cubic), build.scalar(Math.sqrt(2 / Math.PI)));
  return build.mul(half, build.add(build.tanh(inner), build.scalar(1)));
}

/** The bounds are attributes before operator set 11 and inputs from then on. */
function clip(read: NodeReader): Flow {
  const bound = (name: string, input: number, open: number) => {
    if (read.version < 11) return read.float(name, open);
    return read.given[input] ? read.number(input) : open;
  };
  const [low, high] = [bound("min", 1, -Infinity), bound("max", 2, Infinity)];
  const result = read.unary((x) => clamp(read.build, x, low, high));
  return { ...result, elementType: read.value(0).elementType };
}

/** Whole powers as products; the graph has no others. */
function power(read: NodeReader): Flow {
  requireFloats(read);
  const exponent = read.number(1);
  const { build } = read;
  if (exponent === 0.5) return read.unary((x) => build.sqrt(x));
  if (!Number.isInteger(exponent) || Math.abs(exponent) > 64 || exponent === 0) {
    return read.refuse(`has the exponent ${exponent}; known: 0.5 and whole numbers from -64 to 64, 0 not among them`);
  }
  return read.unary((x) => {
    const positive = wholePower(build, x, Math.abs(exponent));
    return exponent < 0 ? build.div(build.scalar(1), positive) : positive;
  });
}

function wholePower(build: GraphBuilder, x: Node, exponent: number): Node {
  if (exponent === 1) return x;
  const half = build.square(wholePower(build, x, exponent >> 1));
  return exponent % 2 ? build.mul(half, x) : half;
}

function where(read: NodeReader): Flow {
  const elementType = read.value(1).elementType;
  const values = read.operands(3);
  return read.elementwise((truth, a, b) => read.build.select(truth!, a!, b!), { values, elementType });
}

/** A slope is broadcast; before operator set 7 there was one per channel. */
function prelu(read: NodeReader): Flow {
  const [x, slope] = [read.value(0), read.value(1)];
  const values =
    read.version < 7 && shapeOf(slope).length === 1 ? [x, perChannel(read, slope, shapeOf(x).length)] : [x, slope];
  return read.elementwise((value, each) => leakyRelu(read.build, value!, each!), { values });
}

/** The mean of any number of operands. */
function mean(read: NodeReader): Flow {
  const total = folded("add")(read);
  return { ...total, node: read.build.div(total.node, read.build.scalar(read.given.length)) };
}

const selu = { alpha: 1.67326319217681884765625, gamma: 1.05070102214813232421875 } as const;

export const elementwise: Translations = {
  Abs: unary((build, x) => build.abs(x)),
  Add: binary("add"),
  And: logic(2, (build, a, b) => build.mul(a!, b!)),
  Celu: unary((build, x, read) => elu(build, x, read.float("alpha", 1), read.float("alpha", 1))),
  Clip: clip,
  Div: binary("div"),
  Elu: unary((build, x, read) => elu(build, x, read.float("alpha", 1))),
  Equal: comparison("equal"),
  Erf: unary((build, x) => build.erf(x)),
  Exp: unary((build, x) => build.exp(x)),
  Gelu: unary(gelu),
  Greater: comparison("greater"),
  GreaterOrEqual: comparison("greaterEqual"),
  HardSigmoid: unary((build, x, read) => hardSigmoid(build, x, read.float("alpha", 0.2), read.float("beta", 0.5))),
  HardSwish: unary((build, x) => build.mul(x, hardSigmoid(build, x, 1 / 6, 0.5))),
  LeakyRelu: unary((build, x, read) => leaky(build, x, read.float("alpha", 0.01))),
  Less: comparison("less"),
  LessOrEqual: comparison("lessEqual"),
  Log: unary((build, x) => build.log(x)),
  Max: folded("maximum"),
  Mean: mean,
  Min: folded("minimum"),
  Mish: unary((build, x) => build.mul(x, build.tanh(build.softplus(x)))),
  Mul: binary("mul"),
  Neg: unary((build, x) => build.neg(x)),
  Not: logic(1, (build, x) => not(build, x!)),
  Or: logic(2, (build, a, b) => build.maximum(a!, b!)),
  PRelu: prelu,
  Pow: power,
  Reciprocal: unary((build, x) => build.div(build.scalar(1), x)),
  Relu: unary((build, x) => build.relu(x)),
  Round: unary((build, x) => build.round(x)),
  Selu: unary((build, x, read) =>
    build.mul(build.scalar(read.float("gamma", selu.gamma)), elu(build, x, read.float("alpha", selu.alpha))),
  ),
  Sigmoid: unary((build, x) => build.sigmoid(x)),
  Sign: unary((build, x) => build.sign(x)),
  Softplus: unary((build, x) => build.softplus(x)),
  Softsign: unary((build, x) => build.div(x, build.add(build.abs(x), build.scalar(1)))),
  Sqrt: unary((build, x) => build.sqrt(x)),
  Sub: binary("sub"),
  Sum: folded("add"),
  Tanh: unary((build, x) => build.tanh(x)),
  ThresholdedRelu: unary((build, x, read) => build.mul(x, build.greater(x, build.scalar(read.float("alpha", 1))))),
  Where: where,
  Xor: logic(2, (build, a, b) => build.sub(build.maximum(a!, b!), build.mul(a!, b!))),
};
