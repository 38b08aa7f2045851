import type { ArrayOps } from "../array-ops.ts";
import { FINITE, POSITIVE, requireParameters } from "./parameters.ts";
import type { Domains } from "./parameters.ts";
import type { Formulas } from "./formulas.ts";
import { studentTFormulas } from "./student-t.ts";
import type { StudentT } from "./student-t.ts";
import { LOG_2, LOG_PI, located, plus, standardised, times } from "./support.ts";

/** The Cauchy distribution, elementwise: it has neither mean nor variance. */
export interface Cauchy<T> {
  readonly family: "cauchy";
  readonly loc: T;
  readonly scale: T;
}

const DOMAINS: Domains<CauchyParameters<unknown>> = { loc: FINITE, scale: POSITIVE };

type CauchyParameters<T> = Omit<Cauchy<T>, "family">;

/** @throws TypeError, RangeError naming the parameter that is no array, out of its domain or of a shape that does not broadcast. */
export function cauchy<T>(ops: ArrayOps<T>, { loc, scale }: CauchyParameters<T>): Cauchy<T> {
  requireParameters(ops, "cauchy", { loc, scale }, DOMAINS);
  return { family: "cauchy", loc, scale };
}

export const cauchyFormulas: Formulas<"cauchy"> = {
  /** log p = -log(pi scale) - log(1 + z^2), where a square above 1 is taken out, so that it does not overflow */
  logProb: (ops, p, x) => {
    const z = ops.abs(standardised(ops, x, p));
    const one = ops.scalar(1);
    const large = ops.maximum(z, one);
    const tail = ops.log1p(ops.square(ops.div(ops.minimum(z, one), large)));
    return ops.neg(ops.add(ops.add(tail, times(ops, 2, ops.log(large))), plus(ops, ops.log(p.scale), LOG_PI)));
  },
  /** log(4 pi scale) */
  entropy: (ops, { scale }) => plus(ops, ops.log(scale), LOG_PI + 2 * LOG_2),
  cdf: (ops, p, x) => studentTFormulas.cdf!(ops, asStudentT(ops, p), x),
  inverseCdf: (ops, p, u) => studentTFormulas.inverseCdf!(ops, asStudentT(ops, p), u),
  noise: "cauchy",
  reparameterised: (ops, p, base) => located(ops, base, p),
};

/** It is Student's t with one degree of freedom. */
function asStudentT<T>(ops: ArrayOps<T>, { loc, scale }: Cauchy<T>): StudentT<T> {
  return { family: "studentT", df: ops.scalar(1), loc, scale };
}
