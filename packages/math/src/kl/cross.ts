/** KL(p || q) of different families of one number: the cross-entropy E_p[-log q(X)] less the entropy of p, in nats. */
import type { Families, FamilyName } from "../distributions/distribution.ts";
import { FAMILIES } from "../distributions/families.ts";
import type { Formulas } from "../distributions/formulas.ts";
import { entropy, mean, variance } from "../distributions/operations.ts";
import { LOG_2, LOG_PI, plus, times } from "../distributions/support.ts";
import { LOG_2_PI } from "../gaussian.ts";
import type { MathOps } from "../math-ops.ts";
import { logNormaliser } from "./continuous-bernoulli.ts";
import { notNegative } from "./infinity.ts";
import { MOMENTS } from "./moments.ts";
import type { Moments } from "./moments.ts";

/** A distribution of one number, seen as what cross-entropies ask of it. */
interface Expectations<T> {
  readonly mean: () => T;
  readonly variance: () => T;
  readonly logMean: () => T;
  readonly logVariance: () => T;
  readonly complementLogMean: () => T;
  readonly deviation: (m: T) => T;
  readonly logExponential: (t: T) => T;
  readonly logQuadratic: (m: T, s: T) => T;
  readonly logPower: (k: T) => T;
}

interface CrossEntropy<F extends FamilyName> {
  /** The expectations that it asks for. */
  readonly asks: readonly (keyof Expectations<unknown>)[];
  readonly value: <T>(ops: MathOps<T>, of: Expectations<T>, q: Families<T>[F]) => T;
}

/** E_p[-log q(X)], by the family of q. */
const CROSS_ENTROPIES: { readonly [F in FamilyName]?: CrossEntropy<F> } = {
  /** (log 2 pi + (Var X + (E X - mu)^2) / sigma^2) / 2 + log sigma */
  normal: {
    asks: ["mean", "variance"],
    value: (ops, of, { loc, scale }) => normalCross(ops, of.mean(), of.variance(), loc, scale),
  },
  /** log 2 b + E|X - mu| / b */
  laplace: {
    asks: ["deviation"],
    value: (ops, of, { loc, scale }) => ops.add(plus(ops, ops.log(scale), LOG_2), ops.div(of.deviation(loc), scale)),
  },
  /** log beta + (E X - mu) / beta + E exp(-(X - mu) / beta) */
  gumbel: {
    asks: ["mean", "logExponential"],
    value: (ops, of, { loc, scale }) => {
      const tail = ops.add(of.logExponential(ops.div(ops.scalar(-1), scale)), ops.div(loc, scale));
      return ops.add(ops.add(ops.log(scale), ops.div(ops.sub(of.mean(), loc), scale)), ops.exp(tail));
    },
  },
  /** log(pi g) + E log(1 + ((X - x) / g)^2) */
  cauchy: {
    asks: ["logQuadratic"],
    value: (ops, of, { loc, scale }) => ops.add(plus(ops, ops.log(scale), LOG_PI), of.logQuadratic(loc, scale)),
  },
  /** log(s sqrt(nu) B(1/2, nu / 2)) + (nu + 1) / 2 E log(1 + (X - mu)^2 / (nu s^2)) */
  studentT: {
    asks: ["logQuadratic"],
    value: (ops, of, { df, loc, scale }) => {
      const width = ops.mul(scale, ops.sqrt(df));
      const constant = ops.add(ops.log(width), ops.logBeta(ops.scalar(0.5), times(ops, 0.5, df)));
      return ops.add(constant, ops.mul(times(ops, 0.5, plus(ops, df, 1)), of.logQuadratic(loc, width)));
    },
  },
  exponential: {
    asks: ["mean"],
    value: (ops, of, { rate }) => ops.sub(ops.mul(rate, of.mean()), ops.log(rate)),
  },
  /** log Gamma(a) - a log b - (a - 1) E log X + b E X */
  gamma: {
    asks: ["mean", "logMean"],
    value: (ops, of, { concentration: a, rate: b }) => {
      const constant = ops.sub(ops.logGamma(a), ops.mul(a, ops.log(b)));
      return ops.add(constant, ops.sub(ops.mul(b, of.mean()), ops.mul(plus(ops, a, -1), of.logMean())));
    },
  },
  /** the normal's of log X, and E log X */
  logNormal: {
    asks: ["logMean", "logVariance"],
    value: (ops, of, { loc, scale }) =>
      ops.add(of.logMean(), normalCross(ops, of.logMean(), of.logVariance(), loc, scale)),
  },
  /** log(s / k) - (k - 1) (E log X - log s) + E (X / s)^k */
  weibull: {
    asks: ["logMean", "logPower"],
    value: (ops, of, { scale, concentration: k }) => {
      const logScale = ops.log(scale);
      const power = ops.exp(ops.sub(of.logPower(k), ops.mul(k, logScale)));
      const logs = ops.mul(plus(ops, k, -1), ops.sub(of.logMean(), logScale));
      return ops.add(ops.sub(ops.sub(logScale, ops.log(k)), logs), power);
    },
  },
  /** log(pi / 2) / 2 + log sigma + E X^2 / (2 sigma^2) */
  halfNormal: {
    asks: ["mean", "variance"],
    value: (ops, of, { scale }) => plus(ops, normalCross(ops, of.mean(), of.variance(), ops.scalar(0), scale), -LOG_2),
  },
  /** log B(a, b) - (a - 1) E log X - (b - 1) E log(1 - X) */
  beta: {
    asks: ["logMean", "complementLogMean"],
    value: (ops, of, { alpha, beta }) => {
      const left = ops.mul(plus(ops, alpha, -1), of.logMean());
      const right = ops.mul(plus(ops, beta, -1), of.complementLogMean());
      return ops.sub(ops.sub(ops.logBeta(alpha, beta), left), right);
    },
  },
  /** A(l) - l E X */
  continuousBernoulli: {
    asks: ["mean"],
    value: (ops, of, { logits }) => ops.sub(logNormaliser(ops, logits), ops.mul(logits, of.mean())),
  },
  uniform: { asks: [], value: (ops, _of, { low, high }) => ops.log(ops.sub(high, low)) },
};

