import { elementCount, GraphBuilder, type Node, type Program } from "@isthmus/graph";
import { type ExportOptions, exportOnnx } from "../../src/index.ts";
import { imageCases } from "./image-cases.ts";
import { pseudoRandom } from "./models.ts";
import type { Arrays } from "./runtimes.ts";

/** What a case may start from: `x`, `y` [batch, 5], `row` [5], `column` [3, 1], all inputs, `positive` and `ids`, `bytes` of x's shape. */
export interface Leaves {
  readonly build: GraphBuilder;
  readonly x: Node;
  readonly y: Node;
  readonly row: Node;
  readonly column: Node;
  readonly positive: Node;
  readonly ids: Node;
  readonly bytes: Node;
}
export type Case = (leaves: Leaves) => Node;

const onX =
  (op: string): Case =>
  ({ build, x }) =>
    build.emit(op, [x]);
const onXy =
  (op: string): Case =>
  ({ build, x, y }) =>
    build.emit(op, [x, y]);

/** Operation -> small programs around it. */
export const cases: Record<string, Record<string, Case>> = {
  add: { "same shape": onXy("add"), broadcast: ({ build, x, row }) => build.add(row, x) },
  sub: { "same shape": onXy("sub"), scalar: ({ build, x }) => build.sub(build.scalar(0.3), x) },
  mul: { "same shape": onXy("mul"), outer: ({ build, column, row }) => build.mul(column, row) },
  div: { broadcast: ({ build, row, positive }) => build.div(row, positive) },
  maximum: { "same shape": onXy("maximum") },
  minimum: { broadcast: ({ build, x, row }) => build.minimum(x, row) },
  greater: { "same shape": onXy("greater"), itself: ({ build, x }) => build.greater(x, x) },
  equal: { cast: ({ build, ids, bytes }) => build.equal(build.cast(ids), build.cast(bytes)) },
  select: {
    broadcast: ({ build, x, row, y }) => build.select(build.greater(x, row), y, row),
    "a fraction is true": ({ build, x, y, row }) => build.select(x, y, row),
    "the other branch's NaN stays out": ({ build, x, y }) =>
      build.select(build.greater(x, build.scalar(0)), build.log(build.abs(x)), y),
  },
  neg: { x: onX("neg") },
  abs: { x: onX("abs") },
  sign: { x: onX("sign"), zero: ({ build, x }) => build.sign(build.relu(x)) },
  step: { x: onX("step"), zero: ({ build, x }) => build.step(build.sub(x, x)) },
  exp: { x: onX("exp") },
  log: { positive: ({ build, positive }) => build.log(positive) },
  expm1: { x: onX("expm1"), large: ({ build, x }) => build.expm1(build.mul(x, build.scalar(40))) },
  log1p: {
    x: ({ build, positive }) => build.log1p(positive),
    negative: ({ build, x }) => build.log1p(build.mul(x, build.scalar(0.99))),
  },
  sqrt: { positive: ({ build, positive }) => build.sqrt(positive) },
  square: { x: onX("square") },
  sigmoid: { x: onX("sigmoid"), large: ({ build, x }) => build.sigmoid(build.mul(x, build.scalar(100))) },
  tanh: { x: onX("tanh") },
  softplus: { x: onX("softplus"), large: ({ build, x }) => build.softplus(build.mul(x, build.scalar(100))) },
  relu: { x: onX("relu") },
  sum: {
    features: ({ build, x }) => build.sum(x, { axes: [1] }),
    batch: ({ build, x }) => build.sum(x, { axes: [0], keepDims: true }),
    all: ({ build, x }) => build.sum(x),
  },
  max: {
    features: ({ build, x }) => build.max(x, { axes: [-1], keepDims: true }),
    batch: ({ build, x }) => build.max(x, { axes: [0] }),
    all: ({ build, x }) => build.max(x),
  },
  reshape: {
    "batch stays": ({ build, x }) => build.reshape(x, ["batch", 1, 5]),
    "batch moves": ({ build, x }) => build.reshape(build.sum(x, { axes: [1] }), [1, "batch"]),
    "no batch": ({ build, row }) => build.reshape(row, [5, 1]),
    "to a scalar": ({ build, x }) => build.reshape(build.sum(x, { axes: [0, 1], keepDims: true }), []),
  },
  transpose: { "batch last": ({ build, x }) => build.transpose(x, [1, 0]) },
  broadcastTo: {
    "batch there": ({ build, x }) => build.broadcastTo(build.sum(x, { axes: [1], keepDims: true }), ["batch", 4]),
    "batch new": ({ build, x, row }) => build.div(build.broadcastTo(row, ["batch", 5]), build.exp(x)),
    "no batch": ({ build, column }) => build.broadcastTo(column, [2, 3, 4]),
  },
  batchSize: { mean: ({ build, x }) => build.mean(x, { axes: [0] }) },
  matmul: {
    plain: ({ build, x, column, row }) => build.matmul(x, build.reshape(build.mul(row, column), [5, 3])),
    "a transposed": ({ build, x, y }) => build.matmul(x, y, { transposeA: true }),
    "b transposed": ({ build, x, y }) => build.matmul(x, y, { transposeB: true }),
    "both transposed": ({ build, x, column }) =>
      build.matmul(x, build.mul(column, build.reshape(build.sum(x, { axes: [1] }), [1, "batch"])), {
        transposeA: true,
        transposeB: true,
      }),
    "bias, a transposed": ({ build, x, y, row }) => build.add(row, build.matmul(x, y, { transposeA: true })),
    "bias, b transposed": ({ build, x, column, row }) =>
      build.add(build.matmul(x, build.mul(column, row), { transposeB: true }), build.constant([3], [1, -2, 0.5])),
  },
  ...imageCases,
  cast: { i32: ({ build, ids }) => build.cast(ids), u8: ({ build, bytes }) => build.cast(bytes) },
  stopGradient: { x: ({ build, x }) => build.mul(build.stopGradient(x), x) },
  straightThrough: { value: ({ build, x, y }) => build.neg(build.straightThrough(build.sign(x), y)) },
  reluGrad: { expanded: ({ build, x, y }) => build.reluGrad(x, build.relu(y)) },
  sigmoidGrad: { expanded: onXy("sigmoidGrad") },
  tanhGrad: { expanded: onXy("tanhGrad") },
  sigmoidCrossEntropy: { expanded: onXy("sigmoidCrossEntropy") },
  sigmoidCrossEntropyGrad: { expanded: ({ build, x, y, row }) => build.sigmoidCrossEntropyGrad(x, y, row) },
  adamFirstMoment: {
    expanded: ({ build, x, y }) => build.emit("adamFirstMoment", [x, y], { decay: 0.9, complement: 0.1 }),
  },
  adamSecondMoment: {
    expanded: ({ build, x, y }) => build.emit("adamSecondMoment", [x, y], { decay: 0.9, complement: 0.1 }),
  },
  adamParameter: {
    expanded: ({ build, x, y, positive }) =>
      build.emit("adamParameter", [x, y, positive, build.scalar(0.1), build.scalar(2)], { epsilon: 1e-3 }),
  },
  adamWParameter: {
    expanded: ({ build, x, y, positive }) =>
      build.emit("adamWParameter", [x, y, positive, ...[0.1, 2, 0.9].map((value) => build.scalar(value))], {
        epsilon: 1e-3,
      }),
  },
  sgdVelocity: { expanded: ({ build, x, y }) => build.emit("sgdVelocity", [x, y], { momentum: 0.9 }) },
  sgdParameter: { expanded: ({ build, x, y }) => build.emit("sgdParameter", [x, y, build.scalar(0.1)]) },
  nesterovParameter: {
    expanded: ({ build, x, y, positive }) =>
      build.emit("nesterovParameter", [x, y, positive, build.scalar(0.1)], { momentum: 0.9 }),
  },
  rmsPropParameter: {
    expanded: ({ build, x, y, positive }) =>
      build.emit("rmsPropParameter", [x, y, positive, build.scalar(0.1)], { epsilon: 1e-3 }),
  },
  euclideanNorm: { expanded: ({ build, x }) => build.euclideanNorm(x) },
  round: { x: onX("round"), large: ({ build, x }) => build.round(build.mul(x, build.scalar(9))) },
  lowerBound: { expanded: ({ build, x }) => build.lowerBound(x, 0.5) },
  gdn: {
    divided: ({ build, x, positive }) => build.emit("gdn", [x, positive], { inverse: false }),
    multiplied: ({ build, x, positive }) => build.emit("gdn", [x, positive], { inverse: true }),
  },
  erf: { x: onX("erf"), large: ({ build, x }) => build.erf(build.mul(x, build.scalar(9))) },
  concat: {
    features: ({ build, x, y }) => build.concat([x, y, build.exp(x)], 1),
    "no batch": ({ build, column }) => build.concat([column, column], 0),
  },
  slice: {
    features: ({ build, x }) => build.slice(x, { axis: 1, begin: 1, end: 4 }),
    first: ({ build, column }) => build.slice(column, { axis: 0, begin: 0, end: 1 }),
  },
  pad: {
    features: ({ build, x }) => build.pad(x, { axis: 1, before: 2, after: 0 }),
    "no batch": ({ build, column }) => build.pad(column, { axis: 0, before: 1, after: 3 }),
  },
  gather: {
    rows: ({ build, column, row, ids }) =>
      build.gather(
        build.concat([build.mul(column, row), build.constant([2, 5], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])], 0),
        ids,
      ),
  },
  oneHot: { ids: ({ build, ids }) => build.oneHot(ids, 5) },
  softmax: { x: onX("softmax"), large: ({ build, x }) => build.softmax(build.mul(x, build.scalar(90))) },
  logSoftmax: { x: onX("logSoftmax"), large: ({ build, x }) => build.logSoftmax(build.mul(x, build.scalar(90))) },
  standardise: { expanded: ({ build, x }) => build.standardise(x, 0.1) },
  standardiseGrad: { expanded: ({ build, x, y }) => build.emit("standardiseGrad", [x, y], { epsilon: 0.1 }) },
  softmaxGrad: { expanded: onXy("softmaxGrad") },
  logSoftmaxGrad: { expanded: onXy("logSoftmaxGrad") },
  softmaxCrossEntropy: {
    probabilities: ({ build, x, y }) => build.softmaxCrossEntropy(x, build.softmax(y)),
    labels: ({ build, x, ids }) =>
      build.softmaxCrossEntropy(build.mul(build.reshape(x, ["batch", 5, 1]), build.constant([4], [1, -2, 3, 0])), ids),
  },
  softmaxCrossEntropyGrad: {
    expanded: ({ build, x, y }) =>
      build.emit("softmaxCrossEntropyGrad", [x, y, build.sum(x, { axes: [1], keepDims: true })]),
  },
};

