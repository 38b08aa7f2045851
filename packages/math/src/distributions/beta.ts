import type { ArrayOps } from "../array-ops.ts";
import { POSITIVE, requireParameters } from "./parameters.ts";
import type { Domains } from "./parameters.ts";

/** The Beta distribution, elementwise: density on (0, 1) proportional to x^(alpha - 1) (1 - x)^(beta - 1). */
export interface Beta<T> {
  readonly family: "beta";
  readonly alpha: T;
  readonly beta: T;
}

const DOMAINS: Domains<BetaParameters<unknown>> = { alpha: POSITIVE, beta: POSITIVE };

type BetaParameters<T> = Omit<Beta<T>, "family">;

/** @throws TypeError, RangeError naming the parameter that is no array, out of its domain or of a shape that does not broadcast. */
export function beta<T>(ops: ArrayOps<T>, { alpha, beta }: BetaParameters<T>): Beta<T> {
  requireParameters(ops, "beta", { alpha, beta }, DOMAINS);
  return { family: "beta", alpha, beta };
}
