import { requireCount, requireFinite, requireShape } from "../bounds/require.ts";
import { ndArray, requireNdArray, transpose } from "../nd-array.ts";
import type { NdArray } from "../nd-array.ts";
import { ndArrayOps as ops } from "../nd-array-ops.ts";
import { randomNormal } from "../noise.ts";
import type { DataMoments } from "./moments.ts";
import { symmetricEigen } from "./symmetric-eigen.ts";

export interface PrincipalComponents {
  /** Orthonormal columns, the direction of most variance first, [features, k]; in each the largest element is positive. */
  readonly components: NdArray;
  /** Variance along each, largest first. */
  readonly variances: Float64Array;
  /** Of all features: what the k variances are a part of. */
  readonly totalVariance: number;
}

/**
 * The k directions of most variance (Pearson 1901): eigenvectors of the covariance. By orthogonal iteration on a few
 * vectors more than k (Golub and Van Loan 2013, section 8.2.4), until what is missing to eigenvectors is below 1e-11 of the
 * first variance.
 * Where variances are equal, so that directions are anybody's choice, the choice is the same each time.
 *
 * @throws TypeError, RangeError naming the argument: moments of other shapes or not finite, a k that is not 1 to features.
 */
export function principalComponents({ covariance }: Pick<DataMoments, "covariance">, k: number): PrincipalComponents {
  requireNdArray("covariance", covariance);
  const features = covariance.shape[0] ?? 0;
  requireShape("covariance", covariance, [features, features]);
  requireFinite("covariance", covariance.data);
  requireCount("k", k);
  if (k > features) throw new RangeError(`"k" expected at most ${features}, the number of features, got ${k}`);
  const { vectors, values } = leading(covariance, k, features);
  const totalVariance = covariance.data.reduce((sum, value, i) => (i % (features + 1) === 0 ? sum + value : sum), 0);
  return { components: transpose(signed(vectors, k, features)), variances: values.slice(0, k), totalVariance };
}

interface Leading {
  /** Rows, orthonormal, the approximation of the leading eigenvector first, [rows, features]. */
  readonly vectors: NdArray;
  /** The rows times the covariance. */
  readonly images: NdArray;
  readonly values: Float64Array;
}

/** So many vectors more than asked for, because the last ones settle slowest. */
const MORE = 10;
const MAX_ITERATIONS = 1000;

function leading(covariance: NdArray, k: number, features: number): Leading {
  const rows = Math.min(features, k + MORE);
  const start = new Float32Array(rows * features);
  randomNormal(start, { seed: 0, stream: "principal components" });
  let at = ritz(covariance, ndArray([rows, features], Float64Array.from(start)));
  for (let iteration = 0; iteration < MAX_ITERATIONS && residual(at, k) > 1e-11 * at.values[0]!; iteration++) {
    at = ritz(covariance, at.images);
  }
  return at;
}

/** The best approximations of eigenvectors within the span of the rows of `block` (Rayleigh and Ritz). */
function ritz(covariance: NdArray, block: NdArray): Leading {
  const basis = orthonormal(block);
  const image = ops.matmul(basis, covariance);
  const inside = ops.matmul(image, basis, { transposeB: true });
  const { values, vectors } = symmetricEigen(inside.data, inside.shape[0]!);
  const turned = (rows: NdArray) => ops.matmul(ndArray(inside.shape, vectors), rows, { transposeA: true });
  return { values, vectors: turned(basis), images: turned(image) };
}

/** The largest element of v S - l v among the first k: what is missing to an eigenvector. */
function residual({ vectors, images, values }: Leading, k: number): number {
  const width = vectors.shape[1]!;
  let most = 0;
  for (let i = 0; i < k * width; i++) {
    most = Math.max(most, Math.abs(images.data[i]! - values[Math.floor(i / width)]! * vectors.data[i]!));
  }
  return most;
}

/** Gram and Schmidt's, each row made orthogonal twice, which is enough (Giraud et al. 2005). */
function orthonormal({ shape, data }: NdArray): NdArray {
  const [rows, width] = shape as [number, number];
  const out = data.slice();
  const row = (i: number) => out.subarray(i * width, (i + 1) * width);
  for (let i = 0; i < rows; i++) {
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < i; j++) subtract(row(i), row(j), dot(row(i), row(j)));
    }
    const length = Math.sqrt(dot(row(i), row(i)));
    // A covariance of lower rank leaves rows of rounding errors or zeros; zeros span nothing and stay.
    if (length > 0) row(i).forEach((value, at, own) => (own[at] = value / length));
  }
  return ndArray(shape, out);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function subtract(a: Float64Array, b: Float64Array, scale: number): void {
  for (let i = 0; i < a.length; i++) a[i]! -= scale * b[i]!;
}

/** The first k rows, each with its largest element positive. */
function signed({ data }: NdArray, k: number, features: number): NdArray {
  const out = data.slice(0, k * features);
  for (let i = 0; i < k; i++) {
    const row = out.subarray(i * features, (i + 1) * features);
    const largest = row.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
    if (largest < 0) row.forEach((value, at) => (row[at] = -value));
  }
  return ndArray([k, features], out);
}
