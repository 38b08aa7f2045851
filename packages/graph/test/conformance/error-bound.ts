/**
 * How far a float32 engine may be from the float64 interpreter: running error analysis (Higham 2002, section 3.3) along
 * the graph. Every operation adds its own rounding, k u sum|terms|, to what its operands' errors become in it.
 */
import { boundImage } from "./image-bound.ts";
import { interpretNodes, type InterpreterInputs, type Node, operationNamed, type Program } from "../../src/index.ts";
import {
  type ArrayOps,
  broadcastTo,
  composedLogSoftmax,
  composedSoftmax,
  composedSoftmaxCrossEntropy,
  type NdArray,
  ndArrayOps as nd,
  type ReduceOptions,
  reshape,
  transpose,
} from "@isthmus/math";

/** Unit roundoff of float32. */
const u = 2 ** -24;
/** exp, log and their kin: the kernels are within 4 units in the last place, 2 u each. */
const elementary = 8 * u;
/** Below the smallest normal number relative errors end. */
const tiny = 2 ** -126;

/** A value and a bound on the distance of its float32 counterpart. */
export interface Bounded {
  readonly value: NdArray;
  readonly error: NdArray;
}

const scalar = (value: number) => nd.scalar(value);
const exact = (value: NdArray): Bounded => ({ value, error: nd.sub(value, value) });
const rounding = (value: NdArray, error: NdArray, k: number) => nd.mul(scalar(k), nd.add(nd.abs(value), error));

type Unary = "exp" | "expm1" | "log" | "log1p" | "sqrt" | "square" | "sigmoid" | "tanh" | "softplus" | "relu";

/** A monotone function (or one that is steepest at the ends): the error is its spread over the operand's. */
const unary =
  (name: Unary, k: number) =>
  ({ value: x, error: e }: Bounded): Bounded => {
    const value = nd[name](x);
    const away = (end: NdArray) => nd.abs(nd.sub(nd[name](end), value));
    const below = nd.sub(x, e);
    const spread = nd.maximum(away(nd.add(x, e)), away(name === "sqrt" ? nd.maximum(below, scalar(0)) : below));
    const own = k === 0 ? scalar(0) : nd.add(rounding(value, spread, k), scalar(k === u ? 0 : tiny));
    return { value, error: nd.add(spread, own) };
  };

/** A function with jumps: exact unless an operand's error reaches the jump, which tests must avoid. */
function jump(value: NdArray, distance: NdArray, error: NdArray): Bounded {
  distance.data.forEach((d, i) => {
    const e = error.data[i]!;
    if (e > 0 && Math.abs(d) <= e) throw new Error("a test must keep away from kinks and ties");
  });
  return exact(value);
}

/** How far values are from where rounding jumps. */
function fromHalf({ shape, data }: NdArray): NdArray {
  return { shape, data: data.map((x) => x - Math.floor(x) - 0.5) };
}

function compare(f: "greater" | "equal", a: Bounded, b: Bounded): Bounded {
  return jump(nd[f](a.value, b.value), nd.sub(a.value, b.value), nd.add(a.error, b.error));
}

const extreme =
  (f: "maximum" | "minimum") =>
  (a: Bounded, b: Bounded): Bounded => ({
    value: nd[f](a.value, b.value),
    error: nd.maximum(a.error, b.error),
  });

function sum(x: Bounded, options?: ReduceOptions): Bounded {
  const terms = nd.sum(nd.add(nd.abs(x.value), x.error), options);
  const value = nd.sum(x.value, options);
  const n = x.value.data.length / value.data.length;
  return { value, error: nd.add(nd.sum(x.error, options), nd.mul(terms, scalar((n - 1) * u))) };
}

