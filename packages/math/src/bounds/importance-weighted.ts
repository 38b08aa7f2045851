import type { ArrayOps } from "../array-ops.ts";
import { requireOperands } from "../arguments.ts";
import { logMeanExp, logSumExp } from "../log-space.ts";

/** The samples of one example lie along the last axis. */
const samples = { axes: [-1] } as const;

/**
 * The importance-weighted bound of k samples (Burda, Grosse and Salakhutdinov 2016), in nats; log weights
 * [..., k] as {@link sampledElbo} makes them -> [...]:
 *
 *     log p(x) >= E[log (1/k) sum_i w_i],   w_i = p(x, z_i) / q(z_i | x),   z_i ~ q(z | x)
 *
 * At k = 1 it is the ELBO; its expectation never falls as k grows and tends to log p(x). It is its own surrogate:
 * differentiating it with reparameterised z gives the estimator of the paper.
 *
 * @throws TypeError naming the argument when it is not an array.
 */
export function importanceWeightedBound<T>(ops: ArrayOps<T>, logWeights: T): T {
  requireOperands({ logWeights });
  return logMeanExp(ops, logWeights, samples);
}

/**
 * w_i / sum_j w_j along the last axis, from log weights [..., k]: positive, summing to 1; differentiable.
 *
 * @throws TypeError naming the argument when it is not an array.
 */
export function normalisedWeights<T>(ops: ArrayOps<T>, logWeights: T): T {
  requireOperands({ logWeights });
  return ops.exp(ops.sub(logWeights, logSumExp(ops, logWeights, { ...samples, keepDims: true })));
}

/**
 * The doubly reparameterised surrogate (Tucker et al. 2018) for the parameters of q alone; [..., k] -> [...]:
 *
 *     sum_i stop(v_i)^2 log w_i,   v_i = w_i / sum_j w_j
 *
 * A surrogate: its value is no bound and means nothing; its gradient in the parameters phi of q is an unbiased estimate
 * of the gradient of E[{@link importanceWeightedBound}], whose signal-to-noise ratio grows with k where that of
 * differentiating the bound falls. For this phi must reach log w through z only: compute log q(z | x) with
 * {@link stopParameterGradients}(q), as for sticking the landing, which is the case k = 1.
 *
 * The parameters theta of p are not served by it: they take the gradient of {@link importanceWeightedBound}. One
 * backward pass serves both, since d surrogate / d z_i = v_i d bound / d z_i.
 *
 * @throws TypeError naming the argument when it is not an array.
 */
export function doublyReparameterisedSurrogate<T>(ops: ArrayOps<T>, logWeights: T): T {
  const v = ops.stopGradient(normalisedWeights(ops, logWeights));
  return ops.sum(ops.mul(ops.square(v), logWeights), samples);
}
