import type { ArrayOps } from "../array-ops.ts";
import { FINITE, requireParameters } from "./parameters.ts";
import type { Domains } from "./parameters.ts";

/** A density on [0, 1] proportional to p^x (1 - p)^(1 - x) with p = s(logits), elementwise (Loaiza-Ganem and Cunningham 2019). */
export interface ContinuousBernoulli<T> {
  readonly family: "continuousBernoulli";
  readonly logits: T;
}

const DOMAINS: Domains<ContinuousBernoulliParameters<unknown>> = { logits: FINITE };

type ContinuousBernoulliParameters<T> = Omit<ContinuousBernoulli<T>, "family">;

/** @throws TypeError, RangeError naming the parameter that is no array, out of its domain or of a shape that does not broadcast. */
export function continuousBernoulli<T>(
  ops: ArrayOps<T>,
  { logits }: ContinuousBernoulliParameters<T>,
): ContinuousBernoulli<T> {
  requireParameters(ops, "continuousBernoulli", { logits }, DOMAINS);
  return { family: "continuousBernoulli", logits };
}
