import type { ArrayOps } from "../array-ops.ts";
import { FINITE, POSITIVE, requireParameters } from "./parameters.ts";
import type { Domains } from "./parameters.ts";
import type { Formulas } from "./formulas.ts";
import { LOG_2, less, located, plus, standardised, times } from "./support.ts";

/** The Laplace distribution, elementwise: density exp(-|x - loc| / scale) / (2 scale). */
export interface Laplace<T> {
  readonly family: "laplace";
  readonly loc: T;
  readonly scale: T;
}

const DOMAINS: Domains<LaplaceParameters<unknown>> = { loc: FINITE, scale: POSITIVE };

type LaplaceParameters<T> = Omit<Laplace<T>, "family">;

/** @throws TypeError, RangeError naming the parameter that is no array, out of its domain or of a shape that does not broadcast. */
export function laplace<T>(ops: ArrayOps<T>, { loc, scale }: LaplaceParameters<T>): Laplace<T> {
  requireParameters(ops, "laplace", { loc, scale }, DOMAINS);
  return { family: "laplace", loc, scale };
}

export const laplaceFormulas: Formulas<"laplace"> = {
  /** log p = -|z| - log(2 scale) */
  logProb: (ops, p, x) => {
    return ops.neg(plus(ops, ops.add(ops.abs(standardised(ops, x, p)), ops.log(p.scale)), LOG_2));
  },
  entropy: (ops, { scale }) => plus(ops, ops.log(scale), 1 + LOG_2),
  mean: (_ops, { loc }) => loc,
  variance: (ops, { scale }) => times(ops, 2, ops.square(scale)),
  /** exp(z) / 2 below the mean, 1 - exp(-z) / 2 above. */
  cdf: (ops, p, x) => {
    const z = standardised(ops, x, p);
    const tail = times(ops, 0.5, ops.exp(ops.neg(ops.abs(z))));
    return ops.select(ops.greater(z, ops.scalar(0)), less(ops, 1, tail), tail);
  },
  /** loc - scale sign(u - 1/2) log(2 min(u, 1 - u)) */
  inverseCdf: (ops, p, u) => {
    const tail = ops.log(times(ops, 2, ops.minimum(u, less(ops, 1, u))));
    return located(ops, ops.mul(ops.sign(less(ops, 0.5, u)), tail), p);
  },
};
