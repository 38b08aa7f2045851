/** The regularised incomplete gamma functions, their inverse, and the slope that reparameterises a gamma sample, in float64. */
import { digamma, logGamma, logGamma1p, logLessDigamma, stirlingError } from "./gamma.ts";
import { normalCdf, normalQuantile } from "./error-function.ts";
import { invertCdf } from "./invert-cdf.ts";

const TINY = 1e-300;

/** P(a, x): the probability that a gamma variable of shape a > 0 and rate 1 is at most x >= 0. */
export function gammaP(a: number, x: number): number {
  if (!(a > 0 && x >= 0)) return Number.NaN;
  if (x === 0 || a === Infinity) return x === Infinity && a === Infinity ? Number.NaN : 0;
  if (x === Infinity) return 1;
  if (a > UNIFORM_FROM) return uniformTail(a, x, -1);
  return isLower(a, x) ? power(a, x) * lowerSeries(a, x).value : 1 - gammaQ(a, x);
}

/** Q(a, x) = 1 - P(a, x), with all its digits where that has none left. */
export function gammaQ(a: number, x: number): number {
  if (!(a > 0 && x >= 0)) return Number.NaN;
  if (x === 0 || a === Infinity) return x === Infinity && a === Infinity ? Number.NaN : 1;
  if (x === Infinity) return 0;
  if (a > UNIFORM_FROM) return uniformTail(a, x, 1);
  if (!isLower(a, x)) return a * power(a, x) * upperFraction(a, x).value;
  return a < 1 ? smallShapeTail(a, x) : 1 - power(a, x) * lowerSeries(a, x).value;
}

/** From here on the first two terms of the uniform expansion are exact to float64, and series would take millions of terms. */
const UNIFORM_FROM = 1e12;

/** Q for side 1, P for -1: erfc(side eta sqrt(a / 2)) / 2 and its first correction (Temme 1979), eta^2 / 2 = l - 1 - log l, l = x / a. */
function uniformTail(a: number, x: number, side: 1 | -1): number {
  const u = (x - a) / a;
  const eta = Math.sign(u) * Math.sqrt(2 * logExcess(u, x / a));
  const density = Math.exp((-a * eta * eta) / 2) / Math.sqrt(2 * Math.PI * a);
  const correction = Math.abs(eta) < 1e-3 ? -1 / 3 + eta / 12 : 1 / u - 1 / eta;
  return normalCdf(-side * eta * Math.sqrt(a)) + side * density * correction;
}

/** Where the series for P converges fast; elsewhere the continued fraction for Q does. */
const isLower = (a: number, x: number): boolean => x < Math.max(a + 1, 1.5);

/** x^a exp(-x) / Gamma(a + 1). */
export function power(a: number, x: number): number {
  if (a < 1) return Math.exp(a * Math.log(x) - x - logGamma(a + 1));
  return Math.exp(-a * logExcess((x - a) / a, x / a) - stirlingError(a)) / Math.sqrt(2 * Math.PI * a);
}

/** u - log(1 + u), given u and 1 + u; where these would cancel, by log(1 + u) = 2 artanh(u / (2 + u)). */
export function logExcess(u: number, onePlus: number): number {
  if (Math.abs(u) > 0.5) return u - Math.log(onePlus);
  const r = u / (2 + u);
  let sum = 0;
  for (let k = 41; k >= 3; k -= 2) sum = sum * r * r + 1 / k;
  return r * (u - 2 * r * r * sum);
}

/** A value that depends on the shape, and its derivative by it. */
interface Sloped {
  readonly value: number;
  readonly slope: number;
}

/** sum of x^n / ((a + 1) ... (a + n)) from n = 0 on (Abramowitz and Stegun 1964, 6.5.29). */
function lowerSeries(a: number, x: number): Sloped {
  let [term, termSlope, value, slope] = [1, 0, 1, 0];
  for (let n = 1; term > value * 2 ** -54 || Math.abs(termSlope) > Math.abs(slope) * 2 ** -54; n++) {
    termSlope = (termSlope - term / (a + n)) * (x / (a + n));
    term *= x / (a + n);
    value += term;
    slope += termSlope;
  }
  return { value, slope };
}

