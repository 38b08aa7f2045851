import type { ArrayOps } from "../array-ops.ts";
import type { DiagonalGaussian } from "../gaussian.ts";
import { FINITE, requireParameters, requireRank } from "./parameters.ts";
import type { Domains } from "./parameters.ts";

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
