/** KLs between members of one family with a location and a scale, elementwise, in nats. */
import type { ArrayOps } from "../array-ops.ts";
import type { Cauchy } from "../distributions/cauchy.ts";
import type { Gumbel } from "../distributions/gumbel.ts";
import type { HalfNormal } from "../distributions/half-normal.ts";
import type { Laplace } from "../distributions/laplace.ts";
import type { LogNormal } from "../distributions/log-normal.ts";
import type { Normal } from "../distributions/normal.ts";
import type { Weibull } from "../distributions/weibull.ts";
import { plus, times } from "../distributions/support.ts";
import { expRemainder, logGammaRemainder, logRatio, ratioRemainder } from "./remainders.ts";

/**
 * KL between scales of normals with one mean: (s^2 - 1) / 2 - log s for s = a / b, which is u^2 / 2 + (u - log(1 + u))
 * for u = s - 1.
 */
export function klNormalScales<T>(ops: ArrayOps<T>, a: T, b: T): T {
  const u = ops.div(ops.sub(a, b), b);
  return ops.add(times(ops, 0.5, ops.square(u)), ratioRemainder(ops, a, b));
}

export function klNormal<T>(ops: ArrayOps<T>, p: Normal<T> | LogNormal<T>, q: Normal<T> | LogNormal<T>): T {
  const distance = ops.square(ops.div(ops.sub(p.loc, q.loc), q.scale));
  return ops.add(klNormalScales(ops, p.scale, q.scale), times(ops, 0.5, distance));
}

export function klHalfNormal<T>(ops: ArrayOps<T>, p: HalfNormal<T>, q: HalfNormal<T>): T {
  return klNormalScales(ops, p.scale, q.scale);
}

/** r (exp(-t) - 1 + t) + (r - 1 - log r) with r = b_p / b_q and t = |mu_p - mu_q| / b_p. */
export function klLaplace<T>(ops: ArrayOps<T>, p: Laplace<T>, q: Laplace<T>): T {
  const t = ops.div(ops.abs(ops.sub(p.loc, q.loc)), p.scale);
  const shape = ops.mul(ops.div(p.scale, q.scale), expRemainder(ops, ops.neg(t)));
  return ops.add(shape, ratioRemainder(ops, p.scale, q.scale));
}

/** log(1 + ((g_p - g_q)^2 + (x_p - x_q)^2) / (4 g_p g_q)) (Chyzak and Nielsen 2019). */
export function klCauchy<T>(ops: ArrayOps<T>, p: Cauchy<T>, q: Cauchy<T>): T {
  const squares = ops.add(ops.square(ops.sub(p.scale, q.scale)), ops.square(ops.sub(p.loc, q.loc)));
  return ops.log1p(ops.div(ops.div(squares, times(ops, 4, p.scale)), q.scale));
}

export function klGumbel<T>(ops: ArrayOps<T>, p: Gumbel<T>, q: Gumbel<T>): T {
  return klGumbels(ops, p.scale, q.scale, ops.div(ops.sub(p.loc, q.loc), q.scale));
}

/** -log X is Gumbel, with location -log scale and scale 1 / concentration. */
export function klWeibull<T>(ops: ArrayOps<T>, p: Weibull<T>, q: Weibull<T>): T {
  const shift = ops.mul(q.concentration, logRatio(ops, q.scale, p.scale));
  return klGumbels(ops, q.concentration, p.concentration, shift);
}

/**
 * KL of Gumbels whose scales are as `a` to `b`, with `m` = (mu_p - mu_q) / beta_q. With r = a / b the textbook's
 *
 *     -log r + gamma (r - 1) + m + exp(-m) Gamma(1 + r) - 1
 *
 * is (exp(w) - 1 - w) + (log Gamma(r) + gamma (r - 1)) with w = log Gamma(1 + r) - m: two remainders, since gamma is
 * -digamma(1).
 */
function klGumbels<T>(ops: ArrayOps<T>, a: T, b: T, m: T): T {
  const u = ops.div(ops.sub(a, b), b);
  const two = ops.scalar(2);
  const aboveTwo = logGammaRemainder(ops, plus(ops, ops.div(a, b), 1), two, u);
  const logGamma = ops.add(aboveTwo, times(ops, ONE_LESS_EULER, u)); // of 1 + r
  return ops.add(ops.add(ratioRemainder(ops, a, b), aboveTwo), expRemainder(ops, ops.sub(logGamma, m)));
}

/** digamma(2) = 1 - gamma. */
const ONE_LESS_EULER = 0.42278433509846713;
