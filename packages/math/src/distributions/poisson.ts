import type { ArrayOps } from "../array-ops.ts";
import { POSITIVE, requireParameters } from "./parameters.ts";
import type { Domains } from "./parameters.ts";
import { drawBinomial } from "./binomial.ts";
import { summedEntropy, valuesOf } from "./count-entropy.ts";
import type { Formulas } from "./formulas.ts";
import { drawLogGamma } from "./gamma.ts";
import { logUnitGamma } from "./gamma-terms.ts";
import type { Random } from "./random.ts";
import { atLeast, plus, within } from "./support.ts";

/** The Poisson distribution, elementwise: `rate` is its mean. */
export interface Poisson<T> {
  readonly family: "poisson";
  readonly rate: T;
}

const DOMAINS: Domains<PoissonParameters<unknown>> = { rate: POSITIVE };

type PoissonParameters<T> = Omit<Poisson<T>, "family">;

/** @throws TypeError, RangeError naming the parameter that is no array, out of its domain or of a shape that does not broadcast. */
export function poisson<T>(ops: ArrayOps<T>, { rate }: PoissonParameters<T>): Poisson<T> {
  requireParameters(ops, "poisson", { rate }, DOMAINS);
  return { family: "poisson", rate };
}

export const poissonFormulas: Formulas<"poisson"> = {
  /** x log rate - rate - log x!, of x = 0, 1, ...: the density at the rate of a Gamma variable of x + 1. */
  logProb: (ops, { rate }, x) => {
    const isInside = atLeast(ops, x, ops.scalar(0));
    const safe = ops.select(isInside, x, ops.scalar(0));
    const next = plus(ops, safe, 1);
    const unit = logUnitGamma(ops, next, rate, ops.mul(safe, ops.log(rate)));
    return within(ops, isInside, unit);
  },
  /** Summed, up to what is left out below 1e-30; only where the rate is known when it is written. */
  entropy: (ops, { rate }) => {
    const rates = valuesOf(ops, "poisson", rate);
    const reach = (r: number): number => 12 * Math.sqrt(r);
    const low = Math.max(Math.floor(Math.min(...rates.map((r) => r - reach(r)))), 0);
    const high = Math.ceil(Math.max(...rates.map((r) => r + reach(r)))) + 40;
    const wide: Poisson<typeof rate> = { family: "poisson", rate: ops.expandDims(rate, -1) };
    return summedEntropy(ops, low, high, (x) => poissonFormulas.logProb(ops, wide, x));
  },
  mean: (_ops, { rate }) => rate,
  variance: (_ops, { rate }) => rate,
  /** P(X <= x) = Q(x + 1, rate), of whole x */
  cdf: (ops, { rate }, x) => {
    const isInside = atLeast(ops, x, ops.scalar(0));
    const safe = ops.select(isInside, x, ops.scalar(0));
    return ops.select(isInside, ops.gammaQ(plus(ops, safe, 1), rate), ops.scalar(0));
  },
  draw: ({ rate }, random) => drawPoisson(rate, random),
};

/**
 * Arrivals before `rate`, of a process of rate 1. Few are counted one by one; of many, the time of the m-th, m near 7/8 of
 * the rate, is a Gamma draw: if it is late, those before `rate` are binomial among m - 1, else the rest is Poisson
 * (Ahrens and Dieter 1974).
 */
function drawPoisson(rate: number, random: Random): number {
  if (rate < COUNTED) return countArrivals(rate, random);
  const m = Math.floor((7 / 8) * rate);
  const time = Math.exp(drawLogGamma(m, random));
  return time > rate ? drawBinomial(m - 1, rate / time, random) : m + drawPoisson(rate - time, random);
}

const COUNTED = 16;

function countArrivals(rate: number, random: Random): number {
  let count = -1;
  for (let time = 0; time < rate; count++) time -= Math.log(random.uniform());
  return count;
}
