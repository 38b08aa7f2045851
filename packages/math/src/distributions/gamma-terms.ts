/**
 * Combinations of gamma functions whose parts cancel for large arguments: from `FROM` on they are summed from Stirling's
 * series (Abramowitz and Stegun 1964, 6.1.40, 6.3.18), from which the parts that cancel have been left out.
 */
import { LOG_2_PI } from "../gaussian.ts";
import type { MathOps } from "../math-ops.ts";
import { less, plus, polynomial, times } from "./support.ts";

/** There the first terms left out are below 1e-15. */
const FROM = 16;

/** log Gamma(a) - ((a - 1/2) log a - a + log(2 pi) / 2) in 1 / a^2, times a: B_2n / (2n (2n - 1)) */
const STIRLING: readonly number[] = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188];

/** Odd and even powers of 1 / a in the entropy: B_2n / (2n - 1), less 1/2 at the first, and -B_2n / 2n. */
const ENTROPY_ODD: readonly number[] = [-1 / 3, -1 / 90, 1 / 210, -1 / 210, 5 / 594, -691 / 30030];
const ENTROPY_EVEN: readonly number[] = [-1 / 12, 1 / 120, -1 / 252, 1 / 240, -1 / 132, 691 / 32760];

/** psi(h + 1/2) - psi(h) = 1 / (2 h) + sum of these over h^2, h^4, ... */
const HALF_STEP: readonly number[] = [1 / 8, -1 / 64, 1 / 128, -17 / 2048, 31 / 2048, -691 / 16384];

/** `near(a)` up to FROM, `far(a)` from there, each given an argument of its own region. */
function byRegion<T>(ops: MathOps<T>, a: T, near: (a: T) => T, far: (a: T) => T): T {
  const boundary = ops.scalar(FROM);
  const isFar = ops.greater(a, boundary);
  return ops.select(isFar, far(ops.maximum(a, boundary)), near(ops.minimum(a, boundary)));
}

/** log Gamma(a) - ((a - 1/2) log a - a + log(2 pi) / 2), a >= FROM. */
function stirlingError<T>(ops: MathOps<T>, a: T): T {
  const inverse = ops.div(ops.scalar(1), a);
  return ops.mul(inverse, polynomial(ops, ops.square(inverse), STIRLING));
}

/** The entropy of a Gamma variable of rate 1: a + log Gamma(a) + (1 - a) psi(a). */
export function unitGammaEntropy<T>(ops: MathOps<T>, a: T): T {
  const plain = (x: T): T => ops.add(ops.add(x, ops.logGamma(x)), ops.mul(less(ops, 1, x), ops.digamma(x)));
  const series = (x: T): T => {
    const inverse = ops.div(ops.scalar(1), x);
    const square = ops.square(inverse);
    const [odd, even] = [ENTROPY_ODD, ENTROPY_EVEN].map((c) => polynomial(ops, square, c)) as [T, T];
    const rest = ops.mul(inverse, ops.add(odd, ops.mul(inverse, even)));
    return ops.add(times(ops, 0.5, plus(ops, ops.log(x), LOG_2_PI + 1)), rest);
  };
  return byRegion(ops, a, plain, series);
}

/** (h + 1/2) (psi(h + 1/2) - psi(h)) */
export function halfStep<T>(ops: MathOps<T>, h: T): T {
  const plain = (x: T): T => {
    const above = plus(ops, x, 0.5);
    return ops.mul(above, ops.sub(ops.digamma(above), ops.digamma(x)));
  };
  const series = (x: T): T => {
    const inverse = ops.div(ops.scalar(1), x);
    const square = ops.square(inverse);
    const rest = ops.mul(square, polynomial(ops, square, HALF_STEP));
    return ops.mul(plus(ops, x, 0.5), ops.add(times(ops, 0.5, inverse), rest));
  };
  return byRegion(ops, h, plain, series);
}

/**
 * (a - 1) log y - y - log Gamma(a), of y >= 0; `logPower` is its first term. About its maximum, where the three cancel, with
 * r = (y - a) / a, it is (a - 1) (log(1 + r) - r) - r - log(2 pi a) / 2 - Stirling's error.
 */
export function logUnitGamma<T>(ops: MathOps<T>, a: T, y: T, logPower: T): T {
  const boundary = ops.scalar(FROM);
  const isClose = ops.greater(times(ops, 0.5, a), ops.abs(ops.sub(y, a)));
  const isFar = ops.minimum(ops.greater(a, boundary), isClose);
  const [aFar, yFar] = [a, y].map((x) => ops.select(isFar, x, boundary)) as [T, T];
  const r = ops.div(ops.sub(yFar, aFar), aFar);
  const bend = ops.mul(plus(ops, aFar, -1), ops.sub(ops.log1p(r), r));
  const width = ops.add(times(ops, 0.5, plus(ops, ops.log(aFar), LOG_2_PI)), stirlingError(ops, aFar));
  const plain = ops.sub(ops.sub(logPower, y), ops.logGamma(a));
  return ops.select(isFar, ops.sub(ops.sub(bend, r), width), plain);
}
