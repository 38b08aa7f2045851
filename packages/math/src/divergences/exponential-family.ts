/**
 * Distributions with density h(x) exp(theta . t(x) - A(theta)), by their natural parameters theta, their log-partition A
 * and the expectations of t, which are the slopes of A. Divergences within such a family follow from A alone.
 */
import type { ArrayOps } from "../array-ops.ts";
import type { Distribution, Families, FamilyName } from "../distributions/distribution.ts";
import { mean, variance } from "../distributions/operations.ts";
import { requireDistribution } from "../distributions/parameters.ts";
import { plus, times } from "../distributions/support.ts";
import { IsthmusError } from "../errors.ts";
import { logNormaliser } from "../kl/continuous-bernoulli.ts";
import { infinity } from "../kl/infinity.ts";
import { MOMENTS } from "../kl/moments.ts";
import { logSumExp } from "../log-space.ts";
import type { MathOps } from "../math-ops.ts";

interface ExponentialFamily<F extends FamilyName> {
  readonly natural: <T>(ops: MathOps<T>, p: Families<T>[F]) => readonly T[];
  /** Expectations of the statistics that go with `natural`, in the same order. */
  readonly expectations: <T>(ops: MathOps<T>, p: Families<T>[F]) => readonly T[];
  readonly logPartition: <T>(ops: MathOps<T>, theta: readonly T[]) => T;
  /** What is positive exactly where theta has a distribution; nothing where it always has one. */
  readonly domain?: <T>(ops: MathOps<T>, theta: readonly T[]) => readonly T[];
  /** Whether theta has its event on the last axis, over which A and theta . t are sums. */
  readonly hasEvent?: boolean;
}

const FAMILIES: { readonly [F in FamilyName]?: ExponentialFamily<F> } = {
  bernoulli: {
    natural: (_ops, { logits }) => [logits],
    expectations: (ops, p) => [mean(ops, p)],
    logPartition: (ops, [l]) => ops.softplus(l!),
  },
  categorical: {
    natural: (_ops, { logits }) => [logits],
    expectations: (ops, { logits }) => [ops.softmax(logits)],
    logPartition: (ops, [l]) => logSumExp(ops, l!, { axes: [-1] }),
    hasEvent: true,
  },
  continuousBernoulli: {
    natural: (_ops, { logits }) => [logits],
    expectations: (ops, p) => [mean(ops, p)],
    logPartition: (ops, [l]) => logNormaliser(ops, l!),
  },
  poisson: {
    natural: (ops, { rate }) => [ops.log(rate)],
    expectations: (_ops, { rate }) => [rate],
    logPartition: (ops, [l]) => ops.exp(l!),
  },
  exponential: {
    natural: (ops, { rate }) => [ops.neg(rate)],
    expectations: (ops, p) => [mean(ops, p)],
    logPartition: (ops, [l]) => ops.neg(ops.log(ops.neg(l!))),
    domain: (ops, [l]) => [ops.neg(l!)],
  },
  gamma: {
    natural: (ops, { concentration, rate }) => [concentration, ops.neg(rate)],
    expectations: (ops, p) => [MOMENTS.gamma!.logMean!(ops, p), mean(ops, p)],
    logPartition: (ops, [a, l]) => ops.sub(ops.logGamma(a!), ops.mul(a!, ops.log(ops.neg(l!)))),
    domain: (ops, [a, l]) => [a!, ops.neg(l!)],
  },
  beta: {
    natural: (_ops, { alpha, beta }) => [alpha, beta],
    expectations: (ops, p) => [MOMENTS.beta!.logMean!(ops, p), MOMENTS.beta!.complementLogMean!(ops, p)],
    logPartition: (ops, [a, b]) => ops.logBeta(a!, b!),
    domain: (_ops, theta) => theta,
  },
  dirichlet: {
    natural: (_ops, { concentration }) => [concentration],
    expectations: (ops, { concentration }) => {
      const total = ops.sum(concentration, { axes: [-1], keepDims: true });
      return [ops.sub(ops.digamma(concentration), ops.digamma(total))];
    },
    logPartition: (ops, [a]) => {
      const total = ops.sum(a!, { axes: [-1] });
      return ops.sub(ops.sum(ops.logGamma(a!), { axes: [-1] }), ops.logGamma(total));
    },
    domain: (_ops, theta) => theta,
    hasEvent: true,
  },
  normal: {
    natural: (ops, { loc, scale }) => naturalOf(ops, loc, ops.square(scale)),
    expectations: (ops, { loc, scale }) => [loc, ops.add(ops.square(loc), ops.square(scale))],
    logPartition: gaussianPartition,
    domain: precisionOf,
  },
  logNormal: {
    natural: (ops, { loc, scale }) => naturalOf(ops, loc, ops.square(scale)),
    expectations: (ops, { loc, scale }) => [loc, ops.add(ops.square(loc), ops.square(scale))],
    logPartition: gaussianPartition,
    domain: precisionOf,
  },
  diagonalNormal: {
    natural: (ops, { mu, logVar }) => naturalOf(ops, mu, ops.exp(logVar)),
    expectations: (ops, p) => [p.mu, ops.add(ops.square(p.mu), variance(ops, p))],
    logPartition: (ops, theta) => ops.sum(gaussianPartition(ops, theta), { axes: [-1] }),
    domain: precisionOf,
    hasEvent: true,
  },
  halfNormal: {
    natural: (ops, { scale }) => [naturalOf(ops, scale, ops.square(scale))[1]!],
    expectations: (ops, { scale }) => [ops.square(scale)],
    logPartition: (ops, [l]) => times(ops, -0.5, ops.log(times(ops, -2, l!))),
    domain: (ops, [l]) => [times(ops, -2, l!)],
  },
};

