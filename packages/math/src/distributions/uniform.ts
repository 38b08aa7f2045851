import type { ArrayOps } from "../array-ops.ts";
import { FINITE, POSITIVE, requireParameters, requireValues } from "./parameters.ts";
import type { Domains } from "./parameters.ts";

/** The uniform distribution on [low, high], elementwise. */
export interface Uniform<T> {
  readonly family: "uniform";
  readonly low: T;
  readonly high: T;
}

const DOMAINS: Domains<UniformParameters<unknown>> = { low: FINITE, high: FINITE };

type UniformParameters<T> = Omit<Uniform<T>, "family">;

/** @throws TypeError, RangeError naming the parameter that is no array, not finite, not above `low` or of a shape that does not broadcast. */
export function uniform<T>(ops: ArrayOps<T>, { low, high }: UniformParameters<T>): Uniform<T> {
  requireParameters(ops, "uniform", { low, high }, DOMAINS);
  const areKnown = ops.values?.(low) && ops.values(high);
  if (areKnown) requireValues(ops, "uniform.high - uniform.low", ops.sub(high, low), POSITIVE);
  return { family: "uniform", low, high };
}
