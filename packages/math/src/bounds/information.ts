import type { ArrayOps } from "../array-ops.ts";
import { requireOperands } from "../arguments.ts";
import { columnOf } from "../columns.ts";
import { LOG_2_PI } from "../gaussian.ts";
import type { DiagonalGaussian } from "../gaussian.ts";
import { klDiagonalGaussian } from "../kl/diagonal-gaussian.ts";
import { requireNdArray } from "../nd-array.ts";
import type { NdArray } from "../nd-array.ts";
import { meanEstimate, type MeanEstimate } from "../mean-estimate.ts";
import { requireFinite, requireList, requirePositive, requireShape } from "./require.ts";

/** Means over drawn z, in nats. */
export interface AggregateInformation {
  /** I_q(x; z), nats: how much a code tells which of the N examples it came from; in truth within [0, log N]. */
  readonly mutualInformation: MeanEstimate;
  /** KL(q(z) || prod_d q(z_d)), nats. */
  readonly totalCorrelation: MeanEstimate;
  /** KL(q(z_d) || p(z_d)) of each dimension, nats: of the aggregate, unlike {@link klPerDimension}. */
  readonly dimensionWiseKl: readonly MeanEstimate[];
  /** KL(q(z) || p(z)), nats: the total correlation and the dimension-wise KLs together. */
  readonly marginalKl: MeanEstimate;
  /** The mean KL(q(z | x) || p(z)), sampled: mutual information and marginal KL together. */
  readonly kl: MeanEstimate;
}

/**
 * The mean KL of the ELBO taken apart (Hoffman and Johnson 2016; the marginal KL further as by Chen et al.
 * 2018), with the aggregate posterior q(z) = (1/N) sum_n q(z | x_n) in full, and p(z) = N(0, I):
 *
 *     mean_n KL(q(z | x_n) || p(z)) = I_q(x; z) + KL(q(z) || p(z))
 *
 * by the mean over the given draws. The only error is that of so many draws; the time is N draws dimensions exponentials.
 *
 * @param q the posteriors of N examples, `mu` and `logVar` [N, dimensions].
 * @param z draws, [draws, dimensions].
 * @param owners the row of `q` that each draw came from. All rows must come equally often for the identity above to
 * hold in expectation. Default: draw i from row i.
 * @throws TypeError, RangeError naming the argument: an array of the wrong shape or not finite, an owner that is no row.
 */
export function aggregateInformation(
  q: DiagonalGaussian<NdArray>,
  z: NdArray,
  owners: ArrayLike<number> = rowsOf(z),
): AggregateInformation {
  requireNdArray("q.mu", q?.mu);
  requireShape("q.mu", q.mu, [undefined, undefined]);
  requireShape("q.logVar", q.logVar, q.mu.shape);
  const [n, dimensions] = q.mu.shape as [number, number];
  requireShape("z", z, [undefined, dimensions]);
  requireFinite("q.mu", q.mu.data);
  requireFinite("q.logVar", q.logVar.data);
  requireFinite("z", z.data);
  requireOwners(owners, z.shape[0]!, n);
  return summarise(logDensities(q, z, owners), dimensions);
}

function rowsOf(z: NdArray): number[] {
  requireNdArray("z", z);
  return Array.from({ length: z.shape[0] ?? 0 }, (_, i) => i);
}

function requireOwners(owners: ArrayLike<number>, draws: number, n: number): void {
  requireList("owners", owners);
  if (draws === 0 || owners.length !== draws) {
    throw new RangeError(`"owners" expected ${draws || "at least 1"}, one per draw, got ${owners.length}`);
  }
  for (let i = 0; i < draws; i++) {
    const isRow = Number.isInteger(owners[i]) && owners[i]! >= 0 && owners[i]! < n;
    if (!isRow) throw new RangeError(`"owners" expected rows of "q" in [0, ${n}), got ${owners[i]} for draw ${i}`);
  }
}

/** Of each draw: under its own posterior, the aggregate, and dimension by dimension the aggregate and N(0, 1). */
interface LogDensities {
  readonly own: Float64Array;
  readonly aggregate: Float64Array;
  /** [draws, dimensions] */
  readonly marginals: Float64Array;
  /** [draws, dimensions] */
  readonly prior: Float64Array;
}

function logDensities(q: DiagonalGaussian<NdArray>, z: NdArray, owners: ArrayLike<number>): LogDensities {
  const [n, dimensions] = q.mu.shape as [number, number];
  const draws = z.shape[0]!;
  const columns = Array.from({ length: dimensions }, (_, d) => dimensionOf(q, d));
  const out = {
    own: new Float64Array(draws),
    aggregate: new Float64Array(draws),
    marginals: new Float64Array(draws * dimensions),
    prior: z.data.map((value) => -0.5 * (LOG_2_PI + value * value)),
  };
  const [joint, single] = [new Float64Array(n), new Float64Array(n)];
  for (let i = 0; i < draws; i++) {
    joint.fill(0);
    for (let d = 0; d < dimensions; d++) {
      out.marginals[i * dimensions + d] = addColumn(columns[d]!, z.data[i * dimensions + d]!, single, joint);
    }
    out.own[i] = joint[owners[i]!]!;
    out.aggregate[i] = logMean(joint);
  }
  return out;
}

/** One dimension of all examples, as log q(z_d | x_n) needs it: -(log 2 pi + log var) / 2 - ((z - mu) / (sqrt 2 sigma))^2. */
interface Column {
  readonly mu: Float64Array;
  readonly constant: Float64Array;
  readonly scale: Float64Array;
}

