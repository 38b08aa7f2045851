import type { ArrayOps } from "../array-ops.ts";

/** The logarithm of a density that is 0: -Infinity, which no constant may hold. */
function impossible<T>(ops: ArrayOps<T>): T {
  return ops.log(ops.scalar(0));
}

/** `logDensity` where `isInside` is not 0, else -Infinity. */
export function within<T>(ops: ArrayOps<T>, isInside: T, logDensity: T): T {
  return ops.select(isInside, logDensity, impossible(ops));
}

/** 1 where x >= bound, else 0. */
export function atLeast<T>(ops: ArrayOps<T>, x: T, bound: T): T {
  return ops.sub(ops.scalar(1), ops.greater(bound, x));
}

/** (x - loc) / scale */
export function standardised<T>(ops: ArrayOps<T>, x: T, { loc, scale }: { readonly loc: T; readonly scale: T }): T {
  return ops.div(ops.sub(x, loc), scale);
}

/** loc + scale z */
export function located<T>(ops: ArrayOps<T>, z: T, { loc, scale }: { readonly loc: T; readonly scale: T }): T {
  return ops.add(loc, ops.mul(scale, z));
}

/** x + c, and a product and a difference with numbers, so that formulas read as on paper. */
export const plus = <T>(ops: ArrayOps<T>, x: T, c: number): T => ops.add(x, ops.scalar(c));
export const times = <T>(ops: ArrayOps<T>, c: number, x: T): T => ops.mul(ops.scalar(c), x);
/** c - x */
export const less = <T>(ops: ArrayOps<T>, c: number, x: T): T => ops.sub(ops.scalar(c), x);

/** x log(1 + y), and 0 where x is 0 whatever y is. */
export function xLog1pY<T>(ops: ArrayOps<T>, x: T, y: T): T {
  return ops.mul(x, ops.log1p(ops.select(ops.equal(x, ops.scalar(0)), ops.scalar(0), y)));
}

/** c0 + c1 x + c2 x^2 + ... */
export function polynomial<T>(ops: ArrayOps<T>, x: T, coefficients: readonly number[]): T {
  const [last, ...rest] = coefficients.toReversed();
  return rest.reduce((sum, c) => plus(ops, ops.mul(sum, x), c), ops.scalar(last!));
}

/** Euler's constant, and the logarithms of pi and 2. */
export const EULER = 0.5772156649015329;
export const LOG_PI = 1.1447298858494002;
export const LOG_2 = 0.6931471805599453;
