/** The regularised incomplete beta function, its inverse, and the slope that reparameterises a beta sample, in float64. */
import { logBeta, logLessDigamma, stirlingError } from "./gamma.ts";
import { logExcess } from "./incomplete-gamma.ts";
import { normalQuantile } from "./error-function.ts";
import { invertCdf } from "./invert-cdf.ts";

const TINY = 1e-300;

/** I_x(a, b): the probability that a beta variable with a, b > 0 is at most x in [0, 1]. */
export function betaI(a: number, b: number, x: number): number {
  return regularised(a, b, x, 1 - x);
}

/** The same, given also y = 1 - x, which has digits of its own where x is near 1. */
function regularised(a: number, b: number, x: number, y: number): number {
  if (!(a > 0 && b > 0 && x >= 0 && x <= 1) || a === Infinity || b === Infinity) return Number.NaN;
  if (x === 0 || x === 1) return x;
  if (isLower(a, b, x)) return (power(a, b, x, y) / a) * fraction(a, b, x).value;
  const rest = 1 - (power(b, a, y, x) / b) * fraction(b, a, y).value;
  return rest < 0.3 && b < 1 && x < 0.99
    ? (Math.exp(a * Math.log(x) - logBeta(a, b)) / a) * smallTailSeries(a, b, x)
    : rest;
}

/** I_x(a, b) a B(a, b) / x^a for b < 1: 1 + a sum (1 - b)_n x^n / (n! (a + n)), all positive. */
function smallTailSeries(a: number, b: number, x: number): number {
  let [term, sum] = [1, 1];
  for (let n = 1; term > sum * 2 ** -54; n++) {
    term *= ((n - b) * x) / n;
    sum += (a * term) / (a + n);
  }
  return sum;
}

/** 1 - I_x(a, b). */
function tail(a: number, b: number, x: number): number {
  return regularised(b, a, 1 - x, x);
}

/** Where the continued fraction converges fast; elsewhere that of the mirrored function does. */
const isLower = (a: number, b: number, x: number): boolean => x <= (a + 1) / (a + b + 2);

/** log(x / (a / (a + b))). */
function logRatio(a: number, b: number, x: number, y: number): number {
  const u = (x * b - y * a) / a;
  return Math.abs(u) < 0.5 ? Math.log1p(u) : Math.log((x * (a + b)) / a);
}

/** x^a y^b / B(a, b), from how far x is from the mean, so that large exponents do not cost digits. */
function power(a: number, b: number, x: number, y: number): number {
  if (Math.min(a, b) < 1) {
    const [logX, logY] = x < y ? [Math.log(x), Math.log1p(-x)] : [Math.log1p(-y), Math.log(y)];
    return Math.exp(a * logX + b * logY - logBeta(a, b));
  }
  const n = a + b;
  const [u, v] = [(x * b - y * a) / a, (y * a - x * b) / b];
  const excess = a * logExcess(u, (x * n) / a) + b * logExcess(v, (y * n) / b);
  const correction = stirlingError(n) - stirlingError(a) - stirlingError(b);
  return Math.sqrt((a / n) * (b / (2 * Math.PI))) * Math.exp(correction - excess);
}

/** A value that depends on a and b, and its derivatives by them. */
interface Sloped {
  readonly value: number;
  readonly byA: number;
  readonly byB: number;
}

