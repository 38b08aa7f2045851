import type { ArrayOps } from "../array-ops.ts";
import type { DiagonalGaussian } from "../gaussian.ts";
import { FINITE, requireParameters, requireRank } from "./parameters.ts";
import type { Domains } from "./parameters.ts";
import { gaussianLogProb, LOG_2_PI } from "../gaussian.ts";
import { reparameterise } from "../reparameterise.ts";
import type { Formulas } from "./formulas.ts";
import { stretched } from "./broadcast.ts";
import { plus, times } from "./support.ts";

/** A Gaussian with diagonal covariance over its last axis: mean and log variance (natural logarithm), [..., dimensions]. */
export interface DiagonalNormal<T> extends DiagonalGaussian<T> {
  readonly family: "diagonalNormal";
}

const DOMAINS: Domains<DiagonalGaussian<unknown>> = { mu: FINITE, logVar: FINITE };

/** @throws TypeError, RangeError naming the parameter that is no array, not finite, without an event axis or of a shape that does not broadcast. */
export function diagonalNormal<T>(ops: ArrayOps<T>, { mu, logVar }: DiagonalGaussian<T>): DiagonalNormal<T> {
  requireParameters(ops, "diagonalNormal", { mu, logVar }, DOMAINS);
  requireRank(ops, "diagonalNormal.mu", mu, 1);
  return { family: "diagonalNormal", mu, logVar };
}

export const diagonalNormalFormulas: Formulas<"diagonalNormal"> = {
  eventRanks: { mu: 1, logVar: 1 },
  logProb: (ops, p, x) => gaussianLogProb(ops, x, p),
  /** sum (log 2 pi + 1 + log var) / 2 */
  entropy: (ops, { mu, logVar }) => {
    const terms = times(ops, 0.5, plus(ops, logVar, LOG_2_PI + 1));
    return ops.sum(stretched(ops, terms, mu), { axes: [-1] });
  },
  mean: (ops, { mu, logVar }) => stretched(ops, mu, logVar),
  variance: (ops, { mu, logVar }) => stretched(ops, ops.exp(logVar), mu),
  noise: "normal",
  reparameterised: (ops, p, eps) => reparameterise(ops, p, eps),
};