export const operationCases: readonly { readonly name: string; readonly make: Case }[] = Object.entries(cases).flatMap(
  ([operation, variants]) =>
    Object.entries(variants).map(([variant, make]) => ({ name: `${operation}: ${variant}`, make })),
);

function leavesOf(build: GraphBuilder): Leaves {
  return {
    build,
    x: build.input("x", ["batch", 5]),
    y: build.input("y", ["batch", 5]),
    row: build.input("row", [5]),
    column: build.input("column", [3, 1]),
    positive: build.input("positive", ["batch", 5]),
    ids: build.input("ids", ["batch", 5], "i32"),
    bytes: build.input("bytes", ["batch", 5], "u8"),
  };
}

export function inputsFor(batch: number): Arrays {
  const count = elementCount([batch, 5]);
  const x = pseudoRandom(count, 3);
  return {
    x,
    row: pseudoRandom(5, 1),
    column: pseudoRandom(3, 2),
    y: pseudoRandom(count, 4),
    positive: x.map((value) => Math.fround(2 + value)),
    ids: Int32Array.from(x, (value) => Math.floor(4 * Math.abs(value))),
    bytes: Uint8Array.from(pseudoRandom(count, 5), (value) => Math.floor(4 * Math.abs(value))),
  };
}

export function exportCase(
  make: Case,
  options: Partial<ExportOptions> = {},
): { readonly program: Program; readonly bytes: Uint8Array } {
  const build = new GraphBuilder();
  const program = build.program({ outputs: { result: make(leavesOf(build)) } });
  return { program, bytes: exportOnnx(program, {}, { graphName: "case", ...options }) };
}
