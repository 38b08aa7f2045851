import type { ArrayOps } from "../array-ops.ts";
import type { Distribution } from "./distribution.ts";
import { FINITE, requireBatch, requireDistribution, requireParameters, requireRank } from "./parameters.ts";
import type { Domains } from "./parameters.ts";
import { logSumExp } from "../log-space.ts";
import type { Formulas, Operations } from "./formulas.ts";
import { eventRankOf, parameterRank, parametersOf } from "./shapes.ts";

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
  for (const [name, x] of parametersOf(components)) {
    requireBatch(ops, `mixture.components.${name}`, x, parameterRank(components, name), ops.shape(logits));
  }
  return { family: "mixture", logits, components };
}

export const mixtureFormulas = ({ cdf, logProb, mean, variance }: Operations): Formulas<"mixture"> => ({
  /** log sum_k softmax(l)_k p_k(x) */
  logProb: (ops, { logits, components }, x) => {
    const each = logProb(ops, components, ops.expandDims(x, -1 - eventRankOf(components)));
    return logSumExp(ops, ops.add(ops.logSoftmax(logits), each), { axes: [-1] });
  },
  mean: (ops, p) => weighted(ops, p, mean(ops, p.components)),
  /** E[variance_k + (mean_k - mean)^2] */
  variance: (ops, p) => {
    const means = mean(ops, p.components);
    const centre = ops.expandDims(weighted(ops, p, means), -1 - eventRankOf(p.components));
    return weighted(ops, p, ops.add(variance(ops, p.components), ops.square(ops.sub(means, centre))));
  },
  cdf: (ops, p, x) => weighted(ops, p, cdf(ops, p.components, ops.expandDims(x, -1 - eventRankOf(p.components)))),
});

/** sum_k softmax(l)_k values_k; values [..., K] or [..., K, dimensions]. */
function weighted<T>(ops: ArrayOps<T>, { logits, components }: Mixture<T>, values: T): T {
  const rank = eventRankOf(components);
  let weights = ops.softmax(logits);
  for (let axis = 0; axis < rank; axis++) weights = ops.expandDims(weights, -1);
  return ops.sum(ops.mul(weights, values), { axes: [-1 - rank] });
}