function dimensionOf({ mu, logVar }: DiagonalGaussian<NdArray>, d: number): Column {
  const dimensions = mu.shape[1]!;
  const own = columnOf(logVar.data, dimensions, d);
  return {
    mu: columnOf(mu.data, dimensions, d),
    constant: own.map((value) => -0.5 * (LOG_2_PI + value)),
    scale: own.map((value) => Math.sqrt(0.5) * Math.exp(-0.5 * value)),
  };
}

/** Writes log q(z_d | x_n) of every example to `single`, adds it to `joint`, and gives the logarithm of its mean. */
function addColumn({ mu, constant, scale }: Column, z: number, single: Float64Array, joint: Float64Array): number {
  for (let j = 0; j < mu.length; j++) {
    const offset = (z - mu[j]!) * scale[j]!;
    single[j] = constant[j]! - offset * offset;
    joint[j]! += single[j]!;
  }
  return logMean(single);
}

/** log (1/n) sum exp(x). What is below exp(-50) of the largest is left out: of a million such, 2e-16 of the sum. */
function logMean(x: Float64Array): number {
  let largest = -Infinity;
  for (let i = 0; i < x.length; i++) if (x[i]! > largest) largest = x[i]!;
  let sum = 0;
  for (let i = 0; i < x.length; i++) {
    const below = x[i]! - largest;
    if (below > -50) sum += Math.exp(below);
  }
  return largest + Math.log(sum / x.length);
}

function summarise({ own, aggregate, marginals, prior }: LogDensities, dimensions: number): AggregateInformation {
  const perDraw = (row: Float64Array, i: number) => {
    let sum = 0;
    for (let d = 0; d < dimensions; d++) sum += row[i * dimensions + d]!;
    return sum;
  };
  const column = (row: Float64Array, d: number) => own.map((_, i) => row[i * dimensions + d]!);
  const product = own.map((_, i) => perDraw(marginals, i));
  const priors = own.map((_, i) => perDraw(prior, i));
  return {
    mutualInformation: meanDifference(own, aggregate),
    totalCorrelation: meanDifference(aggregate, product),
    dimensionWiseKl: Array.from({ length: dimensions }, (_, d) =>
      meanDifference(column(marginals, d), column(prior, d)),
    ),
    marginalKl: meanDifference(aggregate, priors),
    kl: meanDifference(own, priors),
  };
}

function meanDifference(a: Float64Array, b: Float64Array): MeanEstimate {
  return meanEstimate(a.map((value, i) => value - b[i]!));
}

export interface ActiveUnits {
  /** Dimensions whose mean moves with the data: those with a variance above the threshold. */
  readonly count: number;
  /** Var_x(E_q[z_d | x]) of each dimension, the mean squared deviation from the mean over the examples. */
  readonly variances: Float64Array;
  readonly isActive: readonly boolean[];
}

/**
 * Active units of an encoder (Burda, Grosse and Salakhutdinov 2016), from the posterior means
 * [examples, dimensions] of a data set.
 *
 * @param threshold of the variance; the paper's 0.01 unless given.
 * @throws TypeError, RangeError naming the argument: means of another rank, of no example or not finite, a threshold
 * that is not positive and finite.
 */
export function activeUnits(mu: NdArray, threshold = 0.01): ActiveUnits {
  requireShape("mu", mu, [undefined, undefined]);
  requireFinite("mu", mu.data);
  requirePositive("threshold", threshold);
  const [n, dimensions] = mu.shape as [number, number];
  if (n === 0) throw new RangeError(`"mu" expected at least 1 example, got 0`);
  const variances = Float64Array.from({ length: dimensions }, (_, d) => variance(columnOf(mu.data, dimensions, d)));
  const isActive = Array.from(variances, (value) => value > threshold);
  return { count: isActive.filter(Boolean).length, variances, isActive };
}

function variance(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
}

/**
 * The mean over the batch of KL(q(z_d | x) || p(z_d)) of each dimension, in nats: [batch, dimensions] -> [dimensions].
 * Their sum is the mean KL of the ELBO; a dimension at 0 carries nothing. `p` is N(0, I) when left out.
 *
 * @throws TypeError naming the argument when one is not an array.
 */
export function klPerDimension<T>(ops: ArrayOps<T>, q: DiagonalGaussian<T>, p?: DiagonalGaussian<T>): T {
  return ops.mean(klDiagonalGaussian(ops, q, p, { axes: [] }), { axes: [0] });
}

export interface RateDistortion<T> {
  /** R, the mean KL, nats per example: an upper bound of the mutual information of data and code. */
  readonly rate: T;
  /** D, the mean of -log p(x | z) for drawn z, nats per example; H - D is a lower bound of it, H the data's entropy. */
  readonly distortion: T;
}

/**
 * A model's point in the rate-distortion plane (Alemi et al. 2018): scalars, with -mean ELBO = distortion + rate. Models
 * of one ELBO lie on a line of slope -1; beta moves along the curve of what a family of models reaches.
 *
 * @throws TypeError naming the argument when one is not an array.
 */
export function rateDistortion<T>(
  ops: ArrayOps<T>,
  { logLikelihood, kl }: { readonly logLikelihood: T; readonly kl: T },
): RateDistortion<T> {
  requireOperands({ logLikelihood, kl });
  return { rate: ops.mean(kl), distortion: ops.neg(ops.mean(logLikelihood)) };
}
