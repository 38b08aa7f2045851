import type { Dim, Shape } from "./ir.ts";

export function formatShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis]);
}

/** NumPy's broadcasting: shapes aligned at their last axis, size 1 stretches. Throws `RangeError` naming `operation`. */
export function broadcastShapes(operation: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis): Dim => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left === right || right === 1) return left;
    if (left === 1) return right;
    throw new RangeError(`${operation}: shapes ${formatShape(a)} and ${formatShape(b)} do not broadcast`);
  });
}

const MAX_RANK = 8;

/** Whether `value` is a shape: at most 8 positive integers or `"batch"`, with a countable number of elements. */
export function isShape(value: unknown): value is Shape {
  const isDim = (dim: unknown) => dim === "batch" || (Number.isSafeInteger(dim) && (dim as number) > 0);
  return (
    Array.isArray(value) && value.length <= MAX_RANK && value.every(isDim) && Number.isSafeInteger(elementCount(value))
  );
}

/** Whether `value` is a shape without a batch axis. */
export function isFixedShape(value: unknown): value is readonly number[] {
  return isShape(value) && batchRank(value) === 0;
}

/** Axes as sorted, non-negative numbers; `undefined` means all. */
export function normaliseAxes(operation: string, rank: number, axes: readonly number[] | undefined): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, axis) => axis);
  const normal = axes.map((axis) => {
    if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
      throw new RangeError(`${operation}: "axes" expected integers in [${-rank}, ${rank}), got ${axis}`);
    }
    return axis < 0 ? axis + rank : axis;
  });
  if (new Set(normal).size < normal.length) {
    throw new RangeError(`${operation}: "axes" expected each axis once, got ${formatShape(axes)}`);
  }
  return normal.sort((a, b) => a - b);
}

export function reduceShape(shape: Shape, axes: readonly number[], keepDims: boolean): Shape {
  if (keepDims) return shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
  return shape.filter((_, axis) => !axes.includes(axis));
}

/** The shape with every `"batch"` replaced by `batch`. */
export function concreteShape(shape: Shape, batch: number): number[] {
  return shape.map((dim) => (dim === "batch" ? batch : dim));
}

/** Number of elements, with `batch` in place of the symbol. */
export function elementCount(shape: Shape, batch = 1): number {
  return shape.reduce<number>((product, dim) => product * (dim === "batch" ? batch : dim), 1);
}

/** How many axes are the batch; a reshape must keep it. */
export function batchRank(shape: Shape): number {
  return shape.filter((dim) => dim === "batch").length;
}
