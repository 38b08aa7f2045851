/**
 * The gamma function's logarithm and its derivatives written out over the core tier, for float32 engines that have no kernel
 * of their own: by Stirling's series from 6 on, and by the recurrence below. Right to 2e-11 (absolute, or relative where the
 * value is above 1) before the engine's own rounding; for x > 0, infinite at 0, and without meaning below.
 */
import type { ArrayOps } from "./array-ops.ts";
import { requireOperands } from "./arguments.ts";

const HALF_LOG_2_PI = 0.9189385332046727;
/** From here on six terms of Stirling's series suffice; below, as many steps of the recurrence come first. */
const FROM = 6;

/** B_2k / (2k (2k - 1)), B_2k / (2k) and B_2k for k = 1, 2, ... */
const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360];
const DIGAMMA = [1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760];
const TRIGAMMA = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730];

/** log Gamma(x), x > 0. @throws TypeError naming the argument when it is not an array. */
export function composedLogGamma<T>(ops: ArrayOps<T>, x: T): T {
  requireOperands({ x });
  const { z, isSmall, steps } = raised(ops, x);
  const product = steps.reduce((all, step) => ops.mul(all, step));
  // (z - 1/2) (log z - 1) - 1/2 rather than (z - 1/2) log z - z, which is no number at Infinity.
  const half = ops.scalar(0.5);
  const leading = ops.sub(ops.mul(ops.sub(z, half), ops.sub(ops.log(z), ops.scalar(1))), half);
  const raisedValue = ops.add(leading, ops.add(ops.scalar(HALF_LOG_2_PI), stirling(ops, z)));
  return ops.sub(raisedValue, ops.select(isSmall, ops.log(product), ops.scalar(0)));
}

/** d/dx log Gamma(x), x > 0. @throws as {@link composedLogGamma}. */
export function composedDigamma<T>(ops: ArrayOps<T>, x: T): T {
  requireOperands({ x });
  const { z, isSmall, steps } = raised(ops, x);
  const inverse = ops.div(ops.scalar(1), z);
  const square = ops.square(inverse);
  const tail = ops.mul(square, polynomial(ops, square, DIGAMMA));
  const raisedValue = ops.sub(ops.log(z), ops.add(ops.mul(ops.scalar(0.5), inverse), tail));
  const inverses = steps.map((step) => ops.div(ops.scalar(1), step)).reduce((sum, term) => ops.add(sum, term));
  return ops.sub(raisedValue, ops.select(isSmall, inverses, ops.scalar(0)));
}

/** d^2/dx^2 log Gamma(x), x > 0. @throws as {@link composedLogGamma}. */
export function composedTrigamma<T>(ops: ArrayOps<T>, x: T): T {
  requireOperands({ x });
  const { z, isSmall, steps } = raised(ops, x);
  const inverse = ops.div(ops.scalar(1), z);
  const square = ops.square(inverse);
  const series = polynomial(ops, square, TRIGAMMA);
  const tail = ops.add(ops.mul(ops.scalar(0.5), square), ops.mul(ops.mul(square, inverse), series));
  const inverses = steps.map((step) => ops.square(ops.div(ops.scalar(1), step)));
  const recurrence = inverses.reduce((sum, term) => ops.add(sum, term));
  return ops.add(ops.add(inverse, tail), ops.select(isSmall, recurrence, ops.scalar(0)));
}

/** log B(a, b), a, b > 0: without the cancellation of log Gamma(a) + log Gamma(b) - log Gamma(a + b). @throws as {@link composedLogGamma}. */
export function composedLogBeta<T>(ops: ArrayOps<T>, a: T, b: T): T {
  requireOperands({ a, b });
  const [left, right] = [raised(ops, a), raised(ops, b)];
  // B(a, b) = B(a + 1, b) (a + b) / a, six times for each argument that is small.
  const fromA = ops.select(left.isSmall, logRatios(ops, left.steps, b), ops.scalar(0));
  const fromB = ops.select(right.isSmall, logRatios(ops, right.steps, left.z), ops.scalar(0));
  return ops.add(raisedLogBeta(ops, left.z, right.z), ops.add(fromA, fromB));
}

/** sum of log((step + other) / step) */
const logRatios = <T>(ops: ArrayOps<T>, steps: readonly T[], other: T): T =>
  steps.map((step) => ops.log1p(ops.div(other, step))).reduce((sum, term) => ops.add(sum, term));

/** log B of arguments from 6 on: (a - 1/2) log(a / (a + b)) + b log(b / (a + b)) - log(b) / 2 and what Stirling adds. */
function raisedLogBeta<T>(ops: ArrayOps<T>, a: T, b: T): T {
  const half = ops.scalar(0.5);
  const ofA = ops.mul(ops.sub(a, half), ops.log1p(ops.div(b, a)));
  const ofB = ops.add(ops.mul(b, ops.log1p(ops.div(a, b))), ops.mul(half, ops.log(b)));
  const corrections = ops.sub(ops.add(stirling(ops, a), stirling(ops, b)), stirling(ops, ops.add(a, b)));
  return ops.sub(ops.add(ops.scalar(HALF_LOG_2_PI), corrections), ops.add(ofA, ofB));
}

/** An argument moved to where Stirling's series holds. */
interface Raised<T> {
  /** x, or x + 6 below 6. */
  readonly z: T;
  readonly isSmall: T;
  /** x, x + 1, ... x + 5 where it is small; elsewhere something harmless, for gradients see both branches. */
  readonly steps: readonly T[];
}

function raised<T>(ops: ArrayOps<T>, x: T): Raised<T> {
  const from = ops.scalar(FROM);
  const isSmall = ops.greater(from, x);
  const small = ops.select(isSmall, x, ops.scalar(1));
  const steps = Array.from({ length: FROM }, (_, k) => (k === 0 ? small : ops.add(small, ops.scalar(k))));
  return { z: ops.select(isSmall, ops.add(x, from), x), isSmall, steps };
}

/** What Stirling's formula leaves out, for z >= 6. */
function stirling<T>(ops: ArrayOps<T>, z: T): T {
  const inverse = ops.div(ops.scalar(1), z);
  return ops.mul(inverse, polynomial(ops, ops.square(inverse), STIRLING));
}

function polynomial<T>(ops: ArrayOps<T>, x: T, coefficients: readonly number[]): T {
  return coefficients.map((c) => ops.scalar(c)).reduceRight((sum, c) => ops.add(ops.mul(sum, x), c));
}
