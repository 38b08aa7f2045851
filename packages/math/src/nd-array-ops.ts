/**
 * The float64 reference: every operation in its plainest form, the oracle for the engines.
 * Sums are pairwise (error growth O(log n)); NaN propagates through `maximum`, `minimum`, `max` and `relu`.
 * All methods throw TypeError for an argument that is not an NdArray and RangeError for shapes that do not broadcast
 * or axes that do not exist, naming the operation and the argument.
 */
import type { MatmulOptions, ReduceOptions, SliceOptions } from "./array-ops.ts";
import type { MathOps } from "./math-ops.ts";
import { requireKind } from "./arguments.ts";
import { broadcastTo, elementCount, formatShape, ndArray, requireNdArray, reshape, transpose } from "./nd-array.ts";
import type { NdArray } from "./nd-array.ts";
import { logBesselI } from "./special/bessel.ts";
import * as errorFunction from "./special/error-function.ts";
import * as gamma from "./special/gamma.ts";
import * as incompleteBeta from "./special/incomplete-beta.ts";
import * as incompleteGamma from "./special/incomplete-gamma.ts";
import { ndArrayLinalg } from "./nd-array-linalg.ts";
import { composedLogSoftmax, composedSoftmax, composedSoftmaxCrossEntropy } from "./softmax.ts";

export const ndArrayOps: MathOps<NdArray> = {
  scalar,
  constant,
  shape: (x) => (requireNdArray("shape.x", x), x.shape),
  values: (x) => (requireNdArray("values.x", x), x.data),

  add: binary("add", (a, b) => a + b),
  sub: binary("sub", (a, b) => a - b),
  mul: binary("mul", (a, b) => a * b),
  div: binary("div", (a, b) => a / b),
  maximum: binary("maximum", Math.max),
  minimum: binary("minimum", Math.min),
  greater: binary("greater", (a, b) => (a > b ? 1 : 0)),
  equal: binary("equal", (a, b) => (a === b ? 1 : 0)),
  select,

  neg: unary("neg", (x) => -x),
  abs: unary("abs", Math.abs),
  sign: unary("sign", Math.sign),
  exp: unary("exp", Math.exp),
  expm1: unary("expm1", Math.expm1),
  log: unary("log", Math.log),
  log1p: unary("log1p", Math.log1p),
  sqrt: unary("sqrt", Math.sqrt),
  square: unary("square", (x) => x * x),
  sigmoid: unary("sigmoid", (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)))),
  tanh: unary("tanh", Math.tanh),
  softplus: unary("softplus", (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  relu: unary("relu", (x) => Math.max(x, 0)),
  sigmoidCrossEntropy: binary(
    "sigmoidCrossEntropy",
    (logit, x) => Math.max(logit, 0) - logit * x + Math.log1p(Math.exp(-Math.abs(logit))),
  ),

  softmax: (x) => composedSoftmax(ndArrayOps, x),
  logSoftmax: (x) => composedLogSoftmax(ndArrayOps, x),
  softmaxCrossEntropy: (logits, p) => composedSoftmaxCrossEntropy(ndArrayOps, logits, p),

  sum: (x, options) => reduce("sum", x, options, pairwiseSum),
  mean: (x, options) => reduce("mean", x, options, (row) => pairwiseSum(row) / row.length),
  max: (x, options) => reduce("max", x, options, largest),
  size,

  expandDims,
  slice,
  concat,

  matmul,

  stopGradient: (x) => x,

  ...ndArrayLinalg,

  erf: unary("erf", errorFunction.erf),
  erfc: unary("erfc", errorFunction.erfc),
  erfInv: unary("erfInv", errorFunction.erfInv),
  normalCdf: unary("normalCdf", errorFunction.normalCdf),
  logNormalCdf: unary("logNormalCdf", errorFunction.logNormalCdf),
  normalQuantile: unary("normalQuantile", errorFunction.normalQuantile),
  logGamma: unary("logGamma", gamma.logGamma),
  digamma: unary("digamma", gamma.digamma),
  trigamma: unary("trigamma", gamma.trigamma),
  logBeta: binary("logBeta", gamma.logBeta),
  gammaP: named("gammaP", ["a", "x"], incompleteGamma.gammaP),
  gammaQ: named("gammaQ", ["a", "x"], incompleteGamma.gammaQ),
  gammaPInv: named("gammaPInv", ["a", "p"], incompleteGamma.gammaPInv),
  gammaSampleSlope: named("gammaSampleSlope", ["a", "x"], incompleteGamma.gammaSampleSlope),
  betaI: named("betaI", ["a", "b", "x"], incompleteBeta.betaI),
  betaIInv: named("betaIInv", ["a", "b", "p"], incompleteBeta.betaIInv),
  betaSampleSlope: named("betaSampleSlope", ["a", "b", "x"], incompleteBeta.betaSampleSlope),
  logBesselI: named("logBesselI", ["v", "x"], logBesselI),
};

function scalar(value: number): NdArray {
  requireKind("value", value, "Number");
  return { shape: [], data: Float64Array.of(value) };
}

function constant(shape: readonly number[], values: readonly number[]): NdArray {
  requireKind("values", values, "Array");
  if (!values.every(Number.isFinite)) throw new RangeError(`"values" expected finite numbers`);
  return ndArray(shape, Float64Array.from(values));
}

function unary(operation: string, f: (x: number) => number): (x: NdArray) => NdArray {
  return (x) => {
    requireNdArray(`${operation}.x`, x);
    return { shape: x.shape, data: x.data.map((value) => f(value)) };
  };
}

function binary(operation: string, f: (a: number, b: number) => number): (a: NdArray, b: NdArray) => NdArray {
  return named(operation, ["a", "b"], f);
}

/** Elementwise of two or three operands, called by these names. */
function named(
  operation: string,
  names: readonly string[],
  f: (a: number, b: number, c: number) => number,
): (a: NdArray, b: NdArray, c?: NdArray) => NdArray {
  return (...operands) => {
    const given = Object.fromEntries(names.map((name, i) => [name, operands[i] as NdArray]));
    const [x, y, z = x] = broadcast(operation, given) as [NdArray, NdArray, NdArray?];
    return { shape: x.shape, data: x.data.map((value, i) => f(value, y.data[i]!, z.data[i]!)) };
  };
}

function select(condition: NdArray, a: NdArray, b: NdArray): NdArray {
  const [c, x, y] = broadcast("select", { condition, a, b }) as [NdArray, NdArray, NdArray];
  return { shape: c.shape, data: c.data.map((value, i) => (value !== 0 ? x.data[i]! : y.data[i]!)) };
}

/** The operands, stretched to their common shape (NumPy's rule: aligned at the last axis, size 1 stretches). */
function broadcast(operation: string, operands: Readonly<Record<string, NdArray>>): NdArray[] {
  let shape: readonly number[] = [];
  for (const [name, x] of Object.entries(operands)) {
    requireNdArray(`${operation}.${name}`, x);
    shape = commonShape(`${operation}.${name}`, shape, x.shape);
  }
  return Object.values(operands).map((x) => broadcastTo(x, shape));
}

function commonShape(name: string, a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      throw new RangeError(`"${name}" expected a shape that broadcasts with ${formatShape(a)}, got ${formatShape(b)}`);
    }
    return left === 1 ? right : left;
  });
}

