import { continuousBernoulliFormulas as formulas } from "../distributions/continuous-bernoulli.ts";
import type { ContinuousBernoulli } from "../distributions/continuous-bernoulli.ts";
import { plus, times } from "../distributions/support.ts";
import type { MathOps } from "../math-ops.ts";

const of = <T>(logits: T): ContinuousBernoulli<T> => ({ family: "continuousBernoulli", logits });

/**
 * KL between continuous Bernoullis, elementwise, in nats: how far B is above its tangent, B(l_q) - B(l_p) - B'(l_p) d
 * with d = l_q - l_p, where B(l) = log(sinh(l / 2) / (l / 2)) is the log-normaliser less its linear part l / 2.
 *
 * For |d| < 1 that cancels; it is d^2 times the integral of (1 - t) B''(l_p + t d) over [0, 1], whose integrand, a variance,
 * is positive.
 */
export function klContinuousBernoulli<T>(ops: MathOps<T>, p: ContinuousBernoulli<T>, q: ContinuousBernoulli<T>): T {
  const d = ops.sub(q.logits, p.logits);
  const isNear = ops.greater(ops.scalar(1), ops.abs(d));
  const slope = ops.mul(d, plus(ops, formulas.mean!(ops, p), -0.5));
  const far = ops.sub(ops.sub(centredNormaliser(ops, q.logits), centredNormaliser(ops, p.logits)), slope);
  return ops.select(isNear, nearKl(ops, p.logits, ops.select(isNear, d, ops.scalar(0))), far);
}

/**
 * By Gauss and Legendre's rule. B'' has its poles at 2 pi i and beyond, so six points leave less than 2^-50 of the
 * integral over an interval of length 1.
 */
function nearKl<T>(ops: MathOps<T>, l: T, d: T): T {
  const terms = NODES.map(([t, weight]) => {
    const curvature = formulas.variance!(ops, of(ops.add(l, times(ops, t, d))));
    return times(ops, (1 - t) * weight, curvature);
  });
  const integral = terms.reduce((sum, term) => ops.add(sum, term));
  return ops.mul(ops.square(d), integral);
}

const NODES: readonly (readonly [node: number, weight: number])[] = [
  [0.03376524289842403, 0.08566224618958514],
  [0.16939530676686776, 0.18038078652406936],
  [0.38069040695840156, 0.23395696728634552],
  [0.6193095930415985, 0.23395696728634552],
  [0.8306046932331322, 0.18038078652406936],
  [0.9662347571015759, 0.08566224618958514],
];

/** B(l): the density at 1/2 is exp(-B(l)). */
const centredNormaliser = <T>(ops: MathOps<T>, l: T): T => ops.neg(formulas.logProb(ops, of(l), ops.scalar(0.5)));

/** A(l) = B(l) + l / 2 = log((exp(l) - 1) / l): log p(x) = l x - A(l). */
export function logNormaliser<T>(ops: MathOps<T>, l: T): T {
  return ops.add(centredNormaliser(ops, l), times(ops, 0.5, l));
}
