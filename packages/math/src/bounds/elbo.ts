import type { ArrayOps } from "../array-ops.ts";
import { requireOperands } from "../arguments.ts";
import { weight } from "./weight.ts";

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
  const scale = weight(ops, "beta", beta);
  requireOperands({ logLikelihood, kl });
  return ops.sub(logLikelihood, beta === 1 ? kl : ops.mul(scale, kl));
}

export interface SampledElboTerms<T> {
  /** log p(x | z) of the drawn z, nats, [batch] or [batch, samples]. */
  readonly logLikelihood: T;
  /** log p(z) of the same z. */
  readonly logPrior: T;
  /** log q(z | x) of the same z. */
  readonly logPosterior: T;
  /** As in {@link elbo}. Default: 1. */
  readonly beta?: number | T;
}

/**
 * The evidence lower bound with its KL estimated from the same draw of z, for posteriors and priors whose KL has no
 * closed form (Kingma and Welling 2014, equation 6), in nats:
 *
 *     ELBO = log p(x | z) - beta (log q(z | x) - log p(z))
 *
 * Its expectation is that of {@link elbo}. With beta = 1 it is also log w, the logarithm of the importance weight
 * w = p(x, z) / q(z | x), of which {@link importanceWeightedBound} takes several.
 *
 * @throws TypeError, RangeError as {@link elbo}.
 */
export function sampledElbo<T>(
  ops: ArrayOps<T>,
  { logLikelihood, logPrior, logPosterior, beta = 1 }: SampledElboTerms<T>,
): T {
  requireOperands({ logLikelihood, logPrior, logPosterior });
  return elbo(ops, { logLikelihood, kl: ops.sub(logPosterior, logPrior), beta });
}
