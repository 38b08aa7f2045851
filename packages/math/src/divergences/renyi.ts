import { requireKind } from "../arguments.ts";
import type { Distribution } from "../distributions/distribution.ts";
import { requireDistribution } from "../distributions/parameters.ts";
import { times } from "../distributions/support.ts";
import { kl } from "../kl/kl.ts";
import { notNegative } from "../kl/infinity.ts";
import type { MathOps } from "../math-ops.ts";
import { logAlphaIntegral } from "./exponential-family.ts";
import { renyiGaussian } from "./renyi-gaussian.ts";

/**
 * Renyi's divergence of order alpha > 0 within one exponential family, also of Gaussians with full covariance, in nats:
 *
 *     log(sum p^alpha q^(1 - alpha)) / (alpha - 1)            (Renyi 1961)
 *
 * and its limit, the KL, at alpha = 1. It grows with alpha, and may be infinite above 1. The terms cancel where p and q are
 * near each other or alpha is near 1.
 *
 * @throws TypeError naming what is no distribution or number; RangeError unless alpha is positive and finite; IsthmusError
 * `DIVERGENCE_NO_CLOSED_FORM` unless both are of one exponential family.
 */
export function renyiDivergence<T>(ops: MathOps<T>, alpha: number, p: Distribution<T>, q: Distribution<T>): T {
  requireKind("alpha", alpha, "Number");
  if (!(alpha > 0 && alpha < Infinity)) throw new RangeError(`"alpha" expected a positive finite number, got ${alpha}`);
  if (alpha === 1) return kl(ops, p, q);
  requireDistribution("p", p);
  requireDistribution("q", q);
  if (p.family === "multivariateNormal" && q.family === "multivariateNormal") {
    return notNegative(ops, renyiGaussian(ops, alpha, p, q));
  }
  return notNegative(ops, times(ops, 1 / (alpha - 1), logAlphaIntegral(ops, alpha, p, q)));
}
