import type { ArrayOps } from "./array-ops.ts";
import { requireKind, requireOperands } from "./arguments.ts";

/** A Gaussian with diagonal covariance: mean and log variance (natural logarithm), of shapes that broadcast. */
export interface DiagonalGaussian<T> {
  readonly mu: T;
  readonly logVar: T;
}

/** A Gaussian with one fixed variance (of each element, not the standard deviation), positive and finite. */
export interface FixedVarianceGaussian<T> {
  readonly mu: T;
  readonly variance: number;
}

export interface EventOptions {
  /** The axes of one event, over which log-probabilities are summed: `[-1]` for rows, `[1, 2, 3]` for images. Default: [-1]. */
  readonly axes?: readonly number[];
}

export const EVENT_AXES: readonly number[] = [-1];

/**
 * log N(x; mu, diag(var)) in nats with its full constant, summed over the event axes (default: the last).
 * Shapes [..., features] -> [...].
 *
 *     log N = -(log 2 pi + log var + (x - mu)^2 / var) / 2
 *
 * A density: it can be positive, and its values move with the units of `x`.
 *
 * @throws TypeError naming the argument when one is not an array; RangeError when `variance` is not positive and finite.
 */
export function gaussianLogProb<T>(
  ops: ArrayOps<T>,
  x: T,
  gaussian: DiagonalGaussian<T> | FixedVarianceGaussian<T>,
  { axes = EVENT_AXES }: EventOptions = {},
): T {
  requireOperands({ x, "gaussian.mu": gaussian?.mu });
  const { logVar, precision } = "variance" in gaussian ? fixedScale(ops, gaussian.variance) : freeScale(ops, gaussian);
  const squares = ops.mul(ops.square(ops.sub(x, gaussian.mu)), precision);
  const terms = ops.add(ops.add(ops.scalar(LOG_2_PI), logVar), squares);
  return ops.mul(ops.scalar(-0.5), ops.sum(terms, { axes }));
}

/** A number, not `Math.log`, which may differ in the last bit from one JavaScript engine to another. */
export const LOG_2_PI = 1.8378770664093453;

/** The logarithm of the variance, and 1 / variance. */
interface Scale<T> {
  readonly logVar: T;
  readonly precision: T;
}

function freeScale<T>(ops: ArrayOps<T>, { logVar }: DiagonalGaussian<T>): Scale<T> {
  requireOperands({ "gaussian.logVar": logVar });
  return { logVar, precision: ops.exp(ops.neg(logVar)) };
}

/** By a division, which every machine rounds alike: no gradient passes through a logarithm or exponential. */
function fixedScale<T>(ops: ArrayOps<T>, variance: number): Scale<T> {
  requireKind("gaussian.variance", variance, "Number");
  if (!(variance > 0 && variance < Infinity)) {
    throw new RangeError(`"gaussian.variance" expected a positive finite number, got ${variance}`);
  }
  return { logVar: ops.log(ops.scalar(variance)), precision: ops.scalar(1 / variance) };
}
