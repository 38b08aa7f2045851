import type { ArrayOps } from "../array-ops.ts";
import { requireKind } from "../arguments.ts";
import { EVENT_AXES } from "../gaussian.ts";
import type { EventOptions } from "../gaussian.ts";
import type { Distribution } from "./distribution.ts";
import { requireDistribution } from "./parameters.ts";
import type { Formulas, Operations } from "./formulas.ts";

/** Independent variables seen as one: log-densities and entropies are summed over `axes`. */
export interface Independent<T> {
  readonly family: "independent";
  readonly base: Distribution<T>;
  /** Axes of the base's log-density, negative ones counted from the end. */
  readonly axes: readonly number[];
}

/** Axes default to the last. @throws TypeError naming what is no distribution or no list; RangeError for an axis that is no integer. */
export function independent<T>(
  _ops: ArrayOps<T>,
  { base, axes = EVENT_AXES }: Pick<Independent<T>, "base"> & EventOptions,
): Independent<T> {
  requireDistribution("independent.base", base);
  requireKind("independent.axes", axes, "Array");
  for (const axis of axes) {
    if (!Number.isInteger(axis)) throw new RangeError(`"independent.axes" expected integers, got ${axis}`);
  }
  return { family: "independent", base, axes };
}

export const independentFormulas = (inner: Operations): Formulas<"independent"> => ({
  logProb: (ops, { base, axes }, x) => ops.sum(inner.logProb(ops, base, x), { axes }),
  entropy: (ops, { base, axes }) => ops.sum(inner.entropy(ops, base), { axes }),
  mean: (ops, { base }) => inner.mean(ops, base),
  variance: (ops, { base }) => inner.variance(ops, base),
  reparameterised: (ops, { base }, noise) => inner.reparameterised(ops, base, noise),
});
