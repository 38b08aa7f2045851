/**
 * Convex functions less their tangents: what a KL of an exponential family is made of. Each is never negative, exactly 0
 * at 0 distance, and right to a few roundings of itself, however near its two arguments are.
 */
import type { ArrayOps } from "../array-ops.ts";
import { plus, polynomial, times } from "../distributions/support.ts";

/** exp(x) - 1 - x, by `expm1`, which is nowhere below x. */
export function expRemainder<T>(ops: ArrayOps<T>, x: T): T {
  return ops.sub(ops.expm1(x), x);
}

/**
 * a / b - 1 - log(a / b) for positive `a` and `b`. Give their difference `d` where it is known better than `a - b`.
 *
 * With u = d / b it is u - log(1 + u). Near 0 that cancels, and s = u / (2 + u), log(1 + u) = 2 atanh(s) make it
 *
 *     s (u - 2 (s^2 / 3 + s^4 / 5 + s^6 / 7 + ...))
 */
export function ratioRemainder<T>(ops: ArrayOps<T>, a: T, b: T, d: T = ops.sub(a, b)): T {
  const u = ops.div(d, b);
  const isNear = ops.greater(ops.scalar(NEAR), ops.abs(u));
  const far = ops.sub(u, ops.log(ops.select(isNear, ops.scalar(1), ops.div(a, b))));
  return ops.select(isNear, nearRemainder(ops, ops.select(isNear, u, ops.scalar(0))), far);
}

/** Where the ten terms of {@link nearRemainder} leave less than 2^-56 of it: s^2 < 0.0205. */
const NEAR = 0.25;
const ATANH = Array.from({ length: 10 }, (_, k) => 1 / (2 * k + 3));

function nearRemainder<T>(ops: ArrayOps<T>, u: T): T {
  const s = ops.div(u, plus(ops, u, 2));
  const square = ops.square(s);
  const series = ops.mul(square, polynomial(ops, square, ATANH));
  return ops.mul(s, ops.sub(u, times(ops, 2, series)));
}

/** log(a / b) for positive `a` and `b`, without cancellation where they are near each other. */
export function logRatio<T>(ops: ArrayOps<T>, a: T, b: T): T {
  const u = ops.div(ops.sub(a, b), b);
  const isNear = ops.greater(ops.scalar(NEAR), ops.abs(u));
  const far = ops.log(ops.select(isNear, ops.scalar(1), ops.div(a, b)));
  return ops.select(isNear, ops.log1p(ops.select(isNear, u, ops.scalar(0))), far);
}

/**
 * log Gamma(a) - log Gamma(b) - (a - b) digamma(b) for positive `a` and `b`, from logarithms alone.
 *
 * Gamma(x) = Gamma(x + n) / (x (x + 1) ... (x + n - 1)) makes it n remainders of -log, and one of log Gamma at n + a and
 * n + b, which Stirling's series gives: x log x - x, less half a logarithm, and inverse odd powers.
 */
export function logGammaRemainder<T>(ops: ArrayOps<T>, a: T, b: T, d: T = ops.sub(a, b)): T {
  const at = (x: T, shift: number) => (shift === 0 ? x : plus(ops, x, shift));
  const steps = Array.from({ length: SHIFT }, (_, i) => ratioRemainder(ops, at(a, i), at(b, i), d));
  const tail = stirlingRemainder(ops, at(a, SHIFT), at(b, SHIFT), d);
  return steps.reduceRight((total, step) => ops.add(total, step), tail);
}

/** Stirling's series at 10 and more: its next term would add less than 2^-50 of the remainder. */
const SHIFT = 10;
const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360_360, 1 / 156];

function stirlingRemainder<T>(ops: ArrayOps<T>, a: T, b: T, d: T): T {
  const main = ops.mul(a, ratioRemainder(ops, b, a, ops.neg(d)));
  const half = times(ops, 0.5, ratioRemainder(ops, a, b, d));
  return ops.add(ops.add(inversePowers(ops, a, b, d), half), main);
}

/**
 * sum c_n T_n over odd n, with T_n = a^-n - b^-n + n d b^-(n+1), which
 *
 *     T_n = (T_(n-1) + n d^2 b^-(n+1)) / a,    T_0 = 0
 *
 * gives without a difference.
 */
function inversePowers<T>(ops: ArrayOps<T>, a: T, b: T, d: T): T {
  let power = ops.square(ops.div(d, b)); // d^2 b^-(n+1), with n = 1
  let term = ops.div(power, a);
  let total = times(ops, STIRLING[0]!, term);
  for (let n = 2; n < 2 * STIRLING.length; n++) {
    power = ops.div(power, b);
    term = ops.div(ops.add(term, times(ops, n, power)), a);
    if (n % 2 === 1) total = ops.add(total, times(ops, STIRLING[(n - 1) / 2]!, term));
  }
  return total;
}
