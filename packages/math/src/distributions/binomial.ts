import type { ArrayOps } from "../array-ops.ts";
import { FINITE, WHOLE, requireParameters } from "./parameters.ts";
import type { Domains } from "./parameters.ts";
import { summedEntropy, valuesOf } from "./count-entropy.ts";
import type { Formulas } from "./formulas.ts";
import { drawBeta } from "./beta.ts";
import type { Random } from "./random.ts";
import { atLeast, less, plus, within } from "./support.ts";

/** Successes among `trials` trials, elementwise; each succeeds with probability s(logits). */
export interface Binomial<T> {
  readonly family: "binomial";
  readonly trials: T;
  readonly logits: T;
}

const DOMAINS: Domains<BinomialParameters<unknown>> = { trials: WHOLE, logits: FINITE };

type BinomialParameters<T> = Omit<Binomial<T>, "family">;

/** @throws TypeError, RangeError naming the parameter that is no array, out of its domain or of a shape that does not broadcast. */
export function binomial<T>(ops: ArrayOps<T>, { trials, logits }: BinomialParameters<T>): Binomial<T> {
  requireParameters(ops, "binomial", { trials, logits }, DOMAINS);
  return { family: "binomial", trials, logits };
}

export const binomialFormulas: Formulas<"binomial"> = {
  /** log C(n, x) + x l - n softplus(l), of x = 0, 1, ..., n; C(n, x) = 1 / ((n + 1) B(n - x + 1, x + 1)) */
  logProb: (ops, { trials: n, logits: l }, x) => {
    const isInside = ops.mul(atLeast(ops, x, ops.scalar(0)), atLeast(ops, n, x));
    const safe = ops.select(isInside, x, ops.scalar(0));
    const logCount = ops.neg(ops.add(ops.log1p(n), ops.logBeta(plus(ops, ops.sub(n, safe), 1), plus(ops, safe, 1))));
    // x l - n softplus(l) with the larger of l and 0 taken out: neither term grows with |l| when x is likely.
    const failures = ops.mul(ops.sub(n, safe), ops.softplus(l));
    const successes = ops.mul(safe, ops.softplus(ops.neg(l)));
    return within(ops, isInside, ops.sub(logCount, ops.add(failures, successes)));
  },
  /** Summed; only where the number of trials is known when it is written. */
  entropy: (ops, { trials, logits }) => {
    const high = Math.max(...valuesOf(ops, "binomial", trials));
    const [n, l] = [ops.expandDims(trials, -1), ops.expandDims(logits, -1)];
    const wide: Binomial<typeof n> = { family: "binomial", trials: n, logits: l };
    return summedEntropy(ops, 0, high, (x) => binomialFormulas.logProb(ops, wide, x));
  },
  mean: (ops, { trials, logits }) => ops.mul(trials, ops.sigmoid(logits)),
  variance: (ops, { trials, logits }) => {
    return ops.mul(trials, ops.mul(ops.sigmoid(logits), ops.sigmoid(ops.neg(logits))));
  },
  /** P(X <= x) = I_(1 - p)(n - x, x + 1), of whole x; at x >= n it is 1. */
  cdf: (ops, { trials: n, logits }, x) => {
    const isAbove = atLeast(ops, x, n);
    const isInside = ops.mul(atLeast(ops, x, ops.scalar(0)), less(ops, 1, isAbove));
    const one = ops.scalar(1);
    const [a, b] = [ops.select(isInside, ops.sub(n, x), one), ops.select(isInside, plus(ops, x, 1), one)];
    return ops.select(isInside, ops.betaI(a, b, ops.sigmoid(ops.neg(logits))), isAbove);
  },
  draw: ({ trials, logits }, random) => drawBinomial(trials, 1 / (1 + Math.exp(-logits)), random),
};

/**
 * Successes of n trials. Few are counted one by one; of many, the middle one of their n uniform numbers in order is a Beta
 * draw y: it says on which side of p the lower or upper half lies, and the other half is binomial again (Devroye 1986, X.4.3).
 */
export function drawBinomial(n: number, p: number, random: Random): number {
  if (n < COUNTED) return countSuccesses(n, p, random);
  const middle = Math.floor((n + 1) / 2);
  const y = drawBeta(middle, n + 1 - middle, random);
  if (y > p) return drawBinomial(middle - 1, p / y, random);
  return middle + drawBinomial(n - middle, (p - y) / (1 - y), random);
}

const COUNTED = 16;

function countSuccesses(n: number, p: number, random: Random): number {
  let count = 0;
  for (let trial = 0; trial < n; trial++) if (random.uniform() < p) count++;
  return count;
}
