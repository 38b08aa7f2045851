import type { ArrayOps } from "../array-ops.ts";
import { zerosLike } from "../log-space.ts";

/** Infinity as a scalar: a quotient, for a graph holds finite constants only. */
export function infinity<T>(ops: ArrayOps<T>): T {
  return ops.div(ops.scalar(1), ops.scalar(0));
}

/** Infinity, of the shape to which the parameters of p and q broadcast. */
export function infiniteLike<T>(ops: ArrayOps<T>, p: readonly T[], q: readonly T[]): T {
  return ops.add(zerosLike(ops, ...([...p, ...q] as [T, ...T[]])), infinity(ops));
}

/** Where the terms of a KL cancel, rounding can leave a little less than 0; that becomes 0. NaN stays. */
export function notNegative<T>(ops: ArrayOps<T>, kl: T): T {
  return ops.relu(kl);
}
