/**
 * Expectations that a cross-entropy asks for beyond mean and variance, elementwise. What a family lacks here has no
 * closed form, or none over the operations that there are.
 */
import type { Families, FamilyName } from "../distributions/distribution.ts";
import { logProb, mean } from "../distributions/operations.ts";
import { EULER, LOG_2, LOG_PI, less, plus, polynomial, times } from "../distributions/support.ts";
import { xLogY } from "../log-space.ts";
import type { MathOps } from "../math-ops.ts";
import { arctangent } from "./arctangent.ts";
import { logNormaliser } from "./continuous-bernoulli.ts";
import { exponentialIntegral } from "./exponential-integral.ts";
import { infinity } from "./infinity.ts";

export interface Moments<F extends FamilyName> {
  /** E[log X] */
  readonly logMean?: <T>(ops: MathOps<T>, p: Families<T>[F]) => T;
  /** Var[log X] */
  readonly logVariance?: <T>(ops: MathOps<T>, p: Families<T>[F]) => T;
  /** E[log(1 - X)] */
  readonly complementLogMean?: <T>(ops: MathOps<T>, p: Families<T>[F]) => T;
  /** E|X - m| */
  readonly deviation?: <T>(ops: MathOps<T>, p: Families<T>[F], m: T) => T;
  /** log E[exp(t X)], t < 0; Infinity where it diverges. */
  readonly logExponential?: <T>(ops: MathOps<T>, p: Families<T>[F], t: T) => T;
  /** E[log(1 + ((X - m) / s)^2)], s > 0 */
  readonly logQuadratic?: <T>(ops: MathOps<T>, p: Families<T>[F], m: T, s: T) => T;
  /** log E[X^k], k > 0 */
  readonly logPower?: <T>(ops: MathOps<T>, p: Families<T>[F], k: T) => T;
}

