import type { Families } from "../distributions/distribution.ts";
import { times } from "../distributions/support.ts";
import { infinity } from "../kl/infinity.ts";
import { logRatio } from "../kl/remainders.ts";
import { diagonal, logDetFromCholesky } from "../linalg.ts";
import type { MathOps } from "../math-ops.ts";

/**
 * Renyi's divergence of two Gaussians with full covariance (Gil, Alajaji and Linder 2013), in nats: with M = L_q^-1 L_p of the
 * Cholesky factors, d = L_q^-1 (mu_p - mu_q) and C = alpha I + (1 - alpha) M M^T, it is
 *
 *     alpha d^T C^-1 d / 2 - (log det C - (1 - alpha) log det M M^T) / (2 (alpha - 1))
 *
 * and Infinity where C is not positive definite, as may be for alpha > 1; to see that takes singular values.
 */
export function renyiGaussian<T>(
  ops: MathOps<T>,
  alpha: number,
  p: Families<T>["multivariateNormal"],
  q: Families<T>["multivariateNormal"],
): T {
  const m = ops.solveTriangular(q.scaleTril, p.scaleTril);
  const isInside = alpha > 1 ? isPositive(ops, alpha, m) : undefined;
  const factor = ops.cholesky(mixedCovariance(ops, alpha, m, isInside));
  const d = ops.solveTriangular(q.scaleTril, ops.expandDims(ops.sub(p.loc, q.loc), -1));
  const squares = ops.sum(ops.square(ops.solveTriangular(factor, d)), { axes: [-2, -1] });
  const logs = ops.sum(logRatio(ops, diagonal(ops, p.scaleTril), diagonal(ops, q.scaleTril)), { axes: [-1] });
  const determinants = ops.sub(logDetFromCholesky(ops, factor), times(ops, 2 * (1 - alpha), logs));
  const value = ops.sub(times(ops, alpha / 2, squares), times(ops, 0.5 / (alpha - 1), determinants));
  return isInside === undefined ? value : ops.select(isInside, value, infinity(ops));
}

/** 1 where all squared singular values of M are below alpha / (alpha - 1), else 0: [...]. */
function isPositive<T>(ops: MathOps<T>, alpha: number, m: T): T {
  const largest = ops.max(ops.square(ops.singularValues(m)), { axes: [-1] });
  return ops.greater(ops.scalar(alpha / (alpha - 1)), largest);
}

/** C, or the identity where it is not positive definite. */
function mixedCovariance<T>(ops: MathOps<T>, alpha: number, m: T, isInside: T | undefined): T {
  const size = ops.shape(m).at(-1) as number;
  const identity = ops.constant(
    [size, size],
    Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0)),
  );
  const square = ops.sum(ops.mul(ops.expandDims(m, -2), ops.expandDims(m, -3)), { axes: [-1] });
  const mixed = ops.add(times(ops, alpha, identity), times(ops, 1 - alpha, square));
  if (isInside === undefined) return mixed;
  return ops.select(ops.expandDims(ops.expandDims(isInside, -1), -1), mixed, identity);
}