/** mu / sigma^2 and -1 / (2 sigma^2) */
function naturalOf<T>(ops: ArrayOps<T>, mu: T, spread: T): readonly T[] {
  return [ops.div(mu, spread), ops.div(ops.scalar(-0.5), spread)];
}

/** 1 / sigma^2 = -2 theta_2 */
function precisionOf<T>(ops: ArrayOps<T>, [, second]: readonly T[]): readonly T[] {
  return [times(ops, -2, second!)];
}

/** (theta_1^2 / precision - log precision) / 2 */
function gaussianPartition<T>(ops: ArrayOps<T>, theta: readonly T[]): T {
  const [precision] = precisionOf(ops, theta) as [T];
  return times(ops, 0.5, ops.sub(ops.div(ops.square(theta[0]!), precision), ops.log(precision)));
}

/** The names of the families that {@link klBregman} and `renyiDivergence` know. */
export const EXPONENTIAL_FAMILIES: readonly FamilyName[] = Object.keys(FAMILIES) as FamilyName[];

/** @throws TypeError naming what is no distribution; IsthmusError `DIVERGENCE_NO_CLOSED_FORM` unless both are of one exponential family. */
function familyOf<T>(operation: string, p: Distribution<T>, q: Distribution<T>): ExponentialFamily<FamilyName> {
  requireDistribution("p", p);
  requireDistribution("q", q);
  const family = p.family === q.family ? FAMILIES[p.family] : undefined;
  if (family !== undefined) return family as ExponentialFamily<FamilyName>;
  throw new IsthmusError(
    "DIVERGENCE_NO_CLOSED_FORM",
    `${operation}(${p.family}, ${q.family}): expected two of one exponential family: ${EXPONENTIAL_FAMILIES.join(", ")}`,
    { operation, p: p.family, q: q.family },
  );
}

/**
 * KL(p || q) of two members of one exponential family as how far A at q's parameters is above its tangent at p's (a Bregman
 * divergence), in nats:
 *
 *     A(theta_q) - A(theta_p) - (theta_q - theta_p) . E_p[t(X)]
 *
 * The terms cancel where p and q are near each other; `kl` has forms that do not. This one is the check of those.
 *
 * @throws TypeError naming what is no distribution; IsthmusError `DIVERGENCE_NO_CLOSED_FORM` unless both are of one
 * exponential family.
 */
export function klBregman<T>(ops: MathOps<T>, p: Distribution<T>, q: Distribution<T>): T {
  const family = familyOf("klBregman", p, q);
  const [own, other] = [family.natural(ops, p), family.natural(ops, q)];
  const expectations = family.expectations(ops, p);
  const products = expectations.map((t, i) => ops.mul(ops.sub(other[i]!, own[i]!), t));
  const sum = products.reduce((total, product) => ops.add(total, product));
  const tangent = family.hasEvent ? ops.sum(sum, { axes: [-1] }) : sum;
  return ops.sub(ops.sub(family.logPartition(ops, other), family.logPartition(ops, own)), tangent);
}

/**
 * log E_q[(p(X) / q(X))^alpha] for two members of one exponential family: A at the mixed parameters less the mixture of A.
 * Infinity where the mixed parameters have no distribution, as may be outside 0 <= alpha <= 1.
 */
export function logAlphaIntegral<T>(ops: MathOps<T>, alpha: number, p: Distribution<T>, q: Distribution<T>): T {
  const family = familyOf("renyiDivergence", p, q);
  const mix = (a: T, b: T) => ops.add(times(ops, alpha, a), times(ops, 1 - alpha, b));
  const [own, other] = [family.natural(ops, p), family.natural(ops, q)];
  const mixed = own.map((theta, i) => mix(theta, other[i]!));
  const isInside = insideOf(ops, family, mixed);
  const safe = isInside === undefined ? mixed : own.map((theta, i) => ops.select(isInside.each, mixed[i]!, theta));
  const gap = ops.sub(
    family.logPartition(ops, safe),
    mix(family.logPartition(ops, own), family.logPartition(ops, other)),
  );
  return isInside === undefined ? gap : ops.select(isInside.all, gap, infinity(ops));
}

/** 1 where theta is in the domain: of each parameter's element, and of all of an event. */
function insideOf<T>(
  ops: MathOps<T>,
  family: ExponentialFamily<FamilyName>,
  theta: readonly T[],
): { readonly each: T; readonly all: T } | undefined {
  const positives = family.domain?.(ops, theta);
  if (positives === undefined) return undefined;
  const least = positives.reduce((a, b) => ops.minimum(a, b));
  const each = ops.greater(least, ops.scalar(0));
  if (!family.hasEvent) return { each, all: each };
  return { each, all: plus(ops, ops.neg(ops.max(plus(ops, ops.neg(each), 1), { axes: [-1] })), 1) };
}
