import type { ArrayOps } from "../array-ops.ts";
import { requireOperands } from "../arguments.ts";
import { weight } from "./weight.ts";

export interface CapacityTerms<T> {
  /** log p(x | z) for a drawn z, nats. */
  readonly logLikelihood: T;
  /** KL(q(z | x) || p(z)), nats: per example [batch] as published, or their mean [] as most programs have it. */
  readonly kl: T;
  /** C, the KL to be held, in nats: a non-negative number, or a scalar array that grows with the steps. */
  readonly capacity: number | T;
  /** gamma, nats lost per nat away from the capacity; the paper has 1000. */
  readonly gamma: number | T;
}

/**
 * The capacity objective (Burgess et al. 2018), maximised, in nats:
 *
 *     log p(x | z) - gamma |KL(q(z | x) || p(z)) - C|
 *
 * An objective, not a bound: where the KL is near C it lies above the ELBO, by all of the KL at KL = C. Shapes broadcast,
 * so a mean `kl` is taken off every example.
 *
 * @throws TypeError naming the argument when one is no array; RangeError when a number is negative or not finite.
 */
export function capacityObjective<T>(ops: ArrayOps<T>, { logLikelihood, kl, capacity, gamma }: CapacityTerms<T>): T {
  requireOperands({ logLikelihood, kl });
  const distance = ops.abs(ops.sub(kl, weight(ops, "capacity", capacity)));
  return ops.sub(logLikelihood, ops.mul(weight(ops, "gamma", gamma), distance));
}

/**
 * What free bits put in the place of the mean KL (Kingma et al. 2016, equation 15), a scalar in nats, never below it:
 *
 *     sum over groups j of max(lambda, mean over the batch of KL_j)
 *
 * `kl` is [batch, groups]: with one dimension per group that is `klDiagonalGaussian(ops, q, p, { axes: [] })`, with
 * more the same of [batch, groups, size] over the axis -1. `lambda` is in nats per group, in spite of the name. A group
 * below it gets no gradient, so nothing pushes its KL down to 0.
 *
 * @throws TypeError naming the argument when one is no array; RangeError when a number is negative or not finite.
 */
export function freeBitsKl<T>(ops: ArrayOps<T>, kl: T, lambda: number | T): T {
  requireOperands({ kl });
  return ops.sum(ops.maximum(weight(ops, "lambda", lambda), ops.mean(kl, { axes: [0] })));
}
