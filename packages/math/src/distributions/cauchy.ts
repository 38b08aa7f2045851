import type { ArrayOps } from "../array-ops.ts";
import { FINITE, POSITIVE, requireParameters } from "./parameters.ts";
import type { Domains } from "./parameters.ts";

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
