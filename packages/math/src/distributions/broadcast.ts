import type { ArrayOps } from "../array-ops.ts";
import { formatShape } from "../nd-array.ts";

/** The size of an axis. */
export type Dim = number | "batch";

/** The common shape, by NumPy's rule. */
export function broadcastShape(name: string, a: readonly Dim[], b: readonly Dim[]): readonly Dim[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left === right || right === 1) return left;
    if (left === 1) return right;
    throw new RangeError(`"${name}" expected a shape that broadcasts with ${formatShape(a)}, got ${formatShape(b)}`);
  });
}

/** `x` repeated to the shape that it and `others` broadcast to; itself where that is its own. */
export function stretched<T>(ops: ArrayOps<T>, x: T, ...others: readonly T[]): T {
  return others.reduce<T>((wide, other) => {
    const own = ops.shape(wide);
    const common = broadcastShape("x", own, ops.shape(other));
    const isWide = common.length === own.length && common.every((dim, axis) => dim === own[axis]);
    return isWide ? wide : ops.select(ops.scalar(0), other, wide);
  }, x);
}
