import type { ArrayOps } from "../array-ops.ts";
import { FINITE, POSITIVE, requireParameters } from "./parameters.ts";
import type { Domains } from "./parameters.ts";
import { LOG_2_PI } from "../gaussian.ts";
import type { Formulas } from "./formulas.ts";
import { normalFormulas } from "./normal.ts";
import { located, plus, standardised, times, within } from "./support.ts";

/** exp of a normal variable, elementwise; `loc` and `scale` are those of the logarithm. */
export interface LogNormal<T> {
  readonly family: "logNormal";
  readonly loc: T;
  readonly scale: T;
}

const DOMAINS: Domains<LogNormalParameters<unknown>> = { loc: FINITE, scale: POSITIVE };

type LogNormalParameters<T> = Omit<LogNormal<T>, "family">;

/** @throws TypeError, RangeError naming the parameter that is no array, out of its domain or of a shape that does not broadcast. */
export function logNormal<T>(ops: ArrayOps<T>, { loc, scale }: LogNormalParameters<T>): LogNormal<T> {
  requireParameters(ops, "logNormal", { loc, scale }, DOMAINS);
  return { family: "logNormal", loc, scale };
}

export const logNormalFormulas: Formulas<"logNormal"> = {
  /** log p(x) = log N(log x; loc, scale) - log x, of x > 0 */
  logProb: (ops, p, x) => {
    const isInside = ops.greater(x, ops.scalar(0));
    const y = ops.log(ops.select(isInside, x, ops.scalar(1)));
    return within(ops, isInside, ops.sub(normalFormulas.logProb(ops, { ...p, family: "normal" }, y), y));
  },
  entropy: (ops, { loc, scale }) => {
    return ops.add(plus(ops, ops.log(scale), HALF_LOG_2_PI_E), loc);
  },
  /** exp(loc + scale^2 / 2) */
  mean: (ops, { loc, scale }) => ops.exp(ops.add(loc, times(ops, 0.5, ops.square(scale)))),
  /** (exp(scale^2) - 1) exp(2 loc + scale^2) */
  variance: (ops, { loc, scale }) => {
    const square = ops.square(scale);
    return ops.mul(ops.expm1(square), ops.exp(ops.add(times(ops, 2, loc), square)));
  },
  cdf: (ops, p, x) => {
    const isInside = ops.greater(x, ops.scalar(0));
    const y = ops.log(ops.select(isInside, x, ops.scalar(1)));
    return ops.select(isInside, ops.normalCdf(standardised(ops, y, p)), ops.scalar(0));
  },
  inverseCdf: (ops, p, u) => ops.exp(located(ops, ops.normalQuantile(u), p)),
  noise: "normal",
  reparameterised: (ops, p, eps) => ops.exp(located(ops, eps, p)),
};

const HALF_LOG_2_PI_E = (LOG_2_PI + 1) / 2;
