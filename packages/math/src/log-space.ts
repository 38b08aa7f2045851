/**
 * Sums, means and differences of numbers held as logarithms. Each is right at -Infinity (the logarithm of 0), and so is
 * its gradient: a branch that is not taken is given a harmless argument, for its NaN would survive the product with 0.
 */
import type { ArrayOps, ReduceOptions } from "./array-ops.ts";
import { requireOperands } from "./arguments.ts";

/**
 * log sum exp(x) over `axes` (default: all). Of nothing but -Infinity it is -Infinity; +Infinity gives +Infinity.
 *
 * @throws TypeError naming the argument when it is not an array.
 */
export function logSumExp<T>(ops: ArrayOps<T>, x: T, options: ReduceOptions = {}): T {
  requireOperands({ x });
  const shift = finiteOrZero(ops, ops.stopGradient(ops.max(x, { ...options, keepDims: true })));
  const sum = ops.log(ops.sum(ops.exp(ops.sub(x, shift)), options));
  return ops.add(sum, options.keepDims ? shift : ops.sum(shift, options));
}

/** log of the arithmetic mean of exp(x) over `axes` (default: all). @throws TypeError as {@link logSumExp}. */
export function logMeanExp<T>(ops: ArrayOps<T>, x: T, options: ReduceOptions = {}): T {
  const total = logSumExp(ops, x, options);
  return ops.sub(total, ops.log(ops.size(x, options.axes)));
}

/**
 * log(exp(a) + exp(b)); broadcasts.
 *
 * @throws TypeError naming the argument when one is not an array.
 */
export function logAddExp<T>(ops: ArrayOps<T>, a: T, b: T): T {
  requireOperands({ a, b });
  const d = ops.sub(a, b);
  const gap = ops.select(ops.equal(d, d), ops.abs(d), ops.scalar(0)); // equal infinities have no difference
  return ops.add(ops.maximum(a, b), ops.softplus(ops.neg(gap)));
}

/**
 * log(1 - exp(x)) for x <= 0: -Infinity at 0, without cancellation on either side (Maechler 2012: `log(-expm1(x))` above
 * -log 2, `log1p(-exp(x))` below).
 *
 * @throws TypeError naming the argument when it is not an array.
 */
export function log1mExp<T>(ops: ArrayOps<T>, x: T): T {
  requireOperands({ x });
  const boundary = ops.scalar(-Math.LN2);
  const isNear = ops.greater(x, boundary);
  const near = ops.log(ops.neg(ops.expm1(ops.select(isNear, x, boundary))));
  const far = ops.log1p(ops.neg(ops.exp(ops.select(isNear, boundary, x))));
  return ops.select(isNear, near, far);
}

/**
 * log(exp(x) - 1) for x >= 0, the inverse of `softplus`: -Infinity at 0, and x from about 40 on.
 *
 * @throws TypeError naming the argument when it is not an array.
 */
export function logExpm1<T>(ops: ArrayOps<T>, x: T): T {
  requireOperands({ x });
  return ops.add(x, log1mExp(ops, ops.neg(x)));
}

/**
 * x log y, and 0 where x is 0 whatever y is; broadcasts.
 *
 * @throws TypeError naming the argument when one is not an array.
 */
export function xLogY<T>(ops: ArrayOps<T>, x: T, y: T): T {
  requireOperands({ x, y });
  const isZero = ops.equal(x, ops.scalar(0));
  return ops.mul(x, ops.log(ops.select(isZero, ops.scalar(1), y)));
}

/** Zeros of the shape that `xs` broadcast to, whatever is in them: NaN and infinities do not get through. */
export function zerosLike<T>(ops: ArrayOps<T>, ...xs: readonly [T, ...T[]]): T {
  const zero = ops.scalar(0);
  return xs.reduceRight((zeros, x) => ops.select(zero, x, zeros), zero);
}

/** `x`, or 0 where it is infinite or no number: an infinity less itself is none. */
function finiteOrZero<T>(ops: ArrayOps<T>, x: T): T {
  const zero = ops.scalar(0);
  return ops.select(ops.equal(ops.sub(x, x), zero), x, zero);
}
