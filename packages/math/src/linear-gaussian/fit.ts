import { requireCount, requirePositive, requireShape } from "../bounds/require.ts";
import { LOG_2_PI } from "../gaussian.ts";
import { diagonal, logDetFromCholesky } from "../linalg.ts";
import { ndArray, requireNdArray, transpose } from "../nd-array.ts";
import type { NdArray } from "../nd-array.ts";
import { ndArrayOps as ops } from "../nd-array-ops.ts";
import type { LinearGaussian } from "./linear-gaussian.ts";
import type { DataMoments } from "./moments.ts";
import { principalComponents } from "./principal-components.ts";

export interface LinearGaussianFit {
  readonly model: LinearGaussian<NdArray>;
  /** The mean of log p(x) over the examples that the moments are of, nats per example. */
  readonly logLikelihood: number;
}

/**
 * Probabilistic PCA of largest likelihood, in closed form (Tipping and Bishop 1999, equations 7 and 8): with the
 * eigenvalues l_j of the covariance and the leading eigenvectors U
 *
 *     variance = mean of the features - k smallest l_j      W = U (diag(l) - variance I)^(1/2)
 *
 * What a linear VAE with one noise variance tends to (Lucas et al. 2019), up to a rotation of z.
 *
 * @param k latents, 1 to features - 1.
 * @throws TypeError, RangeError naming the argument; also when k directions explain the data fully, which leaves no noise.
 */
export function fitProbabilisticPca(moments: DataMoments, k: number): LinearGaussianFit {
  const features = requireMoments(moments, k);
  const { components, variances, totalVariance } = principalComponents(moments, k);
  const rest = totalVariance - variances.reduce((sum, value) => sum + value, 0);
  const variance = rest / (features - k);
  if (!(variance > 1e-13 * totalVariance)) {
    throw new RangeError(`"k" expected fewer directions than explain the data fully, got ${k}`);
  }
  const scale = ndArray(
    [k],
    variances.map((value) => Math.sqrt(Math.max(0, value - variance))),
  );
  const model = { weights: ops.mul(components, scale), mean: moments.mean, variance: ops.scalar(variance) };
  const logDeterminant = variances.reduce((sum, value) => sum + Math.log(value), (features - k) * Math.log(variance));
  return { model, logLikelihood: -0.5 * (features * (LOG_2_PI + 1) + logDeterminant) };
}

export interface FactorAnalysisOptions {
  /** Steps of expectation maximisation at most. Default: 1000. */
  readonly iterations?: number;
  /** It ends when a step gains less than this, in nats per example. Default: 1e-9. */
  readonly tolerance?: number;
  /**
   * No variance falls below this part of its feature's own: without a floor the likelihood may grow without bound on a
   * feature that the latents explain fully (Heywood's case). Default: 1e-6.
   */
  readonly floor?: number;
}

/**
 * Factor analysis of large likelihood by expectation maximisation (Rubin and Thayer 1982), starting from probabilistic
 * PCA. No step lowers the likelihood; there is no closed form, and the last digits come slowly. What a linear VAE with a
 * noise variance of its own for each feature tends to.
 *
 * @param k latents, 1 to features - 1.
 * @throws TypeError, RangeError naming the argument; also when a feature does not vary, whose likelihood has no bound.
 */
export function fitFactorAnalysis(
  moments: DataMoments,
  k: number,
  { iterations = 1000, tolerance = 1e-9, floor = 1e-6 }: FactorAnalysisOptions = {},
): LinearGaussianFit {
  const features = requireMoments(moments, k);
  requireCount("iterations", iterations);
  requirePositive("tolerance", tolerance);
  requirePositive("floor", floor);
  const own = diagonal(ops, moments.covariance).data;
  const constant = own.findIndex((value) => !(value > 0));
  if (constant >= 0)
    throw new RangeError(`"covariance" expected features that vary, got ${own[constant]} for feature ${constant}`);
  const { model } = fitProbabilisticPca(moments, k);
  let loadings: Loadings = { weights: model.weights, variance: ops.mul(model.variance, ones(features)) };
  let at = expectation(moments.covariance, own, loadings);
  for (let iteration = 0; iteration < iterations; iteration++) {
    const next = maximised(own, at, floor);
    const then = expectation(moments.covariance, own, next);
    const gain = then.logLikelihood - at.logLikelihood;
    [loadings, at] = [next, then];
    if (gain < tolerance) break;
  }
  return { model: { ...loadings, mean: moments.mean }, logLikelihood: at.logLikelihood };
}

type Loadings = Pick<LinearGaussian<NdArray>, "weights" | "variance">;

interface Expectation {
  /** Mean over the examples of log p(x), nats. */
  readonly logLikelihood: number;
  /** Mean of (x - mean) m^T with m the posterior means, [features, latent]. */
  readonly cross: NdArray;
  /** Mean of E[z z^T | x], [latent, latent]. */
  readonly second: NdArray;
}

/** With A = V^-1 W, C = (I + W^T A)^-1 and the covariance S: S A C, C + C A^T S A C, and the likelihood by Woodbury. */
function expectation(s: NdArray, own: Float64Array, { weights, variance }: Loadings): Expectation {
  const [features, k] = weights.shape as [number, number];
  const a = ops.div(weights, ops.expandDims(variance, -1));
  const identity = identityOf(k);
  const factor = ops.cholesky(ops.add(identity, ops.matmul(weights, a, { transposeA: true })));
  const root = ops.solveTriangular(factor, identity);
  const c = ops.matmul(root, root, { transposeA: true });
  const cross = ops.matmul(ops.matmul(s, a), c);
  const second = ops.add(c, ops.matmul(ops.matmul(c, a, { transposeB: true }), cross));
  const trace = ops.sum(ops.div(vector(own), variance)).data[0]! - ops.sum(ops.mul(a, cross)).data[0]!;
  const logDeterminant = ops.sum(ops.log(variance)).data[0]! + logDetFromCholesky(ops, factor).data[0]!;
  return { logLikelihood: -0.5 * (features * LOG_2_PI + logDeterminant + trace), cross, second };
}

/** W = cross second^-1, V = diag(S - W cross^T), no less than the floor. */
function maximised(own: Float64Array, { cross, second }: Expectation, floor: number): Loadings {
  const factor = ops.cholesky(second);
  const half = ops.solveTriangular(factor, transpose(cross));
  const weights = transpose(ops.solveTriangular(factor, half, { transpose: true }));
  const explained = ops.sum(ops.mul(weights, cross), { axes: [1] }).data;
  return { weights, variance: vector(own.map((value, d) => Math.max(value - explained[d]!, floor * value))) };
}

const vector = (data: Float64Array): NdArray => ndArray([data.length], data);
const ones = (n: number): NdArray => vector(new Float64Array(n).fill(1));
const identityOf = (n: number): NdArray =>
  ndArray(
    [n, n],
    Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0)),
  );

/** The number of features. */
function requireMoments({ mean, covariance }: DataMoments, k: number): number {
  requireNdArray("covariance", covariance);
  const features = covariance.shape[0] ?? 0;
  requireShape("covariance", covariance, [features, features]);
  requireShape("mean", mean, [features]);
  requireCount("k", k);
  if (k >= features) throw new RangeError(`"k" expected fewer latents than the ${features} features, got ${k}`);
  return features;
}
