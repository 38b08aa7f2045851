import type { ArrayOps } from "../array-ops.ts";
import { POSITIVE, requireParameters } from "./parameters.ts";
import type { Domains } from "./parameters.ts";

/** The exponential distribution, elementwise: density rate exp(-rate x) for x >= 0. */
export interface Exponential<T> {
  readonly family: "exponential";
  readonly rate: T;
}

const DOMAINS: Domains<ExponentialParameters<unknown>> = { rate: POSITIVE };

type ExponentialParameters<T> = Omit<Exponential<T>, "family">;

/** @throws TypeError, RangeError naming the parameter that is no array, out of its domain or of a shape that does not broadcast. */
export function exponential<T>(ops: ArrayOps<T>, { rate }: ExponentialParameters<T>): Exponential<T> {
  requireParameters(ops, "exponential", { rate }, DOMAINS);
  return { family: "exponential", rate };
}
