/** KLs of two families of which one holds a member of the other: exactly 0 where they are the same. */
import type { Bernoulli } from "../distributions/bernoulli.ts";
import type { Beta } from "../distributions/beta.ts";
import type { Binomial } from "../distributions/binomial.ts";
import type { ContinuousBernoulli } from "../distributions/continuous-bernoulli.ts";
import type { Exponential } from "../distributions/exponential.ts";
import type { Gamma } from "../distributions/gamma.ts";
import { entropy, logProb, mean } from "../distributions/operations.ts";
import type { Poisson } from "../distributions/poisson.ts";
import type { StudentT } from "../distributions/student-t.ts";
import type { Normal } from "../distributions/normal.ts";
import type { Uniform } from "../distributions/uniform.ts";
import type { Weibull } from "../distributions/weibull.ts";
import type { MathOps } from "../math-ops.ts";
import { klContinuousBernoulli } from "./continuous-bernoulli.ts";
import { crossKl } from "./cross.ts";
import { klBeta, klGamma } from "./gamma.ts";
import { infinity, notNegative } from "./infinity.ts";
import { klWeibull } from "./location-scale.ts";
import { logRatio } from "./remainders.ts";
import { isContained } from "./supports.ts";

const asGamma = <T>(ops: MathOps<T>, { rate }: Exponential<T>): Gamma<T> => ({
  family: "gamma",
  concentration: ops.scalar(1),
  rate,
});

const asWeibull = <T>(ops: MathOps<T>, { rate }: Exponential<T>): Weibull<T> => ({
  family: "weibull",
  concentration: ops.scalar(1),
  scale: ops.div(ops.scalar(1), rate),
});

export const klExponentialGamma = <T>(ops: MathOps<T>, p: Exponential<T>, q: Gamma<T>): T =>
  klGamma(ops, asGamma(ops, p), q);
export const klGammaExponential = <T>(ops: MathOps<T>, p: Gamma<T>, q: Exponential<T>): T =>
  klGamma(ops, p, asGamma(ops, q));
export const klExponentialWeibull = <T>(ops: MathOps<T>, p: Exponential<T>, q: Weibull<T>): T =>
  klWeibull(ops, asWeibull(ops, p), q);
export const klWeibullExponential = <T>(ops: MathOps<T>, p: Weibull<T>, q: Exponential<T>): T =>
  klWeibull(ops, p, asWeibull(ops, q));

/** log of the ratio of the widths, where q covers p. */
export function klUniform<T>(ops: MathOps<T>, p: Uniform<T>, q: Uniform<T>): T {
  const ratio = logRatio(ops, ops.sub(q.high, q.low), ops.sub(p.high, p.low));
  return ops.select(isContained(ops, p, q), notNegative(ops, ratio), infinity(ops));
}

/** What p is away from the uniform distribution on [0, 1], and the logarithm of q's width, where q covers that. */
export function klBetaUniform<T>(ops: MathOps<T>, p: Beta<T>, q: Uniform<T>): T {
  const flat = klBeta(ops, p, { family: "beta", alpha: ops.scalar(1), beta: ops.scalar(1) });
  return covered(ops, flat, p, q);
}

export function klContinuousBernoulliUniform<T>(ops: MathOps<T>, p: ContinuousBernoulli<T>, q: Uniform<T>): T {
  return covered(ops, klContinuousBernoulli(ops, p, { family: "continuousBernoulli", logits: ops.scalar(0) }), p, q);
}

function covered<T>(ops: MathOps<T>, flat: T, p: Beta<T> | ContinuousBernoulli<T>, q: Uniform<T>): T {
  const width = ops.log(ops.sub(q.high, q.low));
  return ops.select(isContained(ops, p, q), ops.add(flat, width), infinity(ops));
}

/** Infinity unless p has a variance. */
export function klStudentTNormal<T>(ops: MathOps<T>, p: StudentT<T>, q: Normal<T>): T {
  const isLight = ops.greater(p.df, ops.scalar(2));
  const df = ops.select(isLight, p.df, ops.scalar(3));
  return ops.select(isLight, crossKl(ops, { ...p, df }, q), infinity(ops));
}

/** rate - E X log rate less the entropy of p, as 0! = 1! = 1. */
export function klBernoulliPoisson<T>(ops: MathOps<T>, p: Bernoulli<T>, q: Poisson<T>): T {
  const cross = ops.sub(q.rate, ops.mul(mean(ops, p), ops.log(q.rate)));
  return notNegative(ops, ops.sub(cross, entropy(ops, p)));
}

/** Over the outcomes 0 and 1; Infinity where q has no trial. */
export function klBernoulliBinomial<T>(ops: MathOps<T>, p: Bernoulli<T>, q: Binomial<T>): T {
  const [none, one] = [ops.scalar(0), ops.scalar(1)];
  const hasTrial = ops.greater(q.trials, none);
  const safe: Binomial<T> = { ...q, trials: ops.maximum(q.trials, one) };
  const hit = mean(ops, p);
  const logHit = ops.mul(hit, logProb(ops, safe, one));
  const logMiss = ops.mul(ops.sub(one, hit), logProb(ops, safe, none));
  const kl = ops.sub(ops.neg(ops.add(logHit, logMiss)), entropy(ops, p));
  return ops.select(hasTrial, notNegative(ops, kl), infinity(ops));
}
