import type { ArrayOps } from "../array-ops.ts";
import { FINITE, requireParameters } from "./parameters.ts";
import type { Domains } from "./parameters.ts";
import type { Formulas } from "./formulas.ts";
import { atLeast, less, plus, polynomial, times, within } from "./support.ts";

/** A density on [0, 1] proportional to p^x (1 - p)^(1 - x) with p = s(logits), elementwise (Loaiza-Ganem and Cunningham 2019). */
export interface ContinuousBernoulli<T> {
  readonly family: "continuousBernoulli";
  readonly logits: T;
}

const DOMAINS: Domains<ContinuousBernoulliParameters<unknown>> = { logits: FINITE };

type ContinuousBernoulliParameters<T> = Omit<ContinuousBernoulli<T>, "family">;

/** @throws TypeError, RangeError naming the parameter that is no array, out of its domain or of a shape that does not broadcast. */
export function continuousBernoulli<T>(
  ops: ArrayOps<T>,
  { logits }: ContinuousBernoulliParameters<T>,
): ContinuousBernoulli<T> {
  requireParameters(ops, "continuousBernoulli", { logits }, DOMAINS);
  return { family: "continuousBernoulli", logits };
}

/**
 * With the logit l, log p(x) = l x - A(l), A(l) = log((exp(l) - 1) / l) = l / 2 + log(sinh(l / 2) / (l / 2)); mean and variance
 * are A' and A''. Each is even or odd about l = 0 (p = 1/2), where its plain form is 0 / 0 or the difference of two
 * infinities: there it is the series sum B_2n / (2n (2n)!) l^2n and its derivatives, for |l| < 1 right to float64.
 */
export const continuousBernoulliFormulas: Formulas<"continuousBernoulli"> = {
  /** l (x - 1/2) - log(sinh(l / 2) / (l / 2)), of x in [0, 1] */
  logProb: (ops, { logits: l }, x) => {
    const isInside = ops.mul(atLeast(ops, x, ops.scalar(0)), atLeast(ops, ops.scalar(1), x));
    return within(ops, isInside, ops.sub(ops.mul(l, plus(ops, x, -0.5)), logSinhc(ops, l)));
  },
  /** A(l) - l mean(l), at -|l| instead of l, which has the same entropy and whose terms do not cancel. */
  entropy: (ops, { logits: l }) => {
    const { isNear, near, far } = regions(ops, l);
    const nearValue = ops.sub(logSinhc(ops, near), ops.mul(near, nearTilt(ops, near)));
    const logMass = ops.log(ops.div(ops.neg(ops.expm1(ops.neg(far))), far));
    return ops.select(isNear, nearValue, ops.add(logMass, ops.mul(far, lowMean(ops, far))));
  },
  mean: (ops, { logits: l }) => {
    const { isNear, near, far } = regions(ops, l);
    const low = lowMean(ops, far);
    const farMean = ops.select(ops.greater(l, ops.scalar(0)), less(ops, 1, low), low);
    return ops.select(isNear, plus(ops, nearTilt(ops, near), 0.5), farMean);
  },
  /** 1 / l^2 - exp(-|l|) / (1 - exp(-|l|))^2 */
  variance: (ops, { logits: l }) => {
    const { isNear, near, far } = regions(ops, l);
    const coefficients = SERIES.map((c, i) => c * (2 * i + 2) * (2 * i + 1));
    const plain = ops.sub(
      ops.square(ops.div(ops.scalar(1), far)),
      ops.div(ops.exp(ops.neg(far)), ops.square(ops.expm1(ops.neg(far)))),
    );
    return ops.select(isNear, polynomial(ops, ops.square(near), coefficients), plain);
  },
  /** (exp(l x) - 1) / (exp(l) - 1), at -|l|, with 1 - x for x where l > 0. */
  cdf: (ops, { logits: l }, x) => {
    const inside = ops.minimum(ops.relu(x), ops.scalar(1));
    return mirrored(ops, l, inside, (t, y) => ops.div(ops.expm1(ops.neg(ops.mul(t, y))), ops.expm1(ops.neg(t))));
  },
  /** log(1 + u (exp(l) - 1)) / l, at -|l|, with 1 - u for u where l > 0. */
  inverseCdf: (ops, { logits: l }, u) => {
    const isNear = ops.greater(ops.scalar(NEAR_ZERO), ops.abs(l));
    const near = ops.select(isNear, l, ops.scalar(0));
    const far = mirrored(ops, ops.select(isNear, ops.scalar(1), l), u, (t, v) => {
      return ops.neg(ops.div(ops.log1p(ops.mul(v, ops.expm1(ops.neg(t)))), t));
    });
    return ops.select(isNear, cumulants(ops, u, near), far);
  },
};

