/** KLs within the families whose normaliser is a gamma function, in nats. No digamma is needed: see `logGammaRemainder`. */
import type { ArrayOps } from "../array-ops.ts";
import type { Beta } from "../distributions/beta.ts";
import type { Dirichlet } from "../distributions/dirichlet.ts";
import type { Exponential } from "../distributions/exponential.ts";
import type { Gamma } from "../distributions/gamma.ts";
import type { Poisson } from "../distributions/poisson.ts";
import { zerosLike } from "../log-space.ts";
import { notNegative } from "./infinity.ts";
import { logGammaRemainder, logRatio, ratioRemainder } from "./remainders.ts";

/** rho - 1 - log rho with rho = rate_q / rate_p. */
export function klExponential<T>(ops: ArrayOps<T>, p: Exponential<T>, q: Exponential<T>): T {
  return ratioRemainder(ops, q.rate, p.rate);
}

/** rate_p (rho - 1 - log rho) with rho = rate_q / rate_p. */
export function klPoisson<T>(ops: ArrayOps<T>, p: Poisson<T>, q: Poisson<T>): T {
  return ops.mul(p.rate, ratioRemainder(ops, q.rate, p.rate));
}

/**
 * With rho = b_q / b_p, and R the remainder of log Gamma at a_q from its tangent at a_p:
 * R + a_p (rho - 1 - log rho) + (a_p - a_q) log rho.
 */
export function klGamma<T>(ops: ArrayOps<T>, p: Gamma<T>, q: Gamma<T>): T {
  const shape = logGammaRemainder(ops, q.concentration, p.concentration);
  const rates = ops.mul(p.concentration, ratioRemainder(ops, q.rate, p.rate));
  const both = ops.mul(ops.sub(p.concentration, q.concentration), logRatio(ops, q.rate, p.rate));
  return notNegative(ops, ops.add(ops.add(shape, rates), both));
}

/** R(a) + R(b) - R(a + b), with R the remainder of log Gamma at q's parameter from its tangent at p's. */
export function klBeta<T>(ops: ArrayOps<T>, p: Beta<T>, q: Beta<T>): T {
  const a = logGammaRemainder(ops, q.alpha, p.alpha);
  const b = logGammaRemainder(ops, q.beta, p.beta);
  const d = ops.add(ops.sub(q.alpha, p.alpha), ops.sub(q.beta, p.beta));
  const both = logGammaRemainder(ops, ops.add(q.alpha, q.beta), ops.add(p.alpha, p.beta), d);
  return notNegative(ops, ops.sub(ops.add(a, b), both));
}

/** sum R(a_k) - R(sum a_k), as for Beta; [..., classes] -> [...]. */
export function klDirichlet<T>(ops: ArrayOps<T>, p: Dirichlet<T>, q: Dirichlet<T>): T {
  const total = (x: T) => ops.sum(x, { axes: [-1] });
  const d = ops.sub(q.concentration, p.concentration);
  const classes = ops.add(zerosLike(ops, d), logGammaRemainder(ops, q.concentration, p.concentration));
  const [a, b] = [q.concentration, p.concentration].map((x) => total(ops.add(x, zerosLike(ops, d)))) as [T, T];
  return notNegative(ops, ops.sub(total(classes), logGammaRemainder(ops, a, b, total(d))));
}
