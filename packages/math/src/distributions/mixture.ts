import type { ArrayOps } from "../array-ops.ts";
import type { Distribution } from "./distribution.ts";
import { FINITE, requireDistribution, requireParameters, requireRank } from "./parameters.ts";
import type { Domains } from "./parameters.ts";

/** One of K distributions of the same family, the k-th with probability softmax(logits)_k. */
export interface Mixture<T> {
  readonly family: "mixture";
  /** [..., K] */
  readonly logits: T;
  /**
   * The components as one record: parameters of elementwise families [..., K], of families with an event axis
   * [..., K, dimensions].
   */
  readonly components: Distribution<T>;
}

const DOMAINS: Domains<Pick<Mixture<unknown>, "logits">> = { logits: FINITE };

/** @throws TypeError, RangeError naming the parameter that is no array or distribution, not finite or without an axis of components. */
export function mixture<T>(ops: ArrayOps<T>, { logits, components }: Omit<Mixture<T>, "family">): Mixture<T> {
  requireParameters(ops, "mixture", { logits }, DOMAINS);
  requireRank(ops, "mixture.logits", logits, 1);
  requireDistribution("mixture.components", components);
  return { family: "mixture", logits, components };
}
