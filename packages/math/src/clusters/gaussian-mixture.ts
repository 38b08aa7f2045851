import { requireFinite, requireShape } from "../bounds/require.ts";
import { requireKind } from "../arguments.ts";
import { LOG_2_PI } from "../gaussian.ts";
import { ndArray, requireNdArray } from "../nd-array.ts";
import type { NdArray } from "../nd-array.ts";
import { ndArrayOps as ops } from "../nd-array-ops.ts";

/** sum_k share_k N(mean_k, covariance_k). */
export interface GaussianMixture {
  /** Of each component; they add up to 1. */
  readonly shares: Float64Array;
  /** [components, dims] */
  readonly means: NdArray;
  /** Of each dimension, [components, dims]; or whole covariances, [components, dims, dims]. */
  readonly variances: NdArray;
}

/** A mixture made ready to tell densities: log share_k N(x; mean_k, covariance_k) = offset_k - |W_k (x - mean_k)|^2 / 2. */
export interface PreparedMixture {
  readonly means: Float64Array;
  readonly offsets: Float64Array;
  /** W_k, the inverse of the covariance's Cholesky factor: [components, dims, dims] lower triangular, or its diagonal [components, dims]. */
  readonly whitening: Float64Array;
  readonly isFull: boolean;
  readonly dims: number;
}

/**
 * The probability of each component given the point: points [items, dims] -> [items, components]; rows add up to 1.
 *
 * @throws TypeError, RangeError naming the argument: shapes that do not agree, variances that are not positive (a
 * covariance that is not positive definite), shares that are negative or do not add up to 1
 */
export function gaussianMixtureResponsibilities(points: NdArray, mixture: GaussianMixture): NdArray {
  requireMixture("mixture", mixture);
  const [components, dims] = mixture.means.shape as [number, number];
  requireShape("points", points, [undefined, dims]);
  requireFinite("points", points.data);
  const prepared = preparedMixture(mixture);
  const items = points.shape[0]!;
  const out = new Float64Array(items * components);
  const deviations = new Float64Array(components * dims);
  for (let item = 0; item < items; item++) {
    const row = out.subarray(item * components, (item + 1) * components);
    responsibilitiesOf(prepared, points.data, item * dims, deviations, row);
  }
  return ndArray([items, components], out);
}

/** Adding n shares rounds n times. */
const SUM_TOLERANCE = 1e-9;

/** @throws TypeError, RangeError naming what is wrong with a mixture; of covariances, all but whether they are positive definite. */
export function requireMixture(name: string, { shares, means, variances }: GaussianMixture): void {
  requireKind(`${name}.shares`, shares, "Float64Array");
  requireNdArray(`${name}.variances`, variances);
  requireShape(`${name}.means`, means, [shares.length, undefined]);
  const dims = means.shape[1]!;
  requireShape(`${name}.variances`, variances, [shares.length, dims, ...(variances.shape.length === 3 ? [dims] : [])]);
  requireFinite(`${name}.means`, means.data);
  requireFinite(`${name}.variances`, variances.data);
  const sum = shares.reduce((total, share) => total + share, 0);
  if (!shares.every((share) => share >= 0) || !(Math.abs(sum - 1) <= SUM_TOLERANCE)) {
    throw new RangeError(`"${name}.shares" expected shares that add up to 1, got [${shares.join(", ")}]`);
  }
  if (variances.shape.length === 2 && !variances.data.every((value) => value > 0)) {
    throw new RangeError(`"${name}.variances" expected positive numbers, got [${variances.data.join(", ")}]`);
  }
}

/** @throws RangeError for a covariance that is not positive definite */
export function preparedMixture({ shares, means, variances }: GaussianMixture): PreparedMixture {
  const dims = means.shape[1]!;
  const isFull = variances.shape.length === 3;
  const whitening = isFull ? inverseFactors(variances) : variances.data.map((value) => 1 / Math.sqrt(value));
  const stride = isFull ? dims * dims : dims;
  const offsets = shares.map((share, k) => {
    let offset = Math.log(share) - 0.5 * dims * LOG_2_PI;
    for (let i = 0; i < dims; i++) offset += Math.log(whitening[k * stride + (isFull ? i * dims + i : i)]!);
    return offset;
  });
  return { means: means.data, offsets, whitening, isFull, dims };
}

/** The inverses of the Cholesky factors of [components, dims, dims]. */
function inverseFactors(covariances: NdArray): Float64Array {
  const dims = covariances.shape[1]!;
  const identity = Float64Array.from({ length: dims * dims }, (_, at) => (at % (dims + 1) === 0 ? 1 : 0));
  return ops.solveTriangular(ops.cholesky(covariances), ndArray([dims, dims], identity)).data;
}

/**
 * Fills `out` [components] with the probabilities of the components given the point that begins at `at`, and `deviations`
 * [components, dims] with its deviations from their means.
 *
 * @returns the log-density of the point, nats
 */
export function responsibilitiesOf(
  mixture: PreparedMixture,
  points: Float64Array,
  at: number,
  deviations: Float64Array,
  out: Float64Array,
): number {
  const { means, offsets, dims } = mixture;
  for (let i = 0; i < means.length; i++) deviations[i] = points[at + (i % dims)]! - means[i]!;
  let most = -Infinity;
  for (let k = 0; k < out.length; k++) {
    const joint = offsets[k]! - 0.5 * squaredDistance(mixture, deviations, k);
    out[k] = joint;
    if (joint > most) most = joint;
  }
  let sum = 0;
  for (let k = 0; k < out.length; k++) sum += out[k] = Math.exp(out[k]! - most);
  for (let k = 0; k < out.length; k++) out[k]! /= sum;
  return most + Math.log(sum);
}

/** |W_k d_k|^2 (Mahalanobis). */
function squaredDistance({ whitening, isFull, dims }: PreparedMixture, deviations: Float64Array, k: number): number {
  let square = 0;
  for (let i = 0; i < dims; i++) {
    let whitened = 0;
    if (isFull) {
      const row = (k * dims + i) * dims;
      for (let j = 0; j <= i; j++) whitened += whitening[row + j]! * deviations[k * dims + j]!;
    } else whitened = whitening[k * dims + i]! * deviations[k * dims + i]!;
    square += whitened * whitened;
  }
  return square;
}
