/**
 * The float64 reference: every operation in its plainest form, the oracle for the engines.
 * Sums are pairwise (error growth O(log n)); NaN propagates through `maximum`, `minimum`, `max` and `relu`.
 * All methods throw TypeError for an argument that is not an NdArray and RangeError for shapes that do not broadcast
 * or axes that do not exist, naming the operation and the argument.
 */
import type { ArrayOps, MatmulOptions, ReduceOptions } from "./array-ops.ts";
import { requireKind } from "./arguments.ts";
import { broadcastTo, elementCount, formatShape, requireNdArray, reshape, transpose } from "./nd-array.ts";
import type { NdArray } from "./nd-array.ts";

export const ndArrayOps: ArrayOps<NdArray> = {
  scalar,

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

  sum: (x, options) => reduce("sum", x, options, pairwiseSum),
  mean: (x, options) => reduce("mean", x, options, (row) => pairwiseSum(row) / row.length),
  max: (x, options) => reduce("max", x, options, largest),
  size,

  matmul,

  stopGradient: (x) => x,
};

function scalar(value: number): NdArray {
  requireKind("value", value, "Number");
  return { shape: [], data: Float64Array.of(value) };
}

function unary(operation: string, f: (x: number) => number): (x: NdArray) => NdArray {
  return (x) => {
    requireNdArray(`${operation}.x`, x);
    return { shape: x.shape, data: x.data.map((value) => f(value)) };
  };
}

function binary(operation: string, f: (a: number, b: number) => number): (a: NdArray, b: NdArray) => NdArray {
  return (a, b) => {
    const [x, y] = broadcast(operation, { a, b }) as [NdArray, NdArray];
    return { shape: x.shape, data: x.data.map((value, i) => f(value, y.data[i]!)) };
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