/** B_2n / (2n (2n)!) for n = 1, 2, ...; at |l| = 1 the first one left out is 2.5e-19. */
const SERIES: readonly number[] = [
  1 / 24,
  -1 / 2880,
  1 / 181440,
  -1 / 9676800,
  1 / 479001600,
  -691 / 15692092416000,
  1 / 1046139494400,
  -3617 / 170729965486080000,
  43867 / 91963695909076992000,
  -174611 / 16057153253965824000000,
];

/** Where the series serves; |l| for it, and for the plain form, each harmless where it is not taken. */
function regions<T>(ops: ArrayOps<T>, l: T): { readonly isNear: T; readonly near: T; readonly far: T } {
  const isNear = ops.greater(ops.scalar(1), ops.abs(l));
  return { isNear, near: ops.select(isNear, l, ops.scalar(0)), far: ops.select(isNear, ops.scalar(1), ops.abs(l)) };
}

/** log(sinh(l / 2) / (l / 2)) = |l| / 2 + log(1 - exp(-|l|)) - log |l| */
function logSinhc<T>(ops: ArrayOps<T>, l: T): T {
  const { isNear, near, far } = regions(ops, l);
  const square = ops.square(near);
  const logRatio = ops.log(ops.div(ops.neg(ops.expm1(ops.neg(far))), far));
  return ops.select(isNear, ops.mul(square, polynomial(ops, square, SERIES)), ops.add(times(ops, 0.5, far), logRatio));
}

/** The mean less 1/2, for |l| < 1. */
function nearTilt<T>(ops: ArrayOps<T>, near: T): T {
  const coefficients = SERIES.map((c, i) => c * (2 * i + 2));
  return ops.mul(near, polynomial(ops, ops.square(near), coefficients));
}

/** The mean at -t, t >= 1: 1 / t - exp(-t) / (1 - exp(-t)) */
function lowMean<T>(ops: ArrayOps<T>, t: T): T {
  const tail = ops.div(ops.exp(ops.neg(t)), ops.expm1(ops.neg(t)));
  return ops.add(ops.div(ops.scalar(1), t), tail);
}

/** f(|l|, y) where l <= 0, and 1 - f(|l|, 1 - y) where l > 0; y itself where l is 0. */
function mirrored<T>(ops: ArrayOps<T>, l: T, y: T, f: (t: T, y: T) => T): T {
  const isPositive = ops.greater(l, ops.scalar(0));
  const isZero = ops.equal(l, ops.scalar(0));
  const t = ops.select(isZero, ops.scalar(TINY), ops.abs(l));
  const value = f(t, ops.select(isPositive, less(ops, 1, y), y));
  return ops.select(isPositive, less(ops, 1, value), value);
}

/** A logit so small that it makes no difference, and large enough for float32. */
const TINY = 1e-30;

/** Below it log(1 + u (exp(l) - 1)) / l is summed from cumulants; the first one left out is l^6 / 5040 of the first. */
const NEAR_ZERO = 2 ** -7;

/** The cumulants of a Bernoulli variable with mean u: sum k_n l^(n-1) / n!, n = 1 to 6; with v = u (1 - u) */
function cumulants<T>(ops: ArrayOps<T>, u: T, l: T): T {
  const v = ops.mul(u, less(ops, 1, u));
  const skew = less(ops, 1, times(ops, 2, u));
  const k4 = polynomial(ops, v, [1, -6]);
  const k5 = ops.mul(skew, polynomial(ops, v, [1, -12]));
  const k6 = polynomial(ops, v, [1, -30, 120]);
  const terms = [times(ops, 1 / 720, k6), times(ops, 1 / 120, k5), times(ops, 1 / 24, k4), times(ops, 1 / 6, skew)];
  const inner = terms.reduce((sum, term) => ops.add(ops.mul(sum, l), term));
  return ops.add(u, ops.mul(ops.mul(v, l), plus(ops, ops.mul(inner, l), 0.5)));
}
