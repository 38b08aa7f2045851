/** KLs between distributions of outcomes that can be counted, in nats. */
import type { ArrayOps } from "../array-ops.ts";
import type { Bernoulli } from "../distributions/bernoulli.ts";
import type { Categorical } from "../distributions/categorical.ts";
import type { Distribution } from "../distributions/distribution.ts";
import { expRemainder } from "./remainders.ts";

/** The probability of an outcome and its logarithm. */
export interface Mass<T> {
  readonly mass: T;
  readonly log: T;
}

/** sum of p (exp(d) - 1 - d) with d = log(q / p), over both outcomes. */
export function klBernoulli<T>(ops: ArrayOps<T>, p: Bernoulli<T>, q: Bernoulli<T>): T {
  const [[p1, p0], [q1, q0]] = [bernoulliOutcomes(ops, p), bernoulliOutcomes(ops, q)];
  return ops.add(outcomeTerm(ops, p1, q1), outcomeTerm(ops, p0, q0));
}

/** sum of p (exp(d) - 1 - d) with d = log(q / p), over the classes of the last axis. */
export function klCategorical<T>(ops: ArrayOps<T>, p: Categorical<T>, q: Categorical<T>): T {
  return ops.sum(outcomeTerm(ops, categoricalOutcomes(ops, p), categoricalOutcomes(ops, q)), { axes: [-1] });
}

/** Success and failure. */
function bernoulliOutcomes<T>(ops: ArrayOps<T>, { logits }: Bernoulli<T>): readonly [Mass<T>, Mass<T>] {
  const failure = ops.neg(logits);
  return [
    { mass: ops.sigmoid(logits), log: ops.neg(ops.softplus(failure)) },
    { mass: ops.sigmoid(failure), log: ops.neg(ops.softplus(logits)) },
  ];
}

/** All classes, on the last axis. */
function categoricalOutcomes<T>(ops: ArrayOps<T>, { logits }: Categorical<T>): Mass<T> {
  return { mass: ops.softmax(logits), log: ops.logSoftmax(logits) };
}

/** The outcomes of a family that has few of them: an array each, or all on the last axis of one. */
export function outcomesOf<T>(ops: ArrayOps<T>, p: Distribution<T>): readonly Mass<T>[] | undefined {
  if (p.family === "bernoulli") return bernoulliOutcomes(ops, p);
  return p.family === "categorical" ? [categoricalOutcomes(ops, p)] : undefined;
}

/**
 * What an outcome adds to sum p log(p / q). Masses add to 1 in p and in q, so q - p may be added to each p log(p / q): with
 * d = log(q / p) it becomes p (exp(d) - 1 - d), which is never negative. Where d is large it is written p log(p / q) + q - p,
 * and q where p is 0.
 */
export function outcomeTerm<T>(ops: ArrayOps<T>, p: Mass<T>, q: Mass<T>): T {
  const zero = ops.scalar(0);
  const isPossible = ops.greater(p.mass, zero);
  const d = ops.sub(ops.select(isPossible, q.log, zero), ops.select(isPossible, p.log, zero));
  const isNear = ops.greater(ops.scalar(1), ops.abs(d));
  const near = ops.mul(p.mass, expRemainder(ops, ops.select(isNear, d, zero)));
  const far = ops.sub(ops.sub(q.mass, p.mass), ops.mul(p.mass, d));
  return ops.select(isPossible, ops.select(isNear, near, far), q.mass);
}
