/** The logarithm of the modified Bessel function of the first kind, in float64. */
import { logGamma } from "./gamma.ts";

/** log I_v(x) for order v >= 0 and x >= 0; -Infinity at x = 0 unless v = 0. */
export function logBesselI(v: number, x: number): number {
  if (!(v >= 0 && x >= 0) || v === Infinity) return Number.NaN;
  if (x === 0 || x === Infinity) return x === 0 ? (v === 0 ? 0 : -Infinity) : Infinity;
  return x > 100 && x > 2 * v * v ? farFromZero(v, x) : powerSeries(v, x);
}

/** x - log(2 pi x) / 2 + log(1 - (m - 1) / (8 x) + (m - 1)(m - 9) / (2! (8 x)^2) - ...), m = 4 v^2 (Abramowitz, Stegun 1964, 9.7.1). */
function farFromZero(v: number, x: number): number {
  let [term, sum] = [1, 0];
  for (let k = 1; Math.abs(term) > 2 ** -60 && k < 60; k++) {
    term *= -(4 * v * v - (2 * k - 1) ** 2) / (8 * k * x);
    sum += term;
  }
  return x - 0.5 * Math.log(2 * Math.PI * x) + Math.log1p(sum);
}

/** log of the sum of (x / 2)^(v + 2k) / (k! Gamma(v + k + 1)), all positive, from the largest term outwards. */
function powerSeries(v: number, x: number): number {
  const half = x / 2;
  const square = half * half;
  const peak = Math.floor((Math.sqrt(v * v + x * x) - v) / 2);
  let rest = 0;
  for (let [k, term] = [peak + 1, 1]; ; k++) {
    term *= square / (k * (v + k));
    rest += term;
    if (term < 2 ** -60 * (1 + rest) || term === 0) break;
  }
  for (let [k, term] = [peak, 1]; k > 0 && term > 2 ** -60 * (1 + rest); k--) {
    term *= (k * (v + k)) / square;
    rest += term;
  }
  return (v + 2 * peak) * Math.log(half) - logGamma(peak + 1) - logGamma(v + peak + 1) + Math.log1p(rest);
}
