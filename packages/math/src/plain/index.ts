/**
 * The formulas on plain numbers: distributions are records, arguments numbers or arrays, answers numbers.
 *
 * `kl`, `entropy`, `logLikelihood` and the like are of all elements together, which are taken to be independent: their sum.
 * With `{ each: true }` they are of each.
 *
 * @example
 * kl({ family: "normal", loc: 0.5, scale: 0.8 }, { family: "normal", loc: 0, scale: 1 }); // 0.16814355131420966
 */
import { elbo as elboOf } from "../bounds/elbo.ts";
import { importanceSampledLogLikelihood as estimateOf } from "../bounds/importance-sampling.ts";
import { importanceWeightedBound as boundOf } from "../bounds/importance-weighted.ts";
import { crossEntropy as crossEntropyOf } from "../divergences/closed-forms.ts";
import { klDivergence as klDivergenceOf } from "../divergences/estimate.ts";
import type { DivergenceEstimate, EstimateOptions } from "../divergences/estimate.ts";
import { squaredMmd as squaredMmdOf } from "../divergences/mmd.ts";
import type { MmdOptions } from "../divergences/mmd.ts";
import { squaredWasserstein2 as squaredWasserstein2Of } from "../divergences/wasserstein.ts";
import * as operations from "../distributions/operations.ts";
import { sample as sampleOf } from "../distributions/sample.ts";
import { kl as klOf } from "../kl/kl.ts";
import type { NdArray, Nested } from "../nd-array.ts";
import { toNested } from "../nd-array.ts";
import { ndArrayOps as ops } from "../nd-array-ops.ts";
import type { NoiseKey } from "../noise.ts";
import { distributionOf } from "./distribution.ts";
import type { PlainDistribution } from "./distribution.ts";
import { arrayOf } from "./numbers.ts";
import type { Numbers } from "./numbers.ts";

export type { PlainDistribution } from "./distribution.ts";
export type { Numbers } from "./numbers.ts";
export { erf, erfc, erfInv, logNormalCdf, normalCdf, normalQuantile } from "../special/error-function.ts";
export { digamma, logBeta, logGamma, trigamma } from "../special/gamma.ts";
export { gammaP, gammaPInv, gammaQ } from "../special/incomplete-gamma.ts";
export { betaI, betaIInv } from "../special/incomplete-beta.ts";
export { logBesselI } from "../special/bessel.ts";
export { noncentralChiSquareCdf, noncentralChiSquareTail } from "../special/noncentral-chi-square.ts";
export { noncentralTCdf, noncentralTTail } from "../special/noncentral-t.ts";
export { gaussHermite } from "../special/gauss-hermite.ts";
export type { Quadrature } from "../special/gauss-hermite.ts";

/** Ask for each element's value, in brackets as deep as the rank, instead of their sum or mean. */
export interface Each {
  readonly each: true;
}

/** A quantity of independent elements: one number of all, or one of each. */
export interface Whole<Arguments extends readonly unknown[]> {
  (...args: Arguments): number;
  (...args: [...Arguments, Each]): Nested;
}

/** A number when every parameter is one, else an array of the shape of the parameters. */
type Shaped<P> = { [K in keyof P]: P[K] extends number | string ? never : K }[keyof P] extends never ? number : Nested;

/** log p(x) of data x, nats: summed over the elements, or over the rows of a family with an event on the last axis. */
export const logLikelihood: Whole<[p: PlainDistribution, x: Numbers]> = whole("sum", 2, (p, x) =>
  operations.logProb(ops, distributionOf("p", p), arrayOf("x", x)),
);

/** -E[log p], nats. */
export const entropy: Whole<[p: PlainDistribution]> = whole("sum", 1, (p) =>
  operations.entropy(ops, distributionOf("p", p)),
);

/** KL(p || q) in closed form, nats; an IsthmusError `KL_NO_CLOSED_FORM` where there is none: see {@link klDivergence}. */
export const kl: Whole<[p: PlainDistribution, q: PlainDistribution]> = whole("sum", 2, (p, q) =>
  klOf(ops, distributionOf("p", p), distributionOf("q", q)),
);

/** -E_p[log q] = entropy + KL, nats. */
export const crossEntropy: Whole<[p: PlainDistribution, q: PlainDistribution]> = whole("sum", 2, (p, q) =>
  crossEntropyOf(ops, distributionOf("p", p), distributionOf("q", q)),
);