/** I_x(a, b) a B(a, b) / (x^a y^b), a continued fraction (Abramowitz and Stegun 1964, 26.5.8) by Lentz's method. */
function fraction(a: number, b: number, x: number): Sloped {
  let [c, cA, cB] = [1, 0, 0];
  let [d, dA, dB] = [0, 0, 0];
  let [value, byA, byB] = [1, 0, 0];
  for (let n = 1; n < 100_000; n++) {
    const [e, eA, eB] = coefficient(a, b, x, n);
    const bottom = 1 + e * d;
    [d, dA, dB] = [
      1 / (Math.abs(bottom) < TINY ? TINY : bottom),
      -(eA * d + e * dA) / bottom / bottom,
      -(eB * d + e * dB) / bottom / bottom,
    ];
    const next = 1 + e / c;
    [cA, cB] = [(eA - (e * cA) / c) / c, (eB - (e * cB) / c) / c];
    c = Math.abs(next) < TINY ? TINY : next;
    const [f, fA, fB] = [c * d, cA * d + c * dA, cB * d + c * dB];
    [byA, byB] = [byA * f + value * fA, byB * f + value * fB];
    value *= f;
    if (n % 2 === 0 && isSettled(f, value * fA, byA, value * fB, byB)) {
      return { value: 1 / value, byA: -byA / value / value, byB: -byB / value / value };
    }
  }
  return { value: Number.NaN, byA: Number.NaN, byB: Number.NaN };
}

function isSettled(factor: number, stepA: number, byA: number, stepB: number, byB: number): boolean {
  const isLarge = (step: number, of: number) => Math.abs(step) > 2 ** -52 * Math.abs(of); // NaN, of overflow, is not
  return Math.abs(factor - 1) < 2 ** -52 && !isLarge(stepA, byA) && !isLarge(stepB, byB);
}

/** The n-th partial numerator and its derivatives by a and b. */
function coefficient(a: number, b: number, x: number, n: number): readonly [number, number, number] {
  const m = Math.floor(n / 2);
  if (n % 2 === 0) {
    const e = (m / (a + n - 1)) * ((b - m) / (a + n)) * x;
    return [e, -e * (1 / (a + n - 1) + 1 / (a + n)), (m / (a + n - 1)) * (x / (a + n))];
  }
  const e = -((a + m) / (a + n - 1)) * ((a + b + m) / (a + n)) * x;
  // 1 / (a + m) - 1 / (a + 2 m), which is 0 for m = 0 however small a is
  const gap = m === 0 ? 0 : m / (a + m) / (a + n - 1);
  return [e, e * (gap + 1 / (a + b + m) - 1 / (a + n)), e / (a + b + m)];
}

/** The x with I_x(a, b) = p. */
export function betaIInv(a: number, b: number, p: number): number {
  if (!(a > 0 && b > 0 && a < Infinity && b < Infinity && p >= 0 && p <= 1)) return Number.NaN;
  if (p === 0 || p === 1) return p;
  return invertCdf(p, {
    start: startOfBetaIInv(a, b, p),
    low: 0,
    high: 1,
    cdf: (x) => betaI(a, b, x),
    tail: (x) => tail(a, b, x),
    density: (x) => power(a, b, x, 1 - x) / (x * (1 - x)),
    bend: (x) => (a - 1) / x - (b - 1) / (1 - x),
  });
}

/** The first term of the series in the lower tail, a normal of the same mean and variance in the middle. */
function startOfBetaIInv(a: number, b: number, p: number): number {
  const mean = a / (a + b);
  const first = Math.exp((Math.log(p) + Math.log(a) + logBeta(a, b)) / a);
  if (first < 0.3 * mean) return first;
  const middle = mean + normalQuantile(p) * Math.sqrt((mean * (1 - mean)) / (a + b + 1));
  return middle > 0 && middle < 1 ? middle : mean;
}

/**
 * dx/da of a sample x of the beta distribution with parameters a and b, its quantile held: -(dI/da) / density (Figurnov et
 * al. 2018). By b it is -betaSampleSlope(b, a, 1 - x).
 */
export function betaSampleSlope(a: number, b: number, x: number): number {
  if (!(a > 0 && b > 0 && x >= 0 && x <= 1)) return Number.NaN;
  if (x === 0 || x === 1) return 0;
  const y = 1 - x;
  const moved = logRatio(a, b, x, y) + logLessDigamma(a) - logLessDigamma(a + b);
  if (isLower(a, b, x)) {
    const { value, byA } = fraction(a, b, x);
    return -((x * y) / a) * (value * (moved - 1 / a) + byA);
  }
  const { value, byB } = fraction(b, a, y);
  return ((x * y) / b) * (value * moved + byB);
}
