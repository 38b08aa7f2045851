import type { ArrayOps } from "../array-ops.ts";
import type { MathOps } from "../math-ops.ts";
import { POSITIVE, requireParameters } from "./parameters.ts";
import type { Domains } from "./parameters.ts";
import type { Formulas } from "./formulas.ts";
import { EULER, less, plus, times, within } from "./support.ts";

/** The Weibull distribution, elementwise: cdf 1 - exp(-(x / scale)^concentration). */
export interface Weibull<T> {
  readonly family: "weibull";
  readonly scale: T;
  readonly concentration: T;
}

const DOMAINS: Domains<WeibullParameters<unknown>> = { scale: POSITIVE, concentration: POSITIVE };

type WeibullParameters<T> = Omit<Weibull<T>, "family">;

/** @throws TypeError, RangeError naming the parameter that is no array, out of its domain or of a shape that does not broadcast. */
export function weibull<T>(ops: ArrayOps<T>, { scale, concentration }: WeibullParameters<T>): Weibull<T> {
  requireParameters(ops, "weibull", { scale, concentration }, DOMAINS);
  return { family: "weibull", scale, concentration };
}

export const weibullFormulas: Formulas<"weibull"> = {
  /** log p = log(k / x) + log y - y with y = (x / scale)^k, of x > 0 */
  logProb: (ops, { scale, concentration: k }, x) => {
    const isInside = ops.greater(x, ops.scalar(0));
    const safe = ops.select(isInside, x, scale);
    const logY = ops.mul(k, ops.sub(ops.log(safe), ops.log(scale)));
    const logDensity = ops.add(ops.log(ops.div(k, safe)), ops.sub(logY, ops.exp(logY)));
    return within(ops, isInside, logDensity);
  },
  /** 1 + Euler's constant (1 - 1 / k) + log(scale / k) */
  entropy: (ops, { scale, concentration: k }) => {
    const shape = times(ops, EULER, less(ops, 1, ops.div(ops.scalar(1), k)));
    return plus(ops, ops.add(shape, ops.sub(ops.log(scale), ops.log(k))), 1);
  },
  /** scale Gamma(1 + 1 / k) */
  mean: (ops, { scale, concentration: k }) => ops.mul(scale, ops.exp(logMoment(ops, k, 1))),
  /** scale^2 (Gamma(1 + 2 / k) - Gamma(1 + 1 / k)^2), the square taken out */
  variance: (ops, { scale, concentration: k }) => {
    const [first, second] = [logMoment(ops, k, 1), logMoment(ops, k, 2)];
    const square = times(ops, 2, first);
    return ops.mul(ops.square(scale), ops.mul(ops.exp(square), ops.expm1(ops.sub(second, square))));
  },
  /** 1 - exp(-(x / scale)^k) */
  cdf: (ops, { scale, concentration: k }, x) => {
    const isInside = ops.greater(x, ops.scalar(0));
    const logY = ops.mul(k, ops.log(ops.div(ops.select(isInside, x, scale), scale)));
    return ops.select(isInside, ops.neg(ops.expm1(ops.neg(ops.exp(logY)))), ops.scalar(0));
  },
  /** scale (-log(1 - u))^(1 / k) */
  inverseCdf: (ops, { scale, concentration: k }, u) => {
    return ops.mul(scale, ops.exp(ops.div(ops.log(ops.neg(ops.log1p(ops.neg(u)))), k)));
  },
};

/** log Gamma(1 + n / k), the logarithm of the n-th moment for scale 1. */
function logMoment<T>(ops: MathOps<T>, k: T, n: number): T {
  return ops.logGamma(plus(ops, ops.div(ops.scalar(n), k), 1));
}
