import type { ArrayOps } from "../array-ops.ts";
import { POSITIVE, requireParameters } from "./parameters.ts";
import type { Domains } from "./parameters.ts";
import type { Formulas } from "./formulas.ts";
import { atLeast, less, within } from "./support.ts";

/** The exponential distribution, elementwise: density rate exp(-rate x) for x >= 0. */
export interface Exponential<T> {
  readonly family: "exponential";
  readonly rate: T;
}

const DOMAINS: Domains<ExponentialParameters<unknown>> = { rate: POSITIVE };

type ExponentialParameters<T> = Omit<Exponential<T>, "family">;

/** @throws TypeError, RangeError naming the parameter that is no array, out of its domain or of a shape that does not broadcast. */
export function exponential<T>(ops: ArrayOps<T>, { rate }: ExponentialParameters<T>): Exponential<T> {
  requireParameters(ops, "exponential", { rate }, DOMAINS);
  return { family: "exponential", rate };
}

export const exponentialFormulas: Formulas<"exponential"> = {
  /** log rate - rate x, of x >= 0 */
  logProb: (ops, { rate }, x) => {
    return within(ops, atLeast(ops, x, ops.scalar(0)), ops.sub(ops.log(rate), ops.mul(rate, x)));
  },
  entropy: (ops, { rate }) => less(ops, 1, ops.log(rate)),
  mean: (ops, { rate }) => ops.div(ops.scalar(1), rate),
  variance: (ops, { rate }) => ops.square(ops.div(ops.scalar(1), rate)),
  cdf: (ops, { rate }, x) => ops.neg(ops.expm1(ops.neg(ops.mul(rate, ops.relu(x))))),
  inverseCdf: (ops, { rate }, u) => ops.div(ops.neg(ops.log1p(ops.neg(u))), rate),
};
