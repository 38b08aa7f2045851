import type { ArrayOps } from "../array-ops.ts";
import { requireOperands } from "../arguments.ts";
import { EVENT_AXES } from "../gaussian.ts";
import type { DiagonalGaussian, EventOptions } from "../gaussian.ts";

/**
 * KL(q || p) between Gaussians with diagonal covariance, in nats, summed over the event axes (default: the last).
 * Shapes [..., latent] -> [...]; `p` broadcasts and is N(0, I) when left out.
 *
 * With d = logVar_q - logVar_p, per dimension
 *
 *     KL = (exp(d) - 1 - d + (mu_q - mu_p)^2 / var_p) / 2        (Kingma and Welling 2014, appendix B, for p = N(0, I))
 *
 * and `expm1(d) - d`, which unlike `exp(d) - 1 - d` does not cancel near d = 0: no term is negative, and the sum is
 * exactly 0 when q = p.
 *
 * @throws TypeError naming the argument when one is not an array.
 */
export function klDiagonalGaussian<T>(
  ops: ArrayOps<T>,
  q: DiagonalGaussian<T>,
  p?: DiagonalGaussian<T>,
  { axes = EVENT_AXES }: EventOptions = {},
): T {
  requireOperands({ "q.mu": q?.mu, "q.logVar": q?.logVar });
  if (p === undefined) return halfSum(ops, q.logVar, ops.square(q.mu), axes);
  requireOperands({ "p.mu": p?.mu, "p.logVar": p?.logVar });
  const d = ops.sub(q.logVar, p.logVar);
  const distance = ops.mul(ops.square(ops.sub(q.mu, p.mu)), ops.exp(ops.neg(p.logVar)));
  return halfSum(ops, d, distance, axes);
}

/** sum (expm1(d) - d + distance) / 2 */
function halfSum<T>(ops: ArrayOps<T>, d: T, distance: T, axes: readonly number[]): T {
  const terms = ops.add(ops.sub(ops.expm1(d), d), distance);
  return ops.mul(ops.scalar(0.5), ops.sum(terms, { axes }));
}
