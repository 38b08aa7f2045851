import type { ArrayOps } from "../array-ops.ts";
import { POSITIVE, requireParameters, requireRank } from "./parameters.ts";
import type { Domains } from "./parameters.ts";
import { xLogY } from "../log-space.ts";
import type { MathOps } from "../math-ops.ts";
import type { Formulas } from "./formulas.ts";
import { drawLogGamma } from "./gamma.ts";
import { unitGammaEntropy } from "./gamma-terms.ts";
import { less, plus } from "./support.ts";

/** The Dirichlet distribution on the simplex of the last axis: density proportional to prod x_k^(concentration_k - 1). */
export interface Dirichlet<T> {
  readonly family: "dirichlet";
  /** [..., classes] */
  readonly concentration: T;
}

const DOMAINS: Domains<DirichletParameters<unknown>> = { concentration: POSITIVE };

type DirichletParameters<T> = Omit<Dirichlet<T>, "family">;

/** @throws TypeError, RangeError naming the parameter that is no array, not positive and finite or without an axis of classes. */
export function dirichlet<T>(ops: ArrayOps<T>, { concentration }: DirichletParameters<T>): Dirichlet<T> {
  requireParameters(ops, "dirichlet", { concentration }, DOMAINS);
  requireRank(ops, "dirichlet.concentration", concentration, 1);
  return { family: "dirichlet", concentration };
}

export const dirichletFormulas: Formulas<"dirichlet"> = {
  eventRanks: { concentration: 1 },
  /** sum (a_k - 1) log x_k - log B(a), of x on the simplex */
  logProb: (ops, { concentration: a }, x) => {
    return ops.sub(ops.sum(xLogY(ops, plus(ops, a, -1), x), { axes: [-1] }), logNormaliser(ops, a));
  },
  /** sum H(a_k) - H(sum a) - (K - 1) psi(sum a), H the entropy of a Gamma variable of rate 1 */
  entropy: (ops, { concentration: a }) => {
    const total = ops.sum(a, { axes: [-1] });
    const each = ops.sum(unitGammaEntropy(ops, a), { axes: [-1] });
    const others = plus(ops, ops.size(a, [-1]), -1);
    return ops.sub(ops.sub(each, unitGammaEntropy(ops, total)), ops.mul(others, ops.digamma(total)));
  },
  mean: (ops, { concentration: a }) => ops.div(a, ops.sum(a, { axes: [-1], keepDims: true })),
  /** m (1 - m) / (sum a + 1), m the mean */
  variance: (ops, { concentration: a }) => {
    const total = ops.sum(a, { axes: [-1], keepDims: true });
    const m = ops.div(a, total);
    return ops.div(ops.mul(m, less(ops, 1, m)), plus(ops, total, 1));
  },
  /** Gamma draws, divided by their sum. */
  drawEvent: ({ concentration }, random) => {
    const logs = concentration.map((a) => drawLogGamma(a, random));
    const largest = Math.max(...logs);
    const gammas = logs.map((log) => Math.exp(log - largest));
    const total = gammas.reduce((sum, gamma) => sum + gamma, 0);
    return gammas.map((gamma) => gamma / total);
  },
};

/** log B(a) = sum log Gamma(a_k) - log Gamma(sum a) */
function logNormaliser<T>(ops: MathOps<T>, a: T): T {
  return ops.sub(ops.sum(ops.logGamma(a), { axes: [-1] }), ops.logGamma(ops.sum(a, { axes: [-1] })));
}
