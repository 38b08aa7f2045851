import { kindOf, requireKind } from "./arguments.ts";

/** A float64 array of any rank, row-major; rank 0 is a scalar. Nothing in this package changes one. */
export interface NdArray {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** Numbers in brackets as deep as the rank: `[[1, 2], [3, 4]]`. */
export type Nested = number | readonly Nested[];

/**
 * An array over `data`, which is not copied.
 *
 * @throws TypeError when `data` is not a Float64Array; RangeError when a dimension is not a non-negative integer or
 * their product is not `data.length`.
 */
export function ndArray(shape: readonly number[], data: Float64Array): NdArray {
  requireKind("shape", shape, "Array");
  requireKind("data", data, "Float64Array");
  for (const dim of shape) {
    if (!Number.isSafeInteger(dim) || dim < 0) {
      throw new RangeError(`"shape" expected non-negative integers, got ${formatShape(shape)}`);
    }
  }
  if (elementCount(shape) !== data.length) {
    throw new RangeError(
      `"data" expected ${elementCount(shape)} elements for ${formatShape(shape)}, got ${data.length}`,
    );
  }
  return { shape: [...shape], data };
}

/** @throws TypeError naming the argument unless `value` is an {@link NdArray}. */
export function requireNdArray(name: string, value: NdArray): void {
  if (kindOf(value) !== "Object" || kindOf(value.shape) !== "Array" || kindOf(value.data) !== "Float64Array") {
    throw new TypeError(`"${name}" expected an NdArray, got ${kindOf(value)}`);
  }
}

/**
 * The array written in brackets; a number becomes a scalar.
 *
 * @param name what errors call it
 * @throws TypeError when something in it is neither a number nor an array; RangeError when it is ragged.
 */
export function fromNested(nested: Nested, name = "nested"): NdArray {
  const shape: number[] = [];
  for (let inner: Nested | undefined = nested; Array.isArray(inner); inner = inner[0]) shape.push(inner.length);
  const leaves: number[] = [];
  collectLeaves(name, nested, shape, 0, leaves);
  return { shape, data: Float64Array.from(leaves) };
}

function collectLeaves(name: string, nested: Nested, shape: readonly number[], depth: number, leaves: number[]): void {
  if (depth === shape.length && typeof nested === "number") {
    leaves.push(nested);
    return;
  }
  if (typeof nested !== "number") requireKind(name, nested, "Array");
  if (!Array.isArray(nested) || depth === shape.length || nested.length !== shape[depth]) {
    throw new RangeError(
      `"${name}" expected shape ${formatShape(shape)} throughout, got a ragged one at depth ${depth}`,
    );
  }
  for (const inner of nested) collectLeaves(name, inner, shape, depth + 1, leaves);
}

/** The inverse of {@link fromNested}. */
export function toNested(x: NdArray): Nested {
  requireNdArray("x", x);
  const nest = (axis: number, start: number, length: number): Nested => {
    if (axis === x.shape.length) return x.data[start]!;
    const dim = x.shape[axis]!;
    const inner = length / dim;
    return Array.from({ length: dim }, (_, index) => nest(axis + 1, start + index * inner, inner));
  };
  return nest(0, 0, x.data.length);
}

/**
 * The same elements under another shape; the data are shared.
 *
 * @throws RangeError when the element counts differ.
 */
export function reshape(x: NdArray, shape: readonly number[]): NdArray {
  requireNdArray("x", x);
  if (elementCount(shape) !== x.data.length) {
    throw new RangeError(
      `"shape" expected ${x.data.length} elements as in ${formatShape(x.shape)}, got ${formatShape(shape)}`,
    );
  }
  return ndArray(shape, x.data);
}

/**
 * Axis `i` of the result is axis `perm[i]` of `x`. Default: axes reversed.
 *
 * @throws RangeError when `perm` is not a permutation of the axes.
 */
export function transpose(x: NdArray, perm: readonly number[] = x.shape.map((_, axis) => axis).reverse()): NdArray {
  requireNdArray("x", x);
  if ([...perm].sort((a, b) => a - b).some((axis, i) => axis !== i) || perm.length !== x.shape.length) {
    throw new RangeError(`"perm" expected a permutation of ${x.shape.length} axes, got ${formatShape(perm)}`);
  }
  const strides = rowMajorStrides(x.shape);
  const shape = perm.map((axis) => x.shape[axis]!);
  return {
    shape,
    data: gather(
      x.data,
      shape,
      perm.map((axis) => strides[axis]!),
    ),
  };
}

/**
 * `x` repeated along new leading axes and axes of size 1, as in NumPy.
 *
 * @throws RangeError when `x` does not stretch to `shape`.
 */
export function broadcastTo(x: NdArray, shape: readonly number[]): NdArray {
  requireNdArray("x", x);
  const added = shape.length - x.shape.length;
  const fits = added >= 0 && x.shape.every((dim, axis) => dim === 1 || dim === shape[axis + added]);
  if (!fits)
    throw new RangeError(`"x" expected a shape that broadcasts to ${formatShape(shape)}, got ${formatShape(x.shape)}`);
  if (added === 0 && x.shape.every((dim, axis) => dim === shape[axis])) return x;
  const strides = rowMajorStrides(x.shape).map((stride, axis) => (x.shape[axis] === 1 ? 0 : stride));
  return { shape: [...shape], data: gather(x.data, shape, [...new Array<number>(added).fill(0), ...strides]) };
}

/** Row-major elements of the view of `data` that has this shape and these strides. */
function gather(data: Float64Array, shape: readonly number[], strides: readonly number[]): Float64Array {
  const out = new Float64Array(elementCount(shape));
  const index = new Array<number>(shape.length).fill(0);
  let from = 0;
  for (let i = 0; i < out.length; i++) {
    out[i] = data[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}

function rowMajorStrides(shape: readonly number[]): number[] {
  return shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

export function formatShape(shape: readonly (number | string)[]): string {
  return `[${shape.join(", ")}]`;
}
