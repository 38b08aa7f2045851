import { ndArrayOps as ops } from "../../src/index.ts";
import type { Distribution, FamilyName, NdArray } from "../../src/index.ts";
import { DENSITIES, type Parameters } from "./densities.ts";
import { integrate, type Point, type Support } from "./quadrature.ts";

/** Parameters of every family of one number, unlike each other; the first ones are near those of other families. */
export const EXAMPLES: Readonly<Partial<Record<FamilyName, readonly Parameters[]>>> = {
  normal: [
    { loc: 0.5, scale: 0.8 },
    { loc: -1.2, scale: 2.1 },
  ],
  laplace: [
    { loc: 0.3, scale: 0.5 },
    { loc: -0.2, scale: 1.6 },
  ],
  gumbel: [
    { loc: 0.2, scale: 0.6 },
    { loc: -0.7, scale: 1.4 },
  ],
  logistic: [
    { loc: 0.1, scale: 0.4 },
    { loc: 1.3, scale: 1.1 },
  ],
  cauchy: [
    { loc: 0, scale: 1 },
    { loc: 1, scale: 2 },
  ],
  studentT: [
    { df: 4.5, loc: 0.2, scale: 0.7 },
    { df: 1.5, loc: -0.4, scale: 1.2 },
    { df: 0.8, loc: 0, scale: 1 },
  ],
  exponential: [{ rate: 1.3 }, { rate: 0.4 }],
  gamma: [
    { concentration: 2.5, rate: 1.5 },
    { concentration: 0.6, rate: 0.8 },
    { concentration: 14, rate: 9 },
  ],
  logNormal: [
    { loc: 0.1, scale: 0.5 },
    { loc: -0.6, scale: 0.9 },
  ],
  weibull: [
    { concentration: 1.7, scale: 0.9 },
    { concentration: 0.8, scale: 1.4 },
  ],
  halfNormal: [{ scale: 0.9 }, { scale: 2.3 }],
  beta: [
    { alpha: 2, beta: 3.5 },
    { alpha: 0.7, beta: 1.5 },
    { alpha: 9, beta: 4 },
  ],
  continuousBernoulli: [{ logits: Math.log(0.25) }, { logits: 0.3 }, { logits: 6 }],
  uniform: [
    { low: 0, high: 1 },
    { low: -1, high: 2 },
    { low: 0.25, high: 0.75 },
  ],
  bernoulli: [{ logits: -0.8 }, { logits: 1.7 }],
  poisson: [{ rate: 3 }, { rate: 0.7 }],
  binomial: [
    { trials: 5, logits: 0.4 },
    { trials: 5, logits: -1.1 },
    { trials: 3, logits: 0.2 },
    { trials: 1, logits: 0.6 },
  ],
};

/** The record, with scalars for parameters. */
export function recordOf(family: FamilyName, parameters: Parameters): Distribution<NdArray> {
  const arrays = Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, ops.scalar(value)]));
  return { family, ...arrays } as unknown as Distribution<NdArray>;
}

/** KL(p || q) as the integral (or sum) of p log(p / q), and that of p |log(p / q)|. */
export function integralKl(
  p: FamilyName,
  own: Parameters,
  q: FamilyName,
  other: Parameters,
): [kl: number, size: number] {
  const [left, right] = [DENSITIES[p]!(own), DENSITIES[q]!(other)];
  const term = (point: Point) => {
    const log = left.log(point);
    const mass = Math.exp(log);
    return mass === 0 ? 0 : mass * (log - right.log(point));
  };
  if (left.support === "counts") {
    const counts = Array.from({ length: 400 }, (_, x) => term({ x, toRight: Infinity }));
    return [sumOf(counts), sumOf(counts.map(Math.abs))];
  }
  const breaks = [...left.breaks, ...right.breaks];
  const over = (f: (point: Point) => number) => integrate(f, left.support as Support, breaks);
  return [over(term), over((point) => Math.abs(term(point)))];
}

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