export const MOMENTS: { readonly [F in FamilyName]?: Moments<F> } = {
  normal: {
    /** sigma sqrt(2 / pi) exp(-d^2 / (2 sigma^2)) + d erf(d / (sigma sqrt 2)), d = mu - m */
    deviation: (ops, { loc, scale }, m) => {
      const z = ops.div(ops.sub(loc, m), scale);
      const density = times(ops, Math.sqrt(2 / Math.PI), ops.exp(times(ops, -0.5, ops.square(z))));
      return ops.mul(scale, ops.add(density, ops.mul(z, ops.erf(times(ops, Math.SQRT1_2, z)))));
    },
    logExponential: (ops, { loc, scale }, t) =>
      ops.add(ops.mul(loc, t), times(ops, 0.5, ops.square(ops.mul(scale, t)))),
  },
  laplace: {
    /** |d| + b exp(-|d| / b) */
    deviation: (ops, { loc, scale }, m) => {
      const d = ops.abs(ops.sub(loc, m));
      return ops.add(d, ops.mul(scale, ops.exp(ops.neg(ops.div(d, scale)))));
    },
    /** mu t - log(1 - b^2 t^2) */
    logExponential: (ops, { loc, scale }, t) => {
      const square = ops.square(ops.mul(scale, t));
      return unlessHeavy(ops, square, (inside) => ops.sub(ops.mul(loc, t), ops.log1p(ops.neg(inside))));
    },
  },
  gumbel: {
    /** E X - m + 2 beta E1(exp((mu - m) / beta)): twice the integral of the distribution function up to m. */
    deviation: (ops, p, m) => {
      const below = ops.mul(p.scale, exponentialIntegral(ops, ops.div(ops.sub(p.loc, m), p.scale)));
      return ops.add(ops.sub(mean(ops, p), m), times(ops, 2, below));
    },
  },
  logistic: {
    /** d + 2 s softplus(-d / s), d = mu - m */
    deviation: (ops, { loc, scale }, m) => {
      const d = ops.sub(loc, m);
      return ops.add(d, times(ops, 2, ops.mul(scale, ops.softplus(ops.neg(ops.div(d, scale))))));
    },
    /** mu t + log B(1 - s t, 1 + s t) */
    logExponential: (ops, { loc, scale }, t) => {
      const slope = ops.abs(ops.mul(scale, t));
      const beta = (inside: typeof t) => ops.logBeta(less(ops, 1, inside), plus(ops, inside, 1));
      return unlessHeavy(ops, slope, (inside) => ops.add(ops.mul(loc, t), beta(inside)));
    },
  },
  cauchy: {
    /** log((g + s)^2 + (x - m)^2) - 2 log s: log|z - i s| is harmonic above the line, where the density is Poisson's kernel. */
    logQuadratic: (ops, { loc, scale }, m, s) => {
      const [height, shift] = [ops.div(scale, s), ops.div(ops.sub(loc, m), s)];
      return ops.log1p(ops.add(ops.mul(height, plus(ops, height, 2)), ops.square(shift)));
    },
  },
  studentT: {
    /** s (z (2 F(z) - 1) + 2 f(z) (nu + z^2) / (nu - 1)), z = (m - mu) / s; Infinity for nu <= 1 */
    deviation: studentDeviation,
  },
  exponential: {
    logMean: (ops, { rate }) => less(ops, -EULER, ops.log(rate)),
    logVariance: (ops) => ops.scalar(Math.PI ** 2 / 6),
    /** m - E X + 2 E X exp(-m / E X) for m > 0 */
    deviation: (ops, p, m) =>
      aboveZero(ops, mean(ops, p), m, (inside) => {
        const average = mean(ops, p);
        const tail = ops.exp(ops.neg(ops.mul(p.rate, inside)));
        return ops.add(ops.sub(inside, average), times(ops, 2, ops.mul(average, tail)));
      }),
    logExponential: (ops, { rate }, t) => ops.neg(ops.log1p(ops.neg(ops.div(t, rate)))),
    logPower: (ops, { rate }, k) => ops.sub(ops.logGamma(plus(ops, k, 1)), ops.mul(k, ops.log(rate))),
  },
  gamma: {
    logMean: (ops, { concentration, rate }) => ops.sub(ops.digamma(concentration), ops.log(rate)),
    logVariance: (ops, { concentration }) => ops.trigamma(concentration),
    deviation: (ops, p, m) =>
      aboveZero(ops, mean(ops, p), m, (inside) => {
        const x = ops.mul(p.rate, inside);
        const partial = ops.gammaP(plus(ops, p.concentration, 1), x);
        return fromPartialMean(ops, mean(ops, p), inside, ops.gammaP(p.concentration, x), partial);
      }),
    logExponential: (ops, { concentration, rate }, t) =>
      ops.neg(ops.mul(concentration, ops.log1p(ops.neg(ops.div(t, rate))))),
    logPower: (ops, { concentration, rate }, k) => {
      const growth = ops.sub(ops.logGamma(ops.add(concentration, k)), ops.logGamma(concentration));
      return ops.sub(growth, ops.mul(k, ops.log(rate)));
    },
  },
  logNormal: {
    logMean: (_ops, { loc }) => loc,
    logVariance: (ops, { scale }) => ops.square(scale),
    deviation: (ops, p, m) =>
      aboveZero(ops, mean(ops, p), m, (inside) => {
        const z = ops.div(ops.sub(ops.log(inside), p.loc), p.scale);
        const cdf = (x: typeof m) => times(ops, 0.5, plus(ops, ops.erf(times(ops, Math.SQRT1_2, x)), 1));
        return fromPartialMean(ops, mean(ops, p), inside, cdf(z), cdf(ops.sub(z, p.scale)));
      }),
    logPower: (ops, { loc, scale }, k) => ops.add(ops.mul(k, loc), times(ops, 0.5, ops.square(ops.mul(k, scale)))),
  },
  weibull: {
    logMean: (ops, { scale, concentration }) => ops.sub(ops.log(scale), ops.div(ops.scalar(EULER), concentration)),
    logVariance: (ops, { concentration }) => ops.div(ops.scalar(Math.PI ** 2 / 6), ops.square(concentration)),
    /** m + E X - 2 E X P(1 / k, (m / scale)^k) for m > 0 */
    deviation: (ops, p, m) =>
      aboveZero(ops, mean(ops, p), m, (inside) => {
        const average = mean(ops, p);
        const power = ops.exp(ops.mul(p.concentration, ops.log(ops.div(inside, p.scale))));
        const share = ops.gammaP(ops.div(ops.scalar(1), p.concentration), power);
        return ops.sub(ops.add(inside, average), times(ops, 2, ops.mul(average, share)));
      }),
    logPower: (ops, { scale, concentration }, k) =>
      ops.add(ops.logGamma(plus(ops, ops.div(k, concentration), 1)), ops.mul(k, ops.log(scale))),
  },
  halfNormal: {
    logMean: (ops, { scale }) => plus(ops, ops.log(scale), -(EULER + LOG_2) / 2),
    logVariance: (ops) => ops.scalar(Math.PI ** 2 / 8),
    deviation: (ops, p, m) =>
      aboveZero(ops, mean(ops, p), m, (inside) => {
        const z = times(ops, Math.SQRT1_2, ops.div(inside, p.scale));
        return fromPartialMean(ops, mean(ops, p), inside, ops.erf(z), ops.neg(ops.expm1(ops.neg(ops.square(z)))));
      }),
    logExponential: (ops, { scale }, t) => {
      const z = ops.mul(scale, t);
      return ops.add(plus(ops, ops.logNormalCdf(z), LOG_2), times(ops, 0.5, ops.square(z)));
    },
    logPower: (ops, { scale }, k) => {
      const gamma = plus(ops, ops.logGamma(times(ops, 0.5, plus(ops, k, 1))), -LOG_PI / 2);
      return ops.add(ops.mul(k, plus(ops, ops.log(scale), LOG_2 / 2)), gamma);
    },
  },
  beta: {
    logMean: (ops, { alpha, beta }) => ops.sub(ops.digamma(alpha), ops.digamma(ops.add(alpha, beta))),
    logVariance: (ops, { alpha, beta }) => ops.sub(ops.trigamma(alpha), ops.trigamma(ops.add(alpha, beta))),
    complementLogMean: (ops, { alpha, beta }) => ops.sub(ops.digamma(beta), ops.digamma(ops.add(alpha, beta))),
    deviation: (ops, p, m) =>
      between(ops, m, ops.scalar(0), ops.scalar(1), (inside) => {
        const partial = ops.betaI(plus(ops, p.alpha, 1), p.beta, inside);
        return fromPartialMean(ops, mean(ops, p), inside, ops.betaI(p.alpha, p.beta, inside), partial);
      }),
    logPower: (ops, { alpha, beta }, k) => {
      const ratio = (x: typeof k) => ops.sub(ops.logGamma(ops.add(x, k)), ops.logGamma(x));
      return ops.sub(ratio(alpha), ratio(ops.add(alpha, beta)));
    },
  },
  continuousBernoulli: {
    deviation: (ops, p, m) =>
      between(ops, m, ops.scalar(0), ops.scalar(1), (inside) => tiltedDeviation(ops, p, inside)),
    logExponential: (ops, { logits }, t) => ops.sub(logNormaliser(ops, ops.add(logits, t)), logNormaliser(ops, logits)),
  },
  uniform: {
    logMean: (ops, p) =>
      plus(
        ops,
        average(ops, p, (x) => xLogY(ops, x, x)),
        -1,
      ),
    /** The mean of (log X)^2, whose antiderivative is x log^2 x - 2 x log x + 2 x, less the square of the mean. */
    logVariance: (ops, p) => {
      const first = average(ops, p, (x) => xLogY(ops, x, x));
      const second = average(ops, p, (x) => ops.mul(xLogY(ops, x, x), safeLog(ops, x)));
      return plus(ops, ops.sub(second, ops.square(first)), 1);
    },
    complementLogMean: (ops, { low, high }) => {
      const mirrored = { family: "uniform", low: less(ops, 1, high), high: less(ops, 1, low) } as const;
      return plus(
        ops,
        average(ops, mirrored, (x) => xLogY(ops, x, x)),
        -1,
      );
    },
    deviation: (ops, { low, high }, m) =>
      between(ops, m, low, high, (inside) => {
        const squares = ops.add(ops.square(ops.sub(inside, low)), ops.square(ops.sub(high, inside)));
        return times(ops, 0.5, ops.div(squares, ops.sub(high, low)));
      }),
    /** The mean of log(1 + z^2), whose antiderivative is z log(1 + z^2) - 2 z + 2 arctan z. */
    logQuadratic: (ops, { low, high }, m, s) => {
      const standard = (x: typeof m) => ops.div(ops.sub(x, m), s);
      const ends = { family: "uniform", low: standard(low), high: standard(high) } as const;
      const sum = (z: typeof m) =>
        ops.add(ops.mul(z, ops.log1p(ops.square(z))), times(ops, 2, ops.sub(arctangent(ops, z), z)));
      return average(ops, ends, sum);
    },
    /** low t + log((1 - exp(-w)) / w), w = -t (high - low) */
    logExponential: (ops, { low, high }, t) => {
      const w = ops.neg(ops.mul(t, ops.sub(high, low)));
      return ops.add(ops.mul(low, t), ops.log(ops.div(ops.neg(ops.expm1(ops.neg(w))), w)));
    },
    /** k log high + log((1 - r^(k + 1)) / ((1 - r) (k + 1))), r = low / high */
    logPower: (ops, { low, high }, k) => {
      const next = plus(ops, k, 1);
      const isAbove = ops.greater(low, ops.scalar(0));
      const ratio = ops.div(ops.select(isAbove, low, high), high);
      const gone = ops.select(isAbove, ops.neg(ops.expm1(ops.mul(next, ops.log(ratio)))), ops.scalar(1));
      const share = ops.div(gone, ops.mul(next, ops.div(ops.sub(high, low), high)));
      return ops.add(ops.mul(k, ops.log(high)), ops.log(share));
    },
  },
};