/** The squared Wasserstein-2 distance, in squared units of the variable. */
export const squaredWasserstein2: Whole<[p: PlainDistribution, q: PlainDistribution]> = whole("sum", 2, (p, q) =>
  squaredWasserstein2Of(ops, distributionOf("p", p), distributionOf("q", q)),
);

/** One per example, or a number. `beta` weighs the KL. Default: 1. */
export interface ElboNumbers {
  readonly logLikelihood: Numbers;
  readonly kl: Numbers;
  readonly beta?: number;
}

/** The evidence lower bound, nats per example: the mean over examples of log p(x | z) - beta KL, each with a drawn z. */
export const elbo: Whole<[terms: ElboNumbers]> = whole("mean", 1, ({ logLikelihood: fit, kl: cost, beta = 1 }) =>
  elboOf(ops, { logLikelihood: arrayOf("logLikelihood", fit), kl: arrayOf("kl", cost), beta }),
);

/** The importance-weighted bound from log weights [examples, draws] or [draws], nats per example. */
export const importanceWeightedBound: Whole<[logWeights: Numbers]> = whole("mean", 1, (logWeights) =>
  boundOf(ops, arrayOf("logWeights", logWeights)),
);

/** A quantity of all elements; `count` arguments stand before the options. */
function whole<Arguments extends readonly unknown[]>(
  all: "sum" | "mean",
  count: number,
  each: (...args: Arguments) => NdArray,
): Whole<Arguments> {
  const evaluate = (...args: readonly unknown[]): Nested => {
    const values = each(...(args.slice(0, count) as unknown as Arguments));
    const options = args[count] as Partial<Each> | undefined;
    return options?.each === true ? toNested(values) : ops[all](values).data[0]!;
  };
  return evaluate as Whole<Arguments>;
}

/** KL(p || q): the closed form, or where there is none an estimate from draws, which says so; of all elements together. */
export function klDivergence(
  p: PlainDistribution,
  q: PlainDistribution,
  options: EstimateOptions,
): { readonly value: number; readonly method: DivergenceEstimate["method"]; readonly standardError?: number } {
  const { value, method, standardError } = klDivergenceOf(distributionOf("p", p), distributionOf("q", q), options);
  const total = ops.sum(value).data[0]!;
  if (standardError === undefined) return { value: total, method };
  return { value: total, method, standardError: Math.sqrt(ops.sum(ops.square(standardError)).data[0]!) };
}

/** The squared maximum mean discrepancy of samples x [n, features] and y [m, features]. */
export function squaredMmd(x: Numbers, y: Numbers, options: MmdOptions): number {
  return squaredMmdOf(ops, arrayOf("x", x), arrayOf("y", y), options).data[0]!;
}

/** log p(x) by importance sampling from log weights [examples, draws]: per example, with standard error and effective draws. */
export function importanceSampledLogLikelihood(logWeights: Numbers): ReturnType<typeof estimateOf> {
  return estimateOf(arrayOf("logWeights", logWeights));
}

/** E[x], elementwise. */
export function mean<const P extends PlainDistribution>(p: P): Shaped<P> {
  return toNested(operations.mean(ops, distributionOf("p", p))) as Shaped<P>;
}

/** E[(x - E[x])^2], elementwise. */
export function variance<const P extends PlainDistribution>(p: P): Shaped<P> {
  return toNested(operations.variance(ops, distributionOf("p", p))) as Shaped<P>;
}

/** P(X <= x), elementwise. */
export function cdf<const P extends PlainDistribution, const X extends Numbers>(p: P, x: X): Shaped<P & { x: X }> {
  return toNested(operations.cdf(ops, distributionOf("p", p), arrayOf("x", x))) as Shaped<P & { x: X }>;
}

/** The x with P(X <= x) = u, elementwise. */
export function inverseCdf<const P extends PlainDistribution, const U extends Numbers>(
  p: P,
  u: U,
): Shaped<P & { u: U }> {
  return toNested(operations.inverseCdf(ops, distributionOf("p", p), arrayOf("u", u))) as Shaped<P & { u: U }>;
}

/** Draws that depend on the key alone: [...shape, ...the shape of one draw]. */
export function sample(p: PlainDistribution, key: NoiseKey, shape: readonly number[] = []): Nested {
  return toNested(sampleOf(distributionOf("p", p), key, shape));
}
