import type { ArrayOps } from "../array-ops.ts";
import { FINITE, POSITIVE, requireParameters } from "./parameters.ts";
import type { Domains } from "./parameters.ts";

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
