import type { ArrayOps } from "../array-ops.ts";
import { FINITE, POSITIVE, requireParameters } from "./parameters.ts";
import type { Domains } from "./parameters.ts";

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
