/** KLs of a binomial, whose outcomes can be counted when its trials are known, in nats. */
import type { Bernoulli } from "../distributions/bernoulli.ts";
import type { Binomial } from "../distributions/binomial.ts";
import { logProb } from "../distributions/operations.ts";
import type { Poisson } from "../distributions/poisson.ts";
import { less } from "../distributions/support.ts";
import type { MathOps } from "../math-ops.ts";
import { klBernoulli, outcomeTerm } from "./discrete.ts";
import { notNegative } from "./infinity.ts";
import { noClosedForm } from "./no-closed-form.ts";

/**
 * As many times the KL of one trial as there are trials; where q has other trials, the sum over all counts, which is
 * Infinity where p has more.
 *
 * @throws IsthmusError `KL_NO_CLOSED_FORM` where only a run would tell the trials, and they are not one array.
 */
export function klBinomial<T>(ops: MathOps<T>, p: Binomial<T>, q: Binomial<T>): T {
  const one = klBernoulli(ops, { family: "bernoulli", logits: p.logits }, { family: "bernoulli", logits: q.logits });
  const same = ops.mul(p.trials, one);
  if (p.trials === q.trials) return same;
  return ops.select(ops.equal(p.trials, q.trials), same, klOfCounts(ops, p, q));
}

/**
 * sum of p log(p / q) over the counts that p can have. With q - p added to each as in `outcomeTerm` it is that sum and the
 * mass of q outside.
 *
 * @throws IsthmusError `KL_NO_CLOSED_FORM` where only a run would tell the trials.
 */
export function klOfCounts<T>(ops: MathOps<T>, p: Binomial<T>, q: Binomial<T> | Poisson<T>): T {
  const trials = ops.values?.(p.trials);
  if (trials === undefined) throw noClosedForm(p.family, q.family, "unless the trials are known");
  const most = Array.from(trials).reduce((a, b) => Math.max(a, b), 0);
  const counts = ops.constant(
    [most + 1],
    Array.from({ length: most + 1 }, (_, count) => count),
  );
  const [own, other] = [p, q].map((one) => {
    const log = logProb(ops, withAxis(ops, one), counts);
    return { mass: ops.exp(log), log };
  }) as [{ mass: T; log: T }, { mass: T; log: T }];
  const terms = ops.sum(outcomeTerm(ops, own, other), { axes: [-1] });
  return notNegative(ops, ops.add(terms, less(ops, 1, ops.sum(other.mass, { axes: [-1] }))));
}

/** A Bernoulli variable counts one trial. */
export function klBinomialBernoulli<T>(ops: MathOps<T>, p: Binomial<T>, q: Bernoulli<T>): T {
  return klBinomial(ops, p, { family: "binomial", trials: ops.scalar(1), logits: q.logits });
}

/** The same distributions with an axis for counts. */
function withAxis<T, D extends Binomial<T> | Poisson<T>>(ops: MathOps<T>, one: D): D {
  const { family, ...parameters } = one;
  const expanded = Object.entries(parameters).map(([name, x]) => [name, ops.expandDims(x as T, -1)] as const);
  return { family, ...Object.fromEntries(expanded) } as unknown as D;
}