function normalCross<T>(ops: MathOps<T>, average: T, spread: T, loc: T, scale: T): T {
  const squares = ops.add(spread, ops.square(ops.sub(average, loc)));
  const half = times(ops, 0.5, plus(ops, ops.div(squares, ops.square(scale)), LOG_2_PI));
  return ops.add(half, ops.log(scale));
}

const FORMULAS: { readonly [F in FamilyName]?: Formulas<F> } = FAMILIES;

/** Whether p's expectations are enough for the cross-entropy to q. */
export function hasCrossEntropy(p: FamilyName, q: FamilyName): boolean {
  const asks = CROSS_ENTROPIES[q]?.asks;
  const known: Partial<Record<string, unknown>> = { ...FORMULAS[p], ...MOMENTS[p] };
  return asks !== undefined && known["entropy"] !== undefined && asks.every((name) => known[name] !== undefined);
}

/** The cross-entropy less the entropy, which cancel where p and q are near each other. */
export function crossKl<T>(ops: MathOps<T>, p: Families<T>[FamilyName], q: Families<T>[FamilyName]): T {
  const { value } = CROSS_ENTROPIES[q.family] as CrossEntropy<FamilyName>;
  return notNegative(ops, ops.sub(value(ops, expectationsOf(ops, p), q), entropy(ops, p)));
}

function expectationsOf<T>(ops: MathOps<T>, p: Families<T>[FamilyName]): Expectations<T> {
  const moments = (MOMENTS[p.family] ?? {}) as Required<Moments<FamilyName>>;
  return {
    mean: () => mean(ops, p),
    variance: () => variance(ops, p),
    logMean: () => moments.logMean(ops, p),
    logVariance: () => moments.logVariance(ops, p),
    complementLogMean: () => moments.complementLogMean(ops, p),
    deviation: (m) => moments.deviation(ops, p, m),
    logExponential: (t) => moments.logExponential(ops, p, t),
    logQuadratic: (m, s) => moments.logQuadratic(ops, p, m, s),
    logPower: (k) => moments.logPower(ops, p, k),
  };
}
