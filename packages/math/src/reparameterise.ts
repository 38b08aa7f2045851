import type { ArrayOps } from "./array-ops.ts";
import { requireOperands } from "./arguments.ts";
import type { DiagonalGaussian } from "./gaussian.ts";

/**
 * A sample of N(mu, diag(exp(logVar))) as a differentiable function of its parameters (Kingma and Welling 2014,
 * section 2.4):
 *
 *     z = mu + exp(logVar / 2) * eps,   eps ~ N(0, I)
 *
 * Shapes [..., latent], `eps` as `mu`.
 *
 * @throws TypeError naming the argument when one is not an array.
 */
export function reparameterise<T>(ops: ArrayOps<T>, q: DiagonalGaussian<T>, eps: T): T {
  requireOperands({ "q.mu": q?.mu, "q.logVar": q?.logVar, eps });
  const sigma = ops.exp(ops.mul(ops.scalar(0.5), q.logVar));
  return ops.add(q.mu, ops.mul(sigma, eps));
}
