import type { DiagonalNormal } from "../distributions/diagonal-normal.ts";
import type { Distribution, Families } from "../distributions/distribution.ts";
import { requireDistribution } from "../distributions/parameters.ts";
import { times } from "../distributions/support.ts";
import { IsthmusError } from "../errors.ts";
import { notNegative } from "../kl/infinity.ts";
import type { MathOps } from "../math-ops.ts";

type Multivariate = "diagonalNormal" | "multivariateNormal";

/**
 * The squared Wasserstein-2 distance of two Gaussians, in squared units of x: the least mean squared distance over which
 * the mass of p must be moved to become q. Elementwise for `normal`; [..., dimensions] -> [...] for the others.
 *
 *     |mu_p - mu_q|^2 + tr(A + B - 2 (A^(1/2) B A^(1/2))^(1/2))       (Dowson and Landau 1982)
 *
 * of covariances A and B. The last trace is the sum of the singular values of L_A^T L_B, of the Cholesky factors; where both
 * are diagonal it leaves (sigma_p - sigma_q)^2. Its root is a metric, finite and smooth where the KL is infinite.
 *
 * @throws TypeError naming what is no distribution; IsthmusError `DIVERGENCE_NO_CLOSED_FORM` unless both are Gaussians over
 * the same number of axes.
 */
export function squaredWasserstein2<T>(ops: MathOps<T>, p: Distribution<T>, q: Distribution<T>): T {
  requireDistribution("p", p);
  requireDistribution("q", q);
  if (p.family === "normal" && q.family === "normal") {
    return ops.add(ops.square(ops.sub(p.loc, q.loc)), ops.square(ops.sub(p.scale, q.scale)));
  }
  if (!isMultivariate(p) || !isMultivariate(q)) throw refusal(p, q);
  const moved = ops.sum(ops.square(ops.sub(locationOf(p), locationOf(q))), { axes: [-1] });
  if (p.family === "multivariateNormal" || q.family === "multivariateNormal") {
    return ops.add(moved, bures(ops, factorOf(ops, p), factorOf(ops, q)));
  }
  const turned = ops.square(ops.sub(deviations(ops, p), deviations(ops, q)));
  return ops.add(moved, ops.sum(turned, { axes: [-1] }));
}

/** |L_A|^2 + |L_B|^2 - 2 |L_A^T L_B|_*, which rounding may leave a little below 0. */
function bures<T>(ops: MathOps<T>, a: T, b: T): T {
  const trace = (x: T) => ops.sum(ops.square(x), { axes: [-2, -1] });
  const product = ops.sum(ops.mul(ops.expandDims(a, -1), ops.expandDims(b, -2)), { axes: [-3] });
  const nuclear = ops.sum(ops.singularValues(product), { axes: [-1] });
  return notNegative(ops, ops.sub(ops.add(trace(a), trace(b)), times(ops, 2, nuclear)));
}

/** The Cholesky factor, [..., dimensions, dimensions]. */
function factorOf<T>(ops: MathOps<T>, p: Families<T>[Multivariate]): T {
  if (p.family === "multivariateNormal") return p.scaleTril;
  const scale = deviations(ops, p);
  const size = ops.shape(scale).at(-1) as number;
  const identity = Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0));
  return ops.mul(ops.expandDims(scale, -1), ops.constant([size, size], identity));
}

const deviations = <T>(ops: MathOps<T>, { logVar }: DiagonalNormal<T>): T => ops.exp(times(ops, 0.5, logVar));

const locationOf = <T>(p: Families<T>[Multivariate]): T => (p.family === "diagonalNormal" ? p.mu : p.loc);

const isMultivariate = <T>(p: Distribution<T>): p is Families<T>[Multivariate] =>
  p.family === "diagonalNormal" || p.family === "multivariateNormal";

function refusal<T>(p: Distribution<T>, q: Distribution<T>): IsthmusError {
  const message = `squaredWasserstein2(${p.family}, ${q.family}): expected two Gaussians over the same axes`;
  return new IsthmusError("DIVERGENCE_NO_CLOSED_FORM", message, { p: p.family, q: q.family });
}
