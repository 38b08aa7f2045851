import type { ArrayOps } from "../array-ops.ts";
import { FINITE, requireParameters, requireRank } from "./parameters.ts";
import type { Domains } from "./parameters.ts";

/** One of several classes, written one-hot on the last axis; class k has probability softmax(logits)_k. */
export interface Categorical<T> {
  readonly family: "categorical";
  /** [..., classes] */
  readonly logits: T;
}

const DOMAINS: Domains<CategoricalParameters<unknown>> = { logits: FINITE };

type CategoricalParameters<T> = Omit<Categorical<T>, "family">;

/** @throws TypeError, RangeError naming the parameter that is no array, not finite or without an axis of classes. */
export function categorical<T>(ops: ArrayOps<T>, { logits }: CategoricalParameters<T>): Categorical<T> {
  requireParameters(ops, "categorical", { logits }, DOMAINS);
  requireRank(ops, "categorical.logits", logits, 1);
  return { family: "categorical", logits };
}
