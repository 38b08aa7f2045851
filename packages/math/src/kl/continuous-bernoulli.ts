import type { ArrayOps } from "../array-ops.ts";
import type { ContinuousBernoulli } from "../distributions/continuous-bernoulli.ts";
import { polynomial } from "./remainders.ts";

/**
 * KL between continuous Bernoullis, elementwise, in nats: how far B is above its tangent, B(l_q) - B(l_p) - B'(l_p) d
 * with d = l_q - l_p, where B(l) = log(sinh(l / 2) / (l / 2)) is the log-normaliser less its linear part l / 2.
 *
 * For |d| < 1 that cancels; it is d^2 times the integral of (1 - t) B''(l_p + t d) over [0, 1], whose integrand is positive.
 */
export function klContinuousBernoulli<T>(ops: ArrayOps<T>, p: ContinuousBernoulli<T>, q: ContinuousBernoulli<T>): T {
  const d = ops.sub(q.logits, p.logits);
  const isNear = ops.greater(ops.scalar(1), ops.abs(d));
  const slope = ops.mul(d, normaliserSlope(ops, p.logits));
  const far = ops.sub(ops.sub(normaliser(ops, q.logits), normaliser(ops, p.logits)), slope);
  return ops.select(isNear, nearKl(ops, p.logits, ops.select(isNear, d, ops.scalar(0))), far);
}

/**
 * By Gauss and Legendre's rule. B'' has its poles at 2 pi i and beyond, so six points leave less than 2^-50 of the
 * integral over an interval of length 1.
 */
function nearKl<T>(ops: ArrayOps<T>, l: T, d: T): T {
  const terms = NODES.map(([t, weight]) => {
    const curvature = normaliserCurvature(ops, ops.add(l, ops.mul(ops.scalar(t), d)));
    return ops.mul(ops.scalar((1 - t) * weight), curvature);
  });
  return ops.mul(
    ops.square(d),
    terms.reduce((sum, term) => ops.add(sum, term)),
  );
}

const NODES: readonly (readonly [node: number, weight: number])[] = [
  [0.03376524289842403, 0.08566224618958514],
  [0.16939530676686776, 0.18038078652406936],
  [0.38069040695840156, 0.23395696728634552],
  [0.6193095930415985, 0.23395696728634552],
  [0.8306046932331322, 0.18038078652406936],
  [0.9662347571015759, 0.08566224618958514],
];

/** B_2k / (2k)! for k = 1, 2, ...: B(l) = sum of them times l^2k / 2k; at |l| < 1 the next term is below 2^-60. */
const BERNOULLI: readonly number[] = [
  0.08333333333333333, -0.001388888888888889, 3.306878306878307e-5, -8.267195767195768e-7, 2.08767569878681e-8,
  -5.284190138687493e-10, 1.3382536530684679e-11, -3.3896802963225827e-13, 8.586062056277845e-15,
  -2.174868698558062e-16, 5.5090028283602295e-18,
];

/** B(l) = |l| / 2 + log(1 - exp(-|l|)) - log |l|, by its series for |l| < 1. */
function normaliser<T>(ops: ArrayOps<T>, l: T): T {
  return bySeries(ops, l, (k) => 1 / (2 * k), (small) => ops.square(small), (size) => {
    const logs = ops.sub(ops.log(ops.neg(ops.expm1(ops.neg(size)))), ops.log(size));
    return ops.add(ops.mul(ops.scalar(0.5), size), logs);
  });
}

/** B'(l) = coth(l / 2) / 2 - 1 / l: the mean of a continuous Bernoulli less 1/2. */
function normaliserSlope<T>(ops: ArrayOps<T>, l: T): T {
  return bySeries(ops, l, () => 1, (small) => small, (size) => {
    const coth = ops.div(ops.scalar(0.5), ops.tanh(ops.mul(ops.scalar(0.5), size)));
    return ops.mul(ops.sign(l), ops.sub(coth, ops.div(ops.scalar(1), size)));
  });
}

/** B''(l) = 1 / l^2 - exp(-|l|) / (1 - exp(-|l|))^2: its variance. */
function normaliserCurvature<T>(ops: ArrayOps<T>, l: T): T {
  return bySeries(ops, l, (k) => 2 * k - 1, () => ops.scalar(1), (size) => {
    const negative = ops.neg(size);
    const csch = ops.div(ops.exp(negative), ops.square(ops.expm1(negative)));
    return ops.sub(ops.div(ops.scalar(1), ops.square(size)), csch);
  });
}

/** `factor(l)` times the series in l^2 with coefficients `weight(k) B_2k / (2k)!` where |l| < 1, else `far(|l|)`. */
function bySeries<T>(
  ops: ArrayOps<T>,
  l: T,
  weight: (k: number) => number,
  factor: (small: T) => T,
  far: (size: T) => T,
): T {
  const size = ops.abs(l);
  const isNear = ops.greater(ops.scalar(1), size);
  const small = ops.select(isNear, l, ops.scalar(0));
  const coefficients = BERNOULLI.map((coefficient, i) => weight(i + 1) * coefficient);
  const near = ops.mul(factor(small), polynomial(ops, coefficients, ops.square(small)));
  return ops.select(isNear, near, far(ops.select(isNear, ops.scalar(1), size)));
}