const bounded: ArrayOps<Bounded> = {
  scalar: (value) => ({ value: scalar(value), error: scalar(Math.abs(value - Math.fround(value))) }),
  constant: (shape, values) => {
    const value = nd.constant(shape, values);
    return { value, error: nd.abs(nd.sub(value, nd.constant(shape, values.map(Math.fround)))) };
  },
  shape: ({ value }) => value.shape,
  add: (a, b) => additive(nd.add(a.value, b.value), a, b),
  // A value less itself is 0 whatever its error.
  sub: (a, b) => (a === b ? exact(nd.sub(a.value, b.value)) : additive(nd.sub(a.value, b.value), a, b)),
  mul: (a, b) => {
    const value = nd.mul(a.value, b.value);
    const crossed = nd.add(nd.mul(nd.abs(a.value), b.error), nd.mul(a.error, nd.abs(b.value)));
    const carried = nd.add(crossed, nd.mul(a.error, b.error));
    return { value, error: nd.add(nd.add(carried, rounding(value, carried, u)), scalar(tiny)) };
  },
  div: (a, b) => {
    const value = nd.div(a.value, b.value);
    const least = nd.sub(nd.abs(b.value), b.error);
    const carried = nd.div(nd.add(a.error, nd.mul(nd.abs(value), b.error)), least);
    return { value, error: nd.add(nd.add(carried, rounding(value, carried, u)), scalar(tiny)) };
  },
  maximum: extreme("maximum"),
  minimum: extreme("minimum"),
  greater: (a, b) => compare("greater", a, b),
  equal: (a, b) => compare("equal", a, b),
  select: (condition, a, b) => {
    jump(condition.value, condition.value, condition.error);
    return {
      value: nd.select(condition.value, a.value, b.value),
      error: nd.select(condition.value, a.error, b.error),
    };
  },
  neg: ({ value, error }) => ({ value: nd.neg(value), error }),
  abs: ({ value, error }) => ({ value: nd.abs(value), error }),
  sign: ({ value, error }) => jump(nd.sign(value), value, error),
  exp: unary("exp", elementary),
  expm1: unary("expm1", elementary),
  log: unary("log", elementary),
  log1p: unary("log1p", elementary),
  sqrt: unary("sqrt", u),
  square: unary("square", u),
  sigmoid: unary("sigmoid", elementary),
  tanh: unary("tanh", elementary),
  softplus: unary("softplus", elementary),
  relu: unary("relu", 0),
  sigmoidCrossEntropy: (l, x) => bounded.sub(bounded.softplus(l), bounded.mul(x, l)),
  softmax: (x) => composedSoftmax(bounded, x),
  logSoftmax: (x) => composedLogSoftmax(bounded, x),
  softmaxCrossEntropy: (logits, p) => composedSoftmaxCrossEntropy(bounded, logits, p),
  sum,
  mean: (x, options) => bounded.div(sum(x, options), bounded.size(x, options?.axes)),
  max: ({ value, error }, options) => ({ value: nd.max(value, options), error: nd.max(error, options) }),
  size: (x, axes) => exact(nd.size(x.value, axes)),
  expandDims: ({ value, error }, axis) => ({ value: nd.expandDims(value, axis), error: nd.expandDims(error, axis) }),
  slice: ({ value, error }, options) => ({ value: nd.slice(value, options), error: nd.slice(error, options) }),
  concat: (xs, axis) => ({
    value: nd.concat(
      xs.map(({ value }) => value),
      axis,
    ),
    error: nd.concat(
      xs.map(({ error }) => error),
      axis,
    ),
  }),
  matmul: (a, b, options) => {
    const largest = (x: Bounded) => nd.add(nd.abs(x.value), x.error);
    const terms = nd.matmul(largest(a), largest(b), options);
    const value = nd.matmul(a.value, b.value, options);
    const k = a.value.shape[options?.transposeA ? 0 : 1]!;
    const carried = nd.add(nd.matmul(nd.abs(a.value), b.error, options), nd.matmul(a.error, largest(b), options));
    return { value, error: nd.add(nd.add(carried, nd.mul(terms, scalar(k * u))), scalar(k * tiny)) };
  },
  stopGradient: (x) => x,
};

