import type { ArrayOps } from "../array-ops.ts";
import { FINITE, POSITIVE, requireParameters } from "./parameters.ts";
import type { Domains } from "./parameters.ts";
import type { Formulas } from "./formulas.ts";
import { EULER, located, plus, standardised, times } from "./support.ts";

/** The Gumbel distribution of maxima, elementwise: cdf exp(-exp(-(x - loc) / scale)). */
export interface Gumbel<T> {
  readonly family: "gumbel";
  readonly loc: T;
  readonly scale: T;
}

const DOMAINS: Domains<GumbelParameters<unknown>> = { loc: FINITE, scale: POSITIVE };

type GumbelParameters<T> = Omit<Gumbel<T>, "family">;

/** @throws TypeError, RangeError naming the parameter that is no array, out of its domain or of a shape that does not broadcast. */
export function gumbel<T>(ops: ArrayOps<T>, { loc, scale }: GumbelParameters<T>): Gumbel<T> {
  requireParameters(ops, "gumbel", { loc, scale }, DOMAINS);
  return { family: "gumbel", loc, scale };
}

export const gumbelFormulas: Formulas<"gumbel"> = {
  /** log p = -z - exp(-z) - log scale */
  logProb: (ops, p, x) => {
    const z = standardised(ops, x, p);
    return ops.neg(ops.add(ops.add(z, ops.exp(ops.neg(z))), ops.log(p.scale)));
  },
  entropy: (ops, { scale }) => plus(ops, ops.log(scale), 1 + EULER),
  mean: (ops, p) => located(ops, ops.scalar(EULER), p),
  variance: (ops, { scale }) => times(ops, Math.PI ** 2 / 6, ops.square(scale)),
  cdf: (ops, p, x) => ops.exp(ops.neg(ops.exp(ops.neg(standardised(ops, x, p))))),
  inverseCdf: (ops, p, u) => located(ops, ops.neg(ops.log(ops.neg(ops.log(u)))), p),
};
