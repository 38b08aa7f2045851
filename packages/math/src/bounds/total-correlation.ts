import type { ArrayOps } from "../array-ops.ts";
import { requireOperands } from "../arguments.ts";
import { logSumExp } from "../log-space.ts";
import { ndArray } from "../nd-array.ts";
import type { NdArray } from "../nd-array.ts";
import { requireCount, requireOneOf } from "./require.ts";

export interface TotalCorrelationTerms<T> {
  /** log q(z_i | x_i) of one drawn z per example, summed over dimensions, nats, [batch]. */
  readonly logPosterior: T;
  /** log p(z_id), nats, per dimension of a factorised prior, [batch, dimensions]. */
  readonly logPrior: T;
  /** log q(z_id | x_j): draw i under the posterior of example j, per dimension, [batch, batch, dimensions]. */
  readonly logPairs: T;
  /**
   * log of the weight of example j in the mixture that stands for q(z_i): [batch, batch] from {@link mixtureLogWeights},
   * or one number [] for all, -log(N M) in minibatch-weighted sampling, where the batch's size is not known yet.
   */
  readonly logWeights: T;
}

export interface TotalCorrelationParts<T> {
  /** log q(z | x) - log q(z): its mean estimates the index-code mutual information I_q(x; z). [batch] */
  readonly mutualInformation: T;
  /** log q(z) - sum_d log q(z_d): its mean estimates KL(q(z) || prod_d q(z_d)). [batch] */
  readonly totalCorrelation: T;
  /** sum_d log q(z_d) - log p(z_d): its mean estimates sum_d KL(q(z_d) || p(z_d)). [batch] */
  readonly dimensionWiseKl: T;
}

/**
 * The KL of the ELBO in three parts (Chen, Li, Grosse and Duvenaud 2018, equation 2), per example, in nats. Their sum is
 * the sampled KL, log q(z | x) - log p(z), whatever the weights; the parts are estimates as good as their q(z):
 *
 *     q(z_i) ~ sum_j W_ij q(z_i | x_j)      q(z_id) ~ sum_j W_ij q(z_id | x_j)
 *
 * The beta-TC-VAE maximises log p(x | z) - alpha mutualInformation - beta totalCorrelation - gamma dimensionWiseKl: an
 * objective, not a bound.
 *
 * @throws TypeError naming the argument when one is not an array.
 */
export function totalCorrelationDecomposition<T>(
  ops: ArrayOps<T>,
  { logPosterior, logPrior, logPairs, logWeights }: TotalCorrelationTerms<T>,
): TotalCorrelationParts<T> {
  requireOperands({ logPosterior, logPrior, logPairs, logWeights });
  const perExample = { axes: [-1] };
  const logMixture = logSumExp(ops, ops.add(ops.sum(logPairs, perExample), logWeights), perExample);
  const logMarginals = logSumExp(ops, ops.add(logPairs, ops.expandDims(logWeights, -1)), { axes: [1] });
  const logProduct = ops.sum(logMarginals, perExample);
  return {
    mutualInformation: ops.sub(logPosterior, logMixture),
    totalCorrelation: ops.sub(logMixture, logProduct),
    dimensionWiseKl: ops.sub(logProduct, ops.sum(logPrior, perExample)),
  };
}

export interface MixtureWeightOptions {
  /** M, examples in the batch. */
  readonly batch: number;
  /** N, examples in the data set, of which the batch is a part without repetition. */
  readonly dataset: number;
  /**
   * `"weighted"`: 1 / (N M) throughout (minibatch-weighted sampling, Chen et al. 2018), an estimate of q(z)
   * that is too small, so that the mutual information comes out too large and may exceed log N.
   *
   * `"stratified"`: 1 / N for the example that z was drawn from, and the remaining (N - 1) / N in equal parts for the
   * M - 1 others, without bias for q(z). Chen et al. give one of the others a weight of its own; this is
   * the mean over which of them it is: the same expectation, never more variance.
   */
  readonly method: "weighted" | "stratified";
}

/**
 * log W_ij, [batch, batch], for {@link totalCorrelationDecomposition}. With the whole data set as the batch,
 * `"stratified"` weighs all by 1 / N, and the mixture is the aggregate posterior itself.
 *
 * @throws TypeError, RangeError naming the option: counts are positive integers, the batch at most the data set, and at
 * least 2 unless the data set has 1.
 */
export function mixtureLogWeights({ batch, dataset, method }: MixtureWeightOptions): NdArray {
  requireCount("batch", batch);
  requireCount("dataset", dataset);
  requireOneOf("method", method, ["weighted", "stratified"]);
  const least = Math.min(2, dataset);
  if (batch > dataset || batch < least) {
    throw new RangeError(`"batch" expected ${least} to ${dataset}, the data set's size, got ${batch}`);
  }
  const [own, other] = method === "weighted" ? weighted(batch, dataset) : stratified(batch, dataset);
  const isOwn = (element: number) => element % (batch + 1) === 0;
  return ndArray(
    [batch, batch],
    Float64Array.from({ length: batch * batch }, (_, element) => Math.log(isOwn(element) ? own : other)),
  );
}

function weighted(batch: number, dataset: number): [own: number, other: number] {
  return [1 / (dataset * batch), 1 / (dataset * batch)];
}

function stratified(batch: number, dataset: number): [own: number, other: number] {
  return [1 / dataset, (dataset - 1) / (dataset * (batch - 1))];
}