function additive(value: NdArray, a: Bounded, b: Bounded): Bounded {
  const carried = nd.add(a.error, b.error);
  return { value, error: nd.add(carried, rounding(value, carried, u)) };
}

/** The interpreter's value of every node, with its bound. */
export function boundNodes(program: Program, given: InterpreterInputs): readonly Bounded[] {
  const values = interpretNodes(program, given);
  const nodes: Bounded[] = [];
  for (const node of program.nodes) {
    const value = values[node.id]!;
    const { error } = boundOf(
      node,
      value,
      node.inputs.map((id) => nodes[id]!),
    );
    nodes.push({ value, error: broadcastTo(error, value.shape) });
  }
  return nodes;
}

/** What the operation makes of its operands' errors: it only moves and adds them. Ids stay as they are. */
function moved(node: Node, inputs: readonly Bounded[]): NdArray {
  const ids = node.op === "gather" || node.op === "scatterAdd";
  return reference(
    node,
    inputs.map((part, index) => (ids && index === 1 ? part.value : part.error)),
  );
}

const exactly = (error: NdArray): Bounded => ({ value: error, error });

function reference(node: Node, inputs: readonly NdArray[]): NdArray {
  const operation = operationNamed(node.op);
  if (operation.tier !== "primitive") throw new Error(`"${node.op}" is no primitive`);
  return operation.reference(inputs, node, { batch: 1 });
}

function erf(node: Node, { value: x, error: e }: Bounded): Bounded {
  const value = reference(node, [x]);
  const away = (end: NdArray) => nd.abs(nd.sub(reference(node, [end]), value));
  const spread = nd.maximum(away(nd.add(x, e)), away(nd.sub(x, e)));
  return { value, error: nd.add(spread, nd.add(rounding(value, spread, elementary), scalar(tiny))) };
}

function boundOf(node: Node, value: NdArray, inputs: readonly Bounded[]): Bounded {
  const operation = operationNamed(node.op);
  const [x] = inputs as [Bounded];
  const same = (f: (part: NdArray) => NdArray): Bounded => ({ value, error: f(x.error) });
  if (operation.tier === "composite") return operation.expand(bounded, inputs, node.attributes);
  switch (node.op) {
    case "constant":
      return { value, error: nd.abs(nd.sub(value, { ...value, data: Float64Array.from(value.data, Math.fround) })) };
    case "reshape":
      return same((part) => reshape(part, value.shape));
    case "broadcastTo":
      return same((part) => broadcastTo(part, value.shape));
    case "transpose":
      return same((part) => transpose(part, node.attributes["permutation"] as readonly number[]));
    case "straightThrough":
    case "stopGradient":
      return x;
    case "concat":
    case "slice":
    case "pad":
    case "gather":
      return { value, error: moved(node, inputs) };
    case "scatterAdd": {
      const terms = moved(
        node,
        inputs.map((part) => exactly(nd.add(nd.abs(part.value), part.error))),
      );
      const count = inputs[1]!.value.data.length;
      return { value, error: nd.add(moved(node, inputs), nd.mul(terms, scalar(count * u))) };
    }
    case "oneHot":
      return exact(value);
    case "erf":
      return erf(node, x);
    case "round":
      return jump(value, fromHalf(x.value), x.error);
    case "step":
      return jump(value, x.value, x.error);
    case "cast":
      return { value, error: nd.mul(nd.abs(value), scalar(u)) };
    default:
      if (operation.tier === "primitive" && isOfImages(node.op)) return boundImage(operation, node, value, inputs);
      return operation.tier === "leaf" ? exact(value) : byMethod(node, inputs);
  }
}

const isOfImages = (op: string) => /conv|pool/i.test(op);

/** Operations that `ArrayOps` knows under the same name. */
function byMethod(node: Node, inputs: readonly Bounded[]): Bounded {
  const method = bounded[node.op as keyof ArrayOps<Bounded>] as (...args: unknown[]) => Bounded;
  return method(...inputs, node.attributes);
}