/** Q(a, x) Gamma(a) / (x^a exp(-x)), a continued fraction (6.5.31) by Lentz's method as Thompson and Barnett 1986 have it. */
function upperFraction(a: number, x: number): Sloped {
  let b = x + 1 - a;
  let [c, cSlope] = [1 / TINY, 0];
  let [d, dSlope] = [1 / b, 1 / b / b];
  let [value, slope] = [d, dSlope];
  for (let n = 1; ; n++) {
    const [an, anSlope] = [-n * (n - a), n];
    b += 2;
    const bottom = an * d + b;
    const bottomSlope = anSlope * d + an * dSlope - 1;
    [d, dSlope] = [1 / bottom, -bottomSlope / bottom / bottom];
    const next = b + an / c;
    cSlope = -1 + anSlope / c - ((an / c) * cSlope) / c;
    c = next;
    const factor = c * d;
    const factorSlope = cSlope * d + c * dSlope;
    slope = slope * factor + value * factorSlope;
    value *= factor;
    if (Math.abs(factor - 1) < 2 ** -52 && Math.abs(value * factorSlope) <= Math.abs(slope) * 2 ** -52) break;
  }
  return { value, slope };
}

/** Q(a, x) for a < 1 and small x: what P = x^a / Gamma(1 + a) (1 - a sum (-1)^(n+1) x^n / ((a + n) n!)) leaves of 1. */
function smallShapeTail(a: number, x: number): number {
  const logLeading = a * Math.log(x) - (a <= 0.5 ? logGamma1p(a) : logGamma(a + 1));
  let [term, sum] = [1, 0];
  for (let n = 1; Math.abs(term) > 2 ** -60; n++) {
    term *= -x / n;
    sum -= (a * term) / (a + n);
  }
  return Math.exp(logLeading) * sum - Math.expm1(logLeading);
}

/** The x with P(a, x) = p; Infinity at p = 1. Solved for the smaller of p and 1 - p. */
export function gammaPInv(a: number, p: number): number {
  if (!(a > 0 && a < Infinity && p >= 0 && p <= 1)) return Number.NaN;
  if (p === 0 || p === 1) return p === 0 ? 0 : Infinity;
  return invertCdf(p, {
    start: startOfGammaPInv(a, p),
    low: 0,
    high: Infinity,
    cdf: (x) => gammaP(a, x),
    tail: (x) => gammaQ(a, x),
    density: (x) => (a / x) * power(a, x),
    bend: (x) => (a - 1) / x - 1,
  });
}

/** Wilson and Hilferty's cube (1931), or the first term of the series where that fails. */
function startOfGammaPInv(a: number, p: number): number {
  const first = Math.exp((Math.log(p) + logGamma(a + 1)) / a);
  if (first < 0.2 * (a + 1)) return first;
  const cube = 1 - 1 / (9 * a) + normalQuantile(p) / (3 * Math.sqrt(a));
  return cube > 0.1 ? a * cube ** 3 : first;
}

/** dx/da of a sample x of the gamma distribution of shape a, its quantile held: -(dP/da) / density (Figurnov et al. 2018). */
export function gammaSampleSlope(a: number, x: number): number {
  if (!(a > 0 && x >= 0)) return Number.NaN;
  if (x === 0) return 0;
  if (a > UNIFORM_FROM) return 1 + (x - a) / (2 * a);
  if (isLower(a, x)) {
    const { value, slope } = lowerSeries(a, x);
    const moved = a < 1 ? Math.log(x) - digamma(a + 1) : logRatio(a, x) - 1 / a;
    return -(x / a) * (value * moved + slope);
  }
  const { value, slope } = upperFraction(a, x);
  return x * (value * logRatio(a, x) + slope);
}

/** log x - digamma(a). */
function logRatio(a: number, x: number): number {
  const u = (x - a) / a;
  return (Math.abs(u) < 0.5 ? Math.log1p(u) : Math.log(x / a)) + logLessDigamma(a);
}