/** E X - m + 2 (m F(m) - E X G(m)) with F(m) = P(X <= m) and G(m) = E[X; X <= m] / E X. */
function fromPartialMean<T>(ops: MathOps<T>, average: T, m: T, below: T, partial: T): T {
  const twice = times(ops, 2, ops.sub(ops.mul(m, below), ops.mul(average, partial)));
  return ops.add(ops.sub(average, m), twice);
}

/** E|X - m| from its formula inside the support: outside it is what it is at the border, and the way there. */
function between<T>(ops: MathOps<T>, m: T, low: T, high: T, formula: (inside: T) => T): T {
  const inside = ops.minimum(ops.maximum(m, low), high);
  return ops.add(formula(inside), ops.abs(ops.sub(m, inside)));
}

/** E|X - m| of X > 0 from its formula for m > 0. */
function aboveZero<T>(ops: MathOps<T>, average: T, m: T, formula: (inside: T) => T): T {
  const isAbove = ops.greater(m, ops.scalar(0));
  return ops.select(isAbove, formula(ops.select(isAbove, m, ops.scalar(1))), ops.sub(average, m));
}

/** `formula` of what is below 1; Infinity from 1 on, where the tail is too heavy. */
function unlessHeavy<T>(ops: MathOps<T>, slope: T, formula: (inside: T) => T): T {
  const isLight = ops.greater(ops.scalar(1), slope);
  return ops.select(isLight, formula(ops.select(isLight, slope, ops.scalar(0))), infinity(ops));
}

