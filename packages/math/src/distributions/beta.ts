import type { ArrayOps } from "../array-ops.ts";
import { POSITIVE, requireParameters } from "./parameters.ts";
import type { Domains } from "./parameters.ts";
import { xLogY } from "../log-space.ts";
import type { Formulas } from "./formulas.ts";
import { drawLogGamma } from "./gamma.ts";
import { unitGammaEntropy } from "./gamma-terms.ts";
import type { Random } from "./random.ts";
import { atLeast, plus, within, xLog1pY } from "./support.ts";

/** The Beta distribution, elementwise: density on (0, 1) proportional to x^(alpha - 1) (1 - x)^(beta - 1). */
export interface Beta<T> {
  readonly family: "beta";
  readonly alpha: T;
  readonly beta: T;
}

const DOMAINS: Domains<BetaParameters<unknown>> = { alpha: POSITIVE, beta: POSITIVE };

type BetaParameters<T> = Omit<Beta<T>, "family">;

/** @throws TypeError, RangeError naming the parameter that is no array, out of its domain or of a shape that does not broadcast. */
export function beta<T>(ops: ArrayOps<T>, { alpha, beta }: BetaParameters<T>): Beta<T> {
  requireParameters(ops, "beta", { alpha, beta }, DOMAINS);
  return { family: "beta", alpha, beta };
}

export const betaFormulas: Formulas<"beta"> = {
  /** (alpha - 1) log x + (beta - 1) log(1 - x) - log B(alpha, beta), of x in [0, 1] */
  logProb: (ops, { alpha, beta }, x) => {
    const isInside = ops.mul(atLeast(ops, x, ops.scalar(0)), atLeast(ops, ops.scalar(1), x));
    const safe = ops.select(isInside, x, ops.scalar(0.5));
    const below = xLogY(ops, plus(ops, alpha, -1), safe);
    const above = xLog1pY(ops, plus(ops, beta, -1), ops.neg(safe));
    return within(ops, isInside, ops.sub(ops.add(below, above), ops.logBeta(alpha, beta)));
  },
  /** H(alpha) + H(beta) - H(alpha + beta) - psi(alpha + beta), H the entropy of a Gamma variable of rate 1 */
  entropy: (ops, { alpha, beta }) => {
    const total = ops.add(alpha, beta);
    const [one, other, whole] = [alpha, beta, total].map((a) => unitGammaEntropy(ops, a));
    return ops.sub(ops.sub(ops.add(one!, other!), whole!), ops.digamma(total));
  },
  mean: (ops, { alpha, beta }) => ops.div(alpha, ops.add(alpha, beta)),
  /** alpha beta / ((alpha + beta)^2 (alpha + beta + 1)) */
  variance: (ops, { alpha, beta }) => {
    const total = ops.add(alpha, beta);
    return ops.div(ops.mul(ops.div(alpha, total), ops.div(beta, total)), plus(ops, total, 1));
  },
  cdf: (ops, { alpha, beta }, x) => ops.betaI(alpha, beta, ops.minimum(ops.relu(x), ops.scalar(1))),
  inverseCdf: (ops, { alpha, beta }, u) => ops.betaIInv(alpha, beta, u),
  draw: ({ alpha, beta }, random) => drawBeta(alpha, beta, random),
};

/** x / (x + y) of Gamma draws x and y. */
export function drawBeta(alpha: number, beta: number, random: Random): number {
  return 1 / (1 + Math.exp(drawLogGamma(beta, random) - drawLogGamma(alpha, random)));
}
