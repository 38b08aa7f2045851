import type { ArrayOps } from "../array-ops.ts";
import { FINITE, POSITIVE, requireParameters } from "./parameters.ts";
import type { Domains } from "./parameters.ts";
import type { Formulas } from "./formulas.ts";
import { located, plus, standardised, times } from "./support.ts";

/** The logistic distribution, elementwise: cdf s((x - loc) / scale). */
export interface Logistic<T> {
  readonly family: "logistic";
  readonly loc: T;
  readonly scale: T;
}

const DOMAINS: Domains<LogisticParameters<unknown>> = { loc: FINITE, scale: POSITIVE };

type LogisticParameters<T> = Omit<Logistic<T>, "family">;

/** @throws TypeError, RangeError naming the parameter that is no array, out of its domain or of a shape that does not broadcast. */
export function logistic<T>(ops: ArrayOps<T>, { loc, scale }: LogisticParameters<T>): Logistic<T> {
  requireParameters(ops, "logistic", { loc, scale }, DOMAINS);
  return { family: "logistic", loc, scale };
}

export const logisticFormulas: Formulas<"logistic"> = {
  /** log p = -z - 2 softplus(-z) - log scale */
  logProb: (ops, p, x) => {
    const z = standardised(ops, x, p);
    return ops.neg(ops.add(ops.add(z, times(ops, 2, ops.softplus(ops.neg(z)))), ops.log(p.scale)));
  },
  entropy: (ops, { scale }) => plus(ops, ops.log(scale), 2),
  mean: (_ops, { loc }) => loc,
  variance: (ops, { scale }) => times(ops, Math.PI ** 2 / 3, ops.square(scale)),
  cdf: (ops, p, x) => ops.sigmoid(standardised(ops, x, p)),
  inverseCdf: (ops, p, u) => located(ops, ops.sub(ops.log(u), ops.log1p(ops.neg(u))), p),
};
