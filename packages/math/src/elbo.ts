import type { ArrayOps } from "./array-ops.ts";
import { requireOperands } from "./arguments.ts";

export interface ElboTerms<T> {
  /** log p(x | z) for one z drawn from q(z | x), per example, nats, shape [batch]. */
  readonly logLikelihood: T;
  /** KL(q(z | x) || p(z)), per example, nats, shape [batch]. */
  readonly kl: T;
  /** Weight of the KL (Higgins et al. 2017): a non-negative number, or a scalar array for a schedule. Default: 1. */
  readonly beta?: number | T;
}

/**
 * The evidence lower bound per example, in nats, higher is better (Kingma and Welling 2014, equation 3):
 *
 *     log p(x) >= ELBO = E_q[log p(x | z)] - beta KL(q(z | x) || p(z))
 *
 * estimated with the one sample of z that `logLikelihood` was computed from, without bias. The sample matters: with
 * z = mu the value is larger and bounds nothing; it is not an ELBO. With beta > 1 it is still a lower bound, a
 * looser one; with beta < 1 it is an objective and no bound.
 *
 * @throws TypeError naming the argument when one is not an array; RangeError when a number `beta` is negative or not finite.
 */
export function elbo<T>(ops: ArrayOps<T>, { logLikelihood, kl, beta = 1 }: ElboTerms<T>): T {
  const weight = typeof beta === "number" ? fixedWeight(ops, beta) : beta;
  requireOperands({ logLikelihood, kl, beta: weight });
  return ops.sub(logLikelihood, beta === 1 ? kl : ops.mul(weight, kl));
}

function fixedWeight<T>(ops: ArrayOps<T>, beta: number): T {
  if (beta >= 0 && beta < Infinity) return ops.scalar(beta);
  throw new RangeError(`"beta" expected a non-negative finite number, got ${beta}`);
}
