/** The error function, its complement, the normal distribution function and their inverses, in float64. */

const TWO_OVER_SQRT_PI = 1.1283791670955126;
const SQRT_2 = Math.SQRT2;
const LOG_2 = Math.LN2;
/** Step of the trapezoidal rule: what it leaves out is below exp(-(pi / h)^2) = 8e-18. */
const H = 0.5;
/** Below, the series; above, 1 less the series would cost digits. */
const SERIES_TO = 0.5;
/** Up to here the rule has stepped over the pole. */
const POLE = Math.PI / H;

/** (2 / sqrt(pi)) times the integral of exp(-t^2) from 0 to x. */
export function erf(x: number): number {
  const t = Math.abs(x);
  if (Number.isNaN(x) || x === 0) return x;
  return Math.sign(x) * (t < SERIES_TO ? series(t) : 1 - erfc(t));
}

/** 2 / sqrt(pi) exp(-t^2) sum of 2^n t^(2n+1) / (2n+1)!!, whose terms all have one sign (Abramowitz, Stegun 1964, 7.1.6). */
function series(t: number): number {
  let [term, sum] = [t, 0];
  for (let n = 1; sum + term !== sum; n++) {
    sum += term;
    term *= (2 * t * t) / (2 * n + 1);
  }
  return TWO_OVER_SQRT_PI * Math.exp(-t * t) * sum;
}

/** 1 - erf(x), with all its digits where that has none left. */
export function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x);
  if (x > 30) return 0;
  return x < SERIES_TO ? 1 - series(x) : expMinusSquare(x) * trapezoids(x) - correction(x);
}

/** exp(x^2) erfc(x), which underflows nowhere; x >= 0. */
function scaledErfc(x: number): number {
  if (x === Infinity) return 0;
  if (x < SERIES_TO) return Math.exp(x * x) * (1 - series(x));
  return x > POLE ? trapezoids(x) : trapezoids(x) - Math.exp(x * x) * correction(x);
}

/**
 * exp(x^2) erfc(x) = (2 x / pi) times the integral of exp(-t^2) / (t^2 + x^2) from 0 on, by the trapezoidal rule, which
 * converges exponentially (Matta and Reichel 1971); the pole at t = i x is taken back by `correction`.
 */
function trapezoids(x: number): number {
  const square = x * x;
  let sum = 0;
  for (let k = 13; k >= 1; k--) sum += Math.exp(-((k * H) ** 2)) / ((k * H) ** 2 + square);
  return ((2 * H) / Math.PI) * (0.5 / x + x * sum);
}

const correction = (x: number): number => (x > POLE ? 0 : 2 / Math.expm1((2 * Math.PI * x) / H));

/** exp(-x^2) with the rounding of the square made good. */
function expMinusSquare(x: number): number {
  const high = Math.fround(x);
  return Math.exp(-high * high) * Math.exp(-(x - high) * (x + high));
}

/** The x with erf(x) = y; infinite at -1 and 1, NaN outside. */
export function erfInv(y: number): number {
  if (!(y > -1 && y < 1)) return Math.abs(y) === 1 ? y * Infinity : Number.NaN;
  if (y === 0) return y;
  const t = Math.abs(y);
  return Math.sign(y) * (t < 0.5 ? erfInvCentral(t) : erfcInvTail(1 - t));
}

/** 0 < y < 1/2, by Halley's steps from the first terms of the series. */
function erfInvCentral(y: number): number {
  const linear = y / TWO_OVER_SQRT_PI;
  let x = linear * (1 + (linear * linear) / 3);
  for (let step = 0; step < 3; step++) {
    const excess = (erf(x) - y) / (TWO_OVER_SQRT_PI * Math.exp(-x * x));
    x -= excess / (1 + x * excess);
  }
  return x;
}

/** The x with erfc(x) = p for 0 < p <= 1/2, by Halley's steps from Abramowitz and Stegun 1964, 26.2.23. */
function erfcInvTail(p: number): number {
  const t = Math.sqrt(-2 * Math.log(p / 2));
  const top = 2.515517 + t * (0.802853 + t * 0.010328);
  const bottom = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308));
  let x = (t - top / bottom) / SQRT_2;
  for (let step = 0; step < 3; step++) {
    // (erfc(x) - p) / erfc'(x), by logarithms: neither underflows.
    const excess = (Math.expm1(Math.log(p) - logErfc(x)) * scaledErfc(x)) / TWO_OVER_SQRT_PI;
    x -= excess / (1 + x * excess);
  }
  return x;
}

/** log erfc(x) for x >= 0. */
const logErfc = (x: number): number => Math.log(scaledErfc(x)) - x * x;

/** P(Z <= x) of a standard normal Z. */
export function normalCdf(x: number): number {
  if (x > -1) return 0.5 * erfc(-x / SQRT_2);
  if (x < -40) return 0;
  const high = Math.fround(x);
  const density = Math.exp((-high * high) / 2) * Math.exp((-(x - high) * (x + high)) / 2);
  return 0.5 * density * scaledErfc(-x / SQRT_2);
}

/** log P(Z <= x), with all its digits in both tails. */
export function logNormalCdf(x: number): number {
  if (x > 0) return Math.log1p(-normalCdf(-x));
  return x === -Infinity ? x : Math.log(scaledErfc(-x / SQRT_2)) - LOG_2 - (x * x) / 2;
}

/** The x with P(Z <= x) = p; infinite at 0 and 1, NaN outside. */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1)) return p === 0 ? -Infinity : p === 1 ? Infinity : Number.NaN;
  if (p < 0.25) return -SQRT_2 * erfcInvTail(2 * p);
  return p > 0.75 ? SQRT_2 * erfcInvTail(2 * (1 - p)) : SQRT_2 * erfInv(2 * p - 1);
}