/** (g(high) - g(low)) / (high - low) */
function average<T>(ops: MathOps<T>, { low, high }: Families<T>["uniform"], g: (x: T) => T): T {
  return ops.div(ops.sub(g(high), g(low)), ops.sub(high, low));
}

/** log x, and 0 where x is 0. */
const safeLog = <T>(ops: MathOps<T>, x: T): T => ops.log(ops.select(ops.equal(x, ops.scalar(0)), ops.scalar(1), x));

/** The density comes from log f; z (2 F(z) - 1) is |z| times a beta probability. */
function studentDeviation<T>(ops: MathOps<T>, p: Families<T>["studentT"], m: T): T {
  const square = ops.square(ops.div(ops.sub(m, p.loc), p.scale));
  const spread = ops.add(p.df, square);
  const centre = ops.betaI(ops.scalar(0.5), times(ops, 0.5, p.df), ops.div(square, spread));
  const density = ops.mul(p.scale, ops.exp(logProb(ops, p, m)));
  const above = plus(ops, p.df, -1);
  const hasMean = ops.greater(above, ops.scalar(0));
  const tail = ops.mul(density, ops.div(spread, ops.select(hasMean, above, ops.scalar(1))));
  const value = ops.add(ops.mul(ops.sqrt(square), centre), times(ops, 2, tail));
  return ops.select(hasMean, ops.mul(p.scale, value), infinity(ops));
}

/**
 * E|X - m| of 0 <= m <= 1, at the logit -|l|, with 1 - X and 1 - m for X and m where l > 0: E X - m, and twice the integral
 * of the distribution function up to m, which is m^2 (exp(x) - 1 - x) / x^2 at x = -|l| m over (1 - exp(-|l|)) / |l|.
 */
function tiltedDeviation<T>(ops: MathOps<T>, { logits }: Families<T>["continuousBernoulli"], m: T): T {
  const size = ops.abs(logits);
  const inside = ops.select(ops.greater(logits, ops.scalar(0)), less(ops, 1, m), m);
  const isZero = ops.equal(size, ops.scalar(0));
  const safe = ops.select(isZero, ops.scalar(1), size);
  const mass = ops.select(isZero, ops.scalar(1), ops.div(ops.neg(ops.expm1(ops.neg(safe))), safe));
  const below = ops.div(ops.mul(ops.square(inside), secondRemainder(ops, ops.neg(ops.mul(size, inside)))), mass);
  const average = mean(ops, { family: "continuousBernoulli", logits: ops.neg(size) });
  return ops.add(ops.sub(average, inside), times(ops, 2, below));
}

/** (exp(x) - 1 - x) / x^2, by its series 1 / 2 + x / 6 + ... for |x| < 1. */
function secondRemainder<T>(ops: MathOps<T>, x: T): T {
  const isNear = ops.greater(ops.scalar(1), ops.abs(x));
  const [near, far] = [ops.select(isNear, x, ops.scalar(0)), ops.select(isNear, ops.scalar(1), x)];
  const plain = ops.div(ops.sub(ops.expm1(far), far), ops.square(far));
  return ops.select(isNear, polynomial(ops, near, INVERSE_FACTORIALS), plain);
}

/** 1 / 2!, 1 / 3!, ...; at 1 the first one left out is 2^-62 of the sum. */
const INVERSE_FACTORIALS: readonly number[] = inverseFactorials(18);

function inverseFactorials(count: number): number[] {
  let factorial = 1;
  return Array.from({ length: count }, (_, k) => 1 / (factorial *= k + 2));
}
