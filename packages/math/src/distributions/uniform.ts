import type { ArrayOps } from "../array-ops.ts";
import { FINITE, POSITIVE, requireParameters, requireValues } from "./parameters.ts";
import type { Domains } from "./parameters.ts";
import type { Formulas } from "./formulas.ts";
import { atLeast, times, within } from "./support.ts";

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

export const uniformFormulas: Formulas<"uniform"> = {
  /** -log(high - low) from low to high, both included */
  logProb: (ops, { low, high }, x) => {
    const isInside = ops.mul(atLeast(ops, x, low), atLeast(ops, high, x));
    return within(ops, isInside, ops.neg(ops.log(ops.sub(high, low))));
  },
  entropy: (ops, { low, high }) => ops.log(ops.sub(high, low)),
  mean: (ops, { low, high }) => times(ops, 0.5, ops.add(low, high)),
  variance: (ops, { low, high }) => times(ops, 1 / 12, ops.square(ops.sub(high, low))),
  cdf: (ops, { low, high }, x) => {
    const inside = ops.minimum(ops.maximum(x, low), high);
    return ops.div(ops.sub(inside, low), ops.sub(high, low));
  },
  inverseCdf: (ops, { low, high }, u) => ops.add(low, ops.mul(ops.sub(high, low), u)),
};
