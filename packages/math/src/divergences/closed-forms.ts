import type { Distribution } from "../distributions/distribution.ts";
import { entropy } from "../distributions/operations.ts";
import { requireDistribution } from "../distributions/parameters.ts";
import { times } from "../distributions/support.ts";
import { IsthmusError } from "../errors.ts";
import { outcomesOf } from "../kl/discrete.ts";
import type { Mass } from "../kl/discrete.ts";
import { kl } from "../kl/kl.ts";
import type { MathOps } from "../math-ops.ts";
import { fDivergenceIntegrand } from "./f-divergence.ts";
import type { FDivergence } from "./f-divergence.ts";
import { renyiDivergence } from "./renyi.ts";

/**
 * An f-divergence of p and q: of two Bernoullis or categoricals the exact sum; else, from closed forms, `kl`, `reverseKl` and
 * `jeffreys` where there is a KL, `squaredHellinger`, `chiSquared` and `neymanChiSquared` in one exponential family.
 *
 * @throws TypeError naming what is no distribution; RangeError for a name that is none; IsthmusError
 * `DIVERGENCE_NO_CLOSED_FORM` (or of `kl` its own) where there is none: see `estimateDivergence`.
 */
export function fDivergence<T>(ops: MathOps<T>, name: FDivergence, p: Distribution<T>, q: Distribution<T>): T {
  requireDistribution("p", p);
  requireDistribution("q", q);
  const [own, other] = [outcomesOf(ops, p), outcomesOf(ops, q)];
  if (p.family === q.family && own && other) return overOutcomes(ops, name, own, other, p.family === "categorical");
  switch (name) {
    case "kl":
      return kl(ops, p, q);
    case "reverseKl":
      return kl(ops, q, p);
    case "jeffreys":
      return ops.add(kl(ops, p, q), kl(ops, q, p));
    case "squaredHellinger":
      return ops.neg(ops.expm1(times(ops, -0.5, renyiDivergence(ops, 0.5, p, q))));
    case "chiSquared":
      return ops.expm1(renyiDivergence(ops, 2, p, q));
    case "neymanChiSquared":
      return ops.expm1(renyiDivergence(ops, 2, q, p));
    default:
      fDivergenceIntegrand(ops, name, ops.scalar(0));
      throw noClosedForm(name, p, q);
  }
}

/** sum over outcomes of the mixture's mass times the integrand. */
function overOutcomes<T>(
  ops: MathOps<T>,
  name: FDivergence,
  p: readonly Mass<T>[],
  q: readonly Mass<T>[],
  hasEvent: boolean,
): T {
  const terms = p.map((own, i) => {
    const other = q[i]!;
    const mixture = times(ops, 0.5, ops.add(own.mass, other.mass));
    return ops.mul(mixture, fDivergenceIntegrand(ops, name, ops.sub(own.log, other.log)));
  });
  const sum = terms.reduce((total, term) => ops.add(total, term));
  return hasEvent ? ops.sum(sum, { axes: [-1] }) : sum;
}

function noClosedForm<T>(name: FDivergence, p: Distribution<T>, q: Distribution<T>): IsthmusError {
  const message = `${name}(${p.family}, ${q.family}) has no closed form; estimateDivergence() estimates it from samples`;
  return new IsthmusError("DIVERGENCE_NO_CLOSED_FORM", message, { name, p: p.family, q: q.family });
}

/**
 * E_p[-log q(X)] = entropy of p + KL(p || q), in nats: what a code made for q takes for draws from p.
 *
 * @throws as `entropy` and `kl`.
 */
export function crossEntropy<T>(ops: MathOps<T>, p: Distribution<T>, q: Distribution<T>): T {
  const divergence = kl(ops, p, q);
  return ops.add(entropy(ops, p), divergence);
}