/** Moves the reduced axes last, then folds each row. */
function reduce(
  operation: string,
  x: NdArray,
  { axes, keepDims = false }: ReduceOptions = {},
  fold: (row: Float64Array) => number,
): NdArray {
  requireNdArray(`${operation}.x`, x);
  const reduced = normaliseAxes(operation, x.shape.length, axes);
  const kept = x.shape.map((_, axis) => axis).filter((axis) => !reduced.includes(axis));
  const rows = transpose(x, [...kept, ...reduced]).data;
  const length = elementCount(reduced.map((axis) => x.shape[axis]!));
  const keptShape = kept.map((axis) => x.shape[axis]!);
  const data = new Float64Array(elementCount(keptShape)).map((_, i) =>
    fold(rows.subarray(i * length, (i + 1) * length)),
  );
  const shape = keepDims ? x.shape.map((dim, axis) => (reduced.includes(axis) ? 1 : dim)) : keptShape;
  return reshape({ shape: keptShape, data }, shape);
}

function normaliseAxes(operation: string, rank: number, axes: readonly number[] | undefined): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, axis) => axis);
  requireKind(`${operation}.axes`, axes, "Array");
  const normal = axes.map((axis) => {
    if (Number.isInteger(axis) && axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
    throw new RangeError(`"${operation}.axes" expected integers in [${-rank}, ${rank}), got ${axis}`);
  });
  if (new Set(normal).size === normal.length) return normal;
  throw new RangeError(`"${operation}.axes" expected each axis once, got ${formatShape(axes)}`);
}

