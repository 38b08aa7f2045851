import type { ArrayOps } from "../array-ops.ts";
import { POSITIVE, requireParameters } from "./parameters.ts";
import type { Domains } from "./parameters.ts";

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
