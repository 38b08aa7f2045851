import { formatShape, requireNdArray } from "../nd-array.ts";
import type { NdArray } from "../nd-array.ts";
import { meanEstimate } from "../mean-estimate.ts";
import { requireCount, requireList } from "./require.ts";

/** Estimates of log p(x), one element per example. */
export interface LogLikelihoodEstimate {
  /** k, draws per example. */
  readonly draws: number;
  /** log (1/k) sum_i w_i, nats. Its expectation is below log p(x), by about half the squared standard error. */
  readonly logLikelihood: Float64Array;
  /** (sum w)^2 / sum w^2, between 1 and k: how many equal weights would tell as much. */
  readonly effectiveSampleSize: Float64Array;
  /**
   * Of `logLikelihood`, nats, by the delta method: the coefficient of variation of the weights over sqrt(k). Infinite for
   * one draw. It cannot know of weights that no draw has met: distrust it where the effective sample size is small.
   */
  readonly standardError: Float64Array;
}

/**
 * Importance weights, drawn one per example at a time, summed up in constant memory (a running maximum and the sums of
 * w and w^2 relative to it, so that nothing overflows).
 *
 * @example
 * const weights = new LogWeightAccumulator(batch);
 * for (let draw = 0; draw < 500; draw++) weights.add(logWeightsOf(draw));
 * const { logLikelihood, standardError } = weights.estimate();
 */
export class LogWeightAccumulator {
  /** How many examples there are. */
  readonly examples: number;
  private draws = 0;
  private readonly largest: Float64Array;
  private readonly sum: Float64Array;
  private readonly squares: Float64Array;

  /** @throws TypeError, RangeError unless `examples` is a positive integer. */
  constructor(examples: number) {
    requireCount("examples", examples);
    this.examples = examples;
    this.largest = new Float64Array(examples).fill(-Infinity);
    this.sum = new Float64Array(examples);
    this.squares = new Float64Array(examples);
  }

  /**
   * One more draw for each example: log w in nats, where -Infinity is a weight of 0.
   *
   * @throws TypeError unless `logWeights` is an array; RangeError when there are not as many as examples, or one is NaN or
   * +Infinity. Nothing is added then.
   */
  add(logWeights: ArrayLike<number>): void {
    this.require(logWeights);
    this.draws++;
    for (let i = 0; i < this.examples; i++) this.addOne(i, logWeights[i]!);
  }

  private require(logWeights: ArrayLike<number>): void {
    requireList("logWeights", logWeights);
    if (logWeights.length !== this.examples) {
      throw new RangeError(`"logWeights" expected ${this.examples}, one per example, got ${logWeights.length}`);
    }
    for (let i = 0; i < this.examples; i++) {
      if (logWeights[i]! < Infinity) continue;
      throw new RangeError(`"logWeights" expected numbers below Infinity, got ${logWeights[i]} for example ${i}`);
    }
  }

  private addOne(i: number, logWeight: number): void {
    if (logWeight > this.largest[i]!) {
      const shrink = Math.exp(this.largest[i]! - logWeight);
      this.largest[i] = logWeight;
      this.sum[i] = this.sum[i]! * shrink + 1;
      this.squares[i] = this.squares[i]! * shrink * shrink + 1;
    } else if (logWeight > -Infinity) {
      const relative = Math.exp(logWeight - this.largest[i]!);
      this.sum[i]! += relative;
      this.squares[i]! += relative * relative;
    }
  }

  /**
   * What the draws so far say. Where all weights are 0, `logLikelihood` is -Infinity and the rest NaN.
   *
   * @throws RangeError before the first draw.
   */
  estimate(): LogLikelihoodEstimate {
    const k = this.draws;
    if (k === 0) throw new RangeError(`"draws" expected at least 1 before an estimate, got 0`);
    const logLikelihood = this.sum.map((sum, i) => this.largest[i]! + Math.log(sum / k));
    const effectiveSampleSize = this.sum.map((sum, i) => (sum * sum) / this.squares[i]!);
    return { draws: k, logLikelihood, effectiveSampleSize, standardError: effectiveSampleSize.map(errorOf(k)) };
  }
}

/** sqrt((1 / ESS - 1 / k) k / (k - 1)): the sample variance of w over its squared mean, over k. */
function errorOf(k: number): (effectiveSampleSize: number) => number {
  if (k === 1) return () => Infinity;
  return (effectiveSampleSize) => Math.sqrt(Math.max(0, k / effectiveSampleSize - 1) / (k - 1));
}

/**
 * log p(x) by importance sampling, from log weights [examples, k] as {@link sampledElbo} makes them.
 *
 * @throws TypeError, RangeError naming `logWeights` when it is not an NdArray of rank 2 or holds NaN or +Infinity.
 */
export function importanceSampledLogLikelihood(logWeights: NdArray): LogLikelihoodEstimate {
  requireNdArray("logWeights", logWeights);
  const [examples, k] = logWeights.shape;
  if (logWeights.shape.length !== 2 || k === 0) {
    throw new RangeError(`"logWeights" expected shape [examples, draws], got ${formatShape(logWeights.shape)}`);
  }
  const accumulator = new LogWeightAccumulator(examples!);
  for (let draw = 0; draw < k!; draw++) {
    accumulator.add(Float64Array.from({ length: examples! }, (_, i) => logWeights.data[i * k! + draw]!));
  }
  return accumulator.estimate();
}

export interface MeanLogLikelihood {
  /** Mean over the examples, nats per example. */
  readonly mean: number;
  /** Standard error of the mean from the draws: how far another evaluation of the same examples would lie. */
  readonly samplingError: number;
  /** Standard error of the mean from the examples: how far another data set of the same size would lie. NaN for one. */
  readonly dataError: number;
}

/**
 * The mean log-likelihood of a data set with both of its errors.
 *
 * @throws TypeError naming what is no array; RangeError when the two differ in length or are empty.
 */
export function meanLogLikelihood({
  logLikelihood,
  standardError,
}: Pick<LogLikelihoodEstimate, "logLikelihood" | "standardError">): MeanLogLikelihood {
  requireList("logLikelihood", logLikelihood);
  requireList("standardError", standardError);
  const n = logLikelihood.length;
  requireCount("logLikelihood.length", n);
  if (standardError.length !== n) {
    throw new RangeError(`"standardError" expected ${n} numbers as "logLikelihood" has, got ${standardError.length}`);
  }
  const { value: mean, standardError: dataError } = meanEstimate(logLikelihood);
  const squares = standardError.reduce((sum, error) => sum + error * error, 0);
  return { mean, samplingError: Math.sqrt(squares) / n, dataError };
}
