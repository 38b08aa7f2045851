import { requireCount, requireOneOf, requirePositive, requireShape } from "../bounds/require.ts";
import { columnMeans, columnVariances } from "../columns.ts";
import { ndArray } from "../nd-array.ts";
import type { NdArray } from "../nd-array.ts";
import { type GaussianMixture, preparedMixture, requireMixture, responsibilitiesOf } from "./gaussian-mixture.ts";
import { type KMeans, kMeansOnce, requirePoints } from "./k-means.ts";
import { MixtureSums } from "./mixture-sums.ts";

export interface GaussianMixtureOptions {
  readonly components: number;
  /** Of each component: a variance for each dimension, or all covariances too. Default: diagonal. */
  readonly covariance?: "diagonal" | "full";
  /** Of where it starts: a non-negative safe integer. Default: 1. */
  readonly seed?: number;
  /** Starts, of which the one that ends with the largest log-likelihood is kept. Default: 1. */
  readonly restarts?: number;
  /** Steps of each at most. Default: 500. */
  readonly iterations?: number;
  /** It has converged when a step gains less than this, in nats per point. Default: 1e-6. */
  readonly tolerance?: number;
  /**
   * In no direction does a component vary by less than this part of what the points do, each dimension measured by its
   * own variance. Without a floor the likelihood has no bound: a component may close in on a single point, or on points
   * that lie in a plane. Default: 1e-6.
   */
  readonly floor?: number;
  /** A mixture to go on from, the only start then. Default: clusters of k-means on standardised points. */
  readonly start?: GaussianMixture;
}

export interface GaussianMixtureFit extends GaussianMixture {
  /** The mean of log p(x) over the points, nats per point. */
  readonly logLikelihood: number;
  /** Steps of the start that was kept. */
  readonly iterations: number;
  /** Whether the last step gained less than the tolerance. */
  readonly converged: boolean;
}

/**
 * A Gaussian mixture of large likelihood by expectation maximisation (Dempster, Laird, Rubin 1977), responsibilities taken
 * in log space. No step lowers the likelihood, and what is found is a local maximum of it: `restarts` begins elsewhere
 * each time. Scaling or shifting a dimension scales and shifts the result.
 *
 * @param points [items, dims], at least as many as components
 * @throws TypeError, RangeError naming the argument; also when a dimension does not vary, whose likelihood has no bound
 */
export function fitGaussianMixture(points: NdArray, options: GaussianMixtureOptions): GaussianMixtureFit {
  const settings = { ...defaults, ...options };
  requireSettings(points, settings);
  const scale = deviationsOf(points);
  let best: GaussianMixtureFit | undefined;
  for (const start of startsOf(points, scale, settings)) {
    const found = maximised(points, scale, start, settings);
    if (!best || found.logLikelihood > best.logLikelihood) best = found;
  }
  return best!;
}

type Settings = GaussianMixtureOptions & typeof defaults;

const defaults = {
  covariance: "diagonal" as "diagonal" | "full",
  seed: 1,
  restarts: 1,
  iterations: 500,
  tolerance: 1e-6,
  floor: 1e-6,
};

function requireSettings(points: NdArray, settings: Settings): void {
  const { components, covariance, restarts, iterations, tolerance, floor, start } = settings;
  requirePoints(points, "components", components);
  requireOneOf("covariance", covariance, ["diagonal", "full"]);
  requireCount("restarts", restarts);
  requireCount("iterations", iterations);
  requirePositive("tolerance", tolerance);
  requirePositive("floor", floor);
  if (!start) return;
  const dims = points.shape[1]!;
  requireMixture("start", start);
  requireShape("start.means", start.means, [components, dims]);
  requireShape("start.variances", start.variances, [components, dims, ...(covariance === "full" ? [dims] : [])]);
}

/** The standard deviation of each dimension. */
function deviationsOf({ shape, data }: NdArray): Float64Array {
  const variance = columnVariances(data, columnMeans(data, shape[1]!));
  const constant = variance.findIndex((value) => !(value > 0));
  if (constant >= 0) {
    throw new RangeError(`"points" expected dimensions that vary, got ${variance[constant]} for dimension ${constant}`);
  }
  return variance.map(Math.sqrt);
}

function* startsOf(points: NdArray, scale: Float64Array, settings: Settings): Generator<GaussianMixture> {
  if (settings.start) return yield settings.start;
  const { components: clusters, seed, restarts } = settings;
  const { shape, data } = points;
  const standardised = ndArray(
    shape,
    data.map((value, i) => value / scale[i % scale.length]!),
  );
  for (let step = 0; step < restarts; step++) {
    yield clusterMixture(points, scale, kMeansOnce(standardised, { clusters, seed, step }), settings);
  }
}

/** Shares, means and variances of clusters. */
function clusterMixture(
  points: NdArray,
  scale: Float64Array,
  { assignment, centres }: KMeans,
  { components, covariance, floor }: Settings,
): GaussianMixture {
  const dims = scale.length;
  const sums = new MixtureSums(components, dims, covariance === "full");
  const means = centres.data.map((value, i) => value * scale[i % dims]!);
  const deviations = new Float64Array(means.length);
  const row = new Float64Array(components);
  for (let item = 0; item < assignment.length; item++) {
    for (let i = 0; i < means.length; i++) deviations[i] = points.data[item * dims + (i % dims)]! - means[i]!;
    row.fill(0)[assignment[item]!] = 1;
    sums.add(row, deviations);
  }
  return sums.mixture(means, scale, floor);
}

function maximised(
  { data }: NdArray,
  scale: Float64Array,
  start: GaussianMixture,
  { components, covariance, iterations: most, tolerance, floor }: Settings,
): GaussianMixtureFit {
  const dims = scale.length;
  const items = data.length / dims;
  const deviations = new Float64Array(components * dims);
  const row = new Float64Array(components);
  const expectation = (mixture: GaussianMixture) => {
    const sums = new MixtureSums(components, dims, covariance === "full");
    const prepared = preparedMixture(mixture);
    let total = 0;
    for (let item = 0; item < items; item++) {
      total += responsibilitiesOf(prepared, data, item * dims, deviations, row);
      sums.add(row, deviations);
    }
    return { sums, logLikelihood: total / items };
  };
  let mixture = start;
  let at = expectation(mixture);
  let iterations = 0;
  let converged = false;
  while (iterations < most && !converged) {
    mixture = at.sums.mixture(mixture.means.data, scale, floor);
    const next = expectation(mixture);
    converged = next.logLikelihood - at.logLikelihood < tolerance;
    at = next;
    iterations++;
  }
  return { ...mixture, logLikelihood: at.logLikelihood, iterations, converged };
}
