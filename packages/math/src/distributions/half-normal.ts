import type { ArrayOps } from "../array-ops.ts";
import { POSITIVE, requireParameters } from "./parameters.ts";
import type { Domains } from "./parameters.ts";
import { LOG_2_PI } from "../gaussian.ts";
import type { Formulas } from "./formulas.ts";
import { LOG_2, LOG_PI, atLeast, less, plus, times, within } from "./support.ts";

/** The absolute value of a normal variable of mean 0 and standard deviation `scale`, elementwise. */
export interface HalfNormal<T> {
  readonly family: "halfNormal";
  readonly scale: T;
}

const DOMAINS: Domains<HalfNormalParameters<unknown>> = { scale: POSITIVE };

type HalfNormalParameters<T> = Omit<HalfNormal<T>, "family">;

/** @throws TypeError, RangeError naming the parameter that is no array, out of its domain or of a shape that does not broadcast. */
export function halfNormal<T>(ops: ArrayOps<T>, { scale }: HalfNormalParameters<T>): HalfNormal<T> {
  requireParameters(ops, "halfNormal", { scale }, DOMAINS);
  return { family: "halfNormal", scale };
}

export const halfNormalFormulas: Formulas<"halfNormal"> = {
  /** log 2 + log N(x; 0, scale), of x >= 0 */
  logProb: (ops, { scale }, x) => {
    const half = times(ops, 0.5, ops.square(ops.div(x, scale)));
    const logDensity = less(ops, LOG_2 - LOG_2_PI / 2, ops.add(half, ops.log(scale)));
    return within(ops, atLeast(ops, x, ops.scalar(0)), logDensity);
  },
  /** (log(pi / 2) + 1) / 2 + log scale */
  entropy: (ops, { scale }) => plus(ops, ops.log(scale), (LOG_PI - LOG_2 + 1) / 2),
  mean: (ops, { scale }) => times(ops, Math.sqrt(2 / Math.PI), scale),
  variance: (ops, { scale }) => times(ops, 1 - 2 / Math.PI, ops.square(scale)),
  cdf: (ops, { scale }, x) => ops.erf(ops.div(ops.relu(x), times(ops, Math.SQRT2, scale))),
  inverseCdf: (ops, { scale }, u) => ops.mul(times(ops, Math.SQRT2, scale), ops.erfInv(u)),
  noise: "normal",
  reparameterised: (ops, { scale }, eps) => ops.mul(scale, ops.abs(eps)),
};
