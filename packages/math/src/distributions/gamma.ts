import type { ArrayOps } from "../array-ops.ts";
import { POSITIVE, requireParameters } from "./parameters.ts";
import type { Domains } from "./parameters.ts";
import { xLogY } from "../log-space.ts";
import type { Formulas } from "./formulas.ts";
import { logUnitGamma, unitGammaEntropy } from "./gamma-terms.ts";
import type { Random } from "./random.ts";
import { atLeast, plus, within } from "./support.ts";

/** The Gamma distribution, elementwise: density proportional to x^(concentration - 1) exp(-rate x). */
export interface Gamma<T> {
  readonly family: "gamma";
  readonly concentration: T;
  readonly rate: T;
}

const DOMAINS: Domains<GammaParameters<unknown>> = { concentration: POSITIVE, rate: POSITIVE };

type GammaParameters<T> = Omit<Gamma<T>, "family">;

/** @throws TypeError, RangeError naming the parameter that is no array, out of its domain or of a shape that does not broadcast. */
export function gamma<T>(ops: ArrayOps<T>, { concentration, rate }: GammaParameters<T>): Gamma<T> {
  requireParameters(ops, "gamma", { concentration, rate }, DOMAINS);
  return { family: "gamma", concentration, rate };
}

export const gammaFormulas: Formulas<"gamma"> = {
  /** a log b - log Gamma(a) + (a - 1) log x - b x, of x >= 0 */
  logProb: (ops, { concentration: a, rate: b }, x) => {
    const isInside = atLeast(ops, x, ops.scalar(0));
    const y = ops.mul(b, ops.select(isInside, x, ops.scalar(1)));
    const unit = logUnitGamma(ops, a, y, xLogY(ops, plus(ops, a, -1), y));
    return within(ops, isInside, ops.add(unit, ops.log(b)));
  },
  /** a - log b + log Gamma(a) + (1 - a) psi(a) */
  entropy: (ops, { concentration: a, rate: b }) => {
    return ops.sub(unitGammaEntropy(ops, a), ops.log(b));
  },
  mean: (ops, { concentration, rate }) => ops.div(concentration, rate),
  variance: (ops, { concentration, rate }) => ops.div(concentration, ops.square(rate)),
  cdf: (ops, { concentration, rate }, x) => ops.gammaP(concentration, ops.mul(rate, ops.relu(x))),
  inverseCdf: (ops, { concentration, rate }, u) => ops.div(ops.gammaPInv(concentration, u), rate),
  draw: ({ concentration, rate }, random) => Math.exp(drawLogGamma(concentration, random)) / rate,
};

/**
 * The logarithm of a Gamma draw of rate 1, which does not underflow for small concentrations: those below 1 are drawn at
 * a + 1 and multiplied by u^(1 / a) (Marsaglia and Tsang 2000, section 6).
 */
export function drawLogGamma(a: number, random: Random): number {
  return a < 1 ? Math.log(drawLarge(a + 1, random)) + Math.log(random.uniform()) / a : Math.log(drawLarge(a, random));
}

/** d v with v = (1 + c z)^3, d = a - 1/3, c = 1 / sqrt(9 d), a >= 1 (Marsaglia and Tsang 2000, section 4). */
function drawLarge(a: number, random: Random): number {
  const d = a - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const z = random.normal();
    const v = (1 + c * z) ** 3;
    if (v > 0 && Math.log(random.uniform()) < z ** 2 / 2 + d - d * v + d * Math.log(v)) return d * v;
  }
}
