/** The distribution function of the noncentral t distribution, in float64, with all its digits in both tails. */
import { logNormalCdf, normalCdf } from "./error-function.ts";
import { logGamma } from "./gamma.ts";

/**
 * P(T <= t) of T = (Z + delta) / (R / sqrt(df)) with Z standard normal and R a chi variable of df > 0 degrees of freedom;
 * df need not be whole.
 */
export function noncentralTCdf(t: number, df: number, delta: number): number {
  return side(t, df, delta, 1);
}

/** P(T > t). */
export function noncentralTTail(t: number, df: number, delta: number): number {
  return side(t, df, delta, -1);
}

/** Below exp(-DEPTH) of the integrand's peak nothing counts any more. */
const DEPTH = 46;

/**
 * The integral over u = log r of exp(df u - e^(2 u) / 2) Phi(sign (t e^u / sqrt(df) - delta)), normalised: one smooth hill
 * that falls off at both ends, where the trapezoidal rule converges exponentially. All terms are positive, so that no digit
 * is lost however small the sum is.
 */
function side(t: number, df: number, delta: number, sign: 1 | -1): number {
  if (!(df > 0 && df < Infinity && Math.abs(delta) < Infinity) || Number.isNaN(t)) return Number.NaN;
  if (t === 0) return normalCdf(-sign * delta);
  if (Math.abs(t) === Infinity) return t > 0 === sign > 0 ? 1 : 0;
  const slope = t / Math.sqrt(df);
  const height = (u: number): number =>
    df * u - Math.exp(2 * u) / 2 + logNormalCdf(sign * (slope * Math.exp(u) - delta));
  const peak = summit(height, df, delta);
  const top = height(peak);
  const sum = trapezoids((u) => Math.exp(height(u) - top), foot(height, peak, -1), foot(height, peak, 1));
  return Math.min(1, sum * Math.exp(top + (1 - df / 2) * Math.LN2 - logGamma(df / 2)));
}

/** Where the hill is highest, to within what matters for centring it. */
function summit(height: (u: number) => number, df: number, delta: number): number {
  let [low, high] = [-50 - 50 / df, Math.log(Math.sqrt(df) + Math.abs(delta) + 10)];
  while (high - low > 1e-4) {
    const [left, right] = [low + (high - low) / 3, high - (high - low) / 3];
    if (height(left) < height(right)) low = left;
    else high = right;
  }
  return (low + high) / 2;
}

/** How far to go from the peak until the hill has fallen by DEPTH. */
function foot(height: (u: number) => number, peak: number, direction: 1 | -1): number {
  const floor = height(peak) - DEPTH;
  let [inside, outside] = [0, 1e-3];
  while (height(peak + direction * outside) > floor) [inside, outside] = [outside, 2 * outside];
  for (let step = 0; step < 6; step++) {
    const middle = (inside + outside) / 2;
    if (height(peak + direction * middle) > floor) inside = middle;
    else outside = middle;
  }
  return peak + direction * outside;
}

/** The integral of f from a to b, at both of which it has vanished; intervals are halved until it stands. */
function trapezoids(f: (u: number) => number, a: number, b: number): number {
  let count = 32;
  let sum = 0;
  for (let i = 0; i <= count; i++) sum += f(a + (i / count) * (b - a));
  for (; count < 2 ** 14; count *= 2) {
    let between = 0;
    for (let i = 0; i < count; i++) between += f(a + ((i + 0.5) / count) * (b - a));
    const isSettled = Math.abs(between - sum) <= 2 ** -50 * sum;
    sum += between;
    if (isSettled) return (sum * (b - a)) / (2 * count);
  }
  return (sum * (b - a)) / count;
}