function pairwiseSum(row: Float64Array): number {
  if (row.length <= 8) return row.reduce((sum, value) => sum + value, 0);
  const half = row.length >> 1;
  return pairwiseSum(row.subarray(0, half)) + pairwiseSum(row.subarray(half));
}

function largest(row: Float64Array): number {
  if (row.length === 0) throw new RangeError(`"max.x" expected at least one element along the axes, got none`);
  return row.reduce((max, value) => Math.max(max, value));
}

function size(x: NdArray, axes?: readonly number[]): NdArray {
  requireNdArray("size.x", x);
  return scalar(elementCount(normaliseAxes("size", x.shape.length, axes).map((axis) => x.shape[axis]!)));
}

function expandDims(x: NdArray, axis: number): NdArray {
  requireNdArray("expandDims.x", x);
  const [at] = normaliseAxes("expandDims", x.shape.length + 1, [axis]) as [number];
  return { shape: x.shape.toSpliced(at, 0, 1), data: x.data };
}

function slice(x: NdArray, { axis, begin, end }: SliceOptions): NdArray {
  requireNdArray("slice.x", x);
  const [at] = normaliseAxes("slice", x.shape.length, [axis]) as [number];
  const dim = x.shape[at]!;
  if (!(Number.isInteger(begin) && Number.isInteger(end) && 0 <= begin && begin < end && end <= dim)) {
    throw new RangeError(`"slice" expected 0 <= begin < end <= ${dim}, got ${begin} and ${end}`);
  }
  const inner = elementCount(x.shape.slice(at + 1));
  const outer = elementCount(x.shape.slice(0, at));
  const length = (end - begin) * inner;
  const data = new Float64Array(outer * length);
  for (let i = 0; i < outer; i++) {
    const from = (i * dim + begin) * inner;
    data.set(x.data.subarray(from, from + length), i * length);
  }
  return { shape: x.shape.with(at, end - begin), data };
}

function concat(xs: readonly NdArray[], axis: number): NdArray {
  requireKind("concat.xs", xs, "Array");
  if (xs.length === 0) throw new RangeError(`"concat.xs" expected at least one array, got none`);
  xs.forEach((x, i) => requireNdArray(`concat.xs[${i}]`, x));
  const { shape } = xs[0]!;
  const [at] = normaliseAxes("concat", shape.length, [axis]) as [number];
  xs.forEach((x, i) => {
    const fits = x.shape.length === shape.length && x.shape.every((dim, k) => k === at || dim === shape[k]);
    if (!fits) {
      const got = `got ${formatShape(x.shape)}`;
      throw new RangeError(`"concat.xs[${i}]" expected ${formatShape(shape)} but for axis ${at}, ${got}`);
    }
  });
  const outer = elementCount(shape.slice(0, at));
  const whole = shape.with(
    at,
    xs.reduce((total, x) => total + x.shape[at]!, 0),
  );
  const data = new Float64Array(elementCount(whole));
  let to = 0;
  for (let i = 0; i < outer; i++) {
    for (const x of xs) {
      const length = x.data.length / outer;
      data.set(x.data.subarray(i * length, (i + 1) * length), to);
      to += length;
    }
  }
  return { shape: whole, data };
}

function matmul(a: NdArray, b: NdArray, { transposeA = false, transposeB = false }: MatmulOptions = {}): NdArray {
  const left = matrix("matmul.a", a, transposeA);
  const right = matrix("matmul.b", b, transposeB);
  const [rows, inner] = left.shape as [number, number];
  const [innerB, columns] = right.shape as [number, number];
  if (inner !== innerB) {
    throw new RangeError(
      `"matmul.b" expected ${inner} rows to match ${formatShape(left.shape)}, got ${formatShape(right.shape)}`,
    );
  }
  const data = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < inner; k++) {
      const scale = left.data[i * inner + k]!;
      for (let j = 0; j < columns; j++) data[i * columns + j]! += scale * right.data[k * columns + j]!;
    }
  }
  return { shape: [rows, columns], data };
}

function matrix(name: string, x: NdArray, transposed: boolean): NdArray {
  requireNdArray(name, x);
  if (x.shape.length !== 2) throw new RangeError(`"${name}" expected rank 2, got shape ${formatShape(x.shape)}`);
  return transposed ? transpose(x) : x;
}
