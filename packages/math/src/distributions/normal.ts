import type { ArrayOps } from "../array-ops.ts";
import { FINITE, POSITIVE, requireParameters } from "./parameters.ts";
import type { Domains } from "./parameters.ts";
import { LOG_2_PI } from "../gaussian.ts";
import type { Formulas } from "./formulas.ts";
import { located, plus, standardised, times } from "./support.ts";

/** The normal distribution, elementwise; `scale` is the standard deviation. */
export interface Normal<T> {
  readonly family: "normal";
  readonly loc: T;
  readonly scale: T;
}

const DOMAINS: Domains<NormalParameters<unknown>> = { loc: FINITE, scale: POSITIVE };

type NormalParameters<T> = Omit<Normal<T>, "family">;

/** @throws TypeError, RangeError naming the parameter that is no array, out of its domain or of a shape that does not broadcast. */
export function normal<T>(ops: ArrayOps<T>, { loc, scale }: NormalParameters<T>): Normal<T> {
  requireParameters(ops, "normal", { loc, scale }, DOMAINS);
  return { family: "normal", loc, scale };
}

export const normalFormulas: Formulas<"normal"> = {
  /** log p = -(log 2 pi + z^2) / 2 - log scale, z = (x - loc) / scale */
  logProb: (ops, p, x) => {
    const squares = plus(ops, ops.square(standardised(ops, x, p)), LOG_2_PI);
    return ops.sub(times(ops, -0.5, squares), ops.log(p.scale));
  },
  /** (log 2 pi + 1) / 2 + log scale */
  entropy: (ops, { scale }) => plus(ops, ops.log(scale), (LOG_2_PI + 1) / 2),
  mean: (_ops, { loc }) => loc,
  variance: (ops, { scale }) => ops.square(scale),
  cdf: (ops, p, x) => ops.normalCdf(standardised(ops, x, p)),
  inverseCdf: (ops, p, u) => located(ops, ops.normalQuantile(u), p),
  noise: "normal",
  reparameterised: (ops, p, eps) => located(ops, eps, p),
};
