import { requireCount, requireFinite, requireShape } from "../bounds/require.ts";
import { ndArray } from "../nd-array.ts";
import type { NdArray } from "../nd-array.ts";
import { nextShare, uint32Sequence } from "../noise.ts";

export interface KMeansOptions {
  readonly clusters: number;
  /** A non-negative safe integer. Default: 1. */
  readonly seed?: number;
  /** Starts, of which the one that ends with the smallest sum of squares is kept. Default: 1. */
  readonly restarts?: number;
  /** Rounds of each at most. Default: 300. */
  readonly iterations?: number;
}

export interface KMeans {
  /** [clusters, dims] */
  readonly centres: NdArray;
  /** The nearest centre of each point, 0 to clusters - 1. */
  readonly assignment: Int32Array;
  /** Of all points to the nearest centre, the sum of squared Euclidean distances. */
  readonly sumOfSquares: number;
  /** Rounds of the start that was kept. */
  readonly iterations: number;
  /** Whether the last round moved no point. */
  readonly converged: boolean;
}

/**
 * Centres that points lie near, by alternately assigning points to their nearest centre and moving centres to the means of
 * theirs (Lloyd 1982), from starts that are drawn apart (k-means++, Arthur and Vassilvitskii 2007). No round raises the
 * sum of squares, and what is found is a local minimum of it. A centre that has lost all its points stays where it is.
 *
 * @param points [items, dims], at least as many as clusters
 * @throws TypeError, RangeError naming the argument
 */
export function kMeans(points: NdArray, { clusters, seed = 1, restarts = 1, iterations }: KMeansOptions): KMeans {
  requirePoints(points, "clusters", clusters);
  requireCount("restarts", restarts);
  if (iterations !== undefined) requireCount("iterations", iterations);
  let best: KMeans | undefined;
  for (let step = 0; step < restarts; step++) {
    const found = kMeansOnce(points, { clusters, seed, step }, iterations);
    if (!best || found.sumOfSquares < best.sumOfSquares) best = found;
  }
  return best!;
}

/** One start of {@link kMeans}, whose options it takes to be right: the `step`-th, from 0. */
export function kMeansOnce(
  points: NdArray,
  { clusters, seed, step }: { readonly clusters: number; readonly seed: number; readonly step: number },
  iterations = 300,
): KMeans {
  return lloyd(points, apart(points, clusters, uint32Sequence({ seed, step, stream: "k-means" })), iterations);
}

/** @throws TypeError, RangeError unless `points` are finite rows, at least `count` of them, which is positive. */
export function requirePoints(points: NdArray, name: string, count: number): void {
  requireShape("points", points, [undefined, undefined]);
  requireFinite("points", points.data);
  requireCount(name, count);
  const [items, dims] = points.shape as [number, number];
  if (dims === 0) throw new RangeError(`"points" expected at least 1 dimension, got 0`);
  if (items < count) throw new RangeError(`"${name}" expected at most ${items}, the number of points, got ${count}`);
}

/** Points drawn one after the other, each with a probability that grows as the square of its distance from those before. */
function apart({ shape, data }: NdArray, clusters: number, words: () => number): Float64Array {
  const [items, dims] = shape as [number, number];
  const centres = new Float64Array(clusters * dims);
  const squares = new Float64Array(items).fill(1);
  for (let k = 0; k < clusters; k++) {
    const chosen = drawnIndex(squares, nextShare(words));
    const centre = data.slice(chosen * dims, (chosen + 1) * dims);
    centres.set(centre, k * dims);
    for (let item = 0; item < items; item++) {
      const square = squaredDistance(data, item * dims, centre, 0, dims);
      squares[item] = k === 0 ? square : Math.min(squares[item]!, square);
    }
  }
  return centres;
}

/** The index at share `u` of the sum of `weights`; among equals where all of them are 0. */
function drawnIndex(weights: Float64Array, u: number): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total === 0) return Math.floor(u * weights.length);
  let rest = u * total;
  const found = weights.findIndex((weight) => (rest -= weight) < 0);
  // Rounding may leave a trifle behind the last one.
  return found < 0 ? weights.findLastIndex((weight) => weight > 0) : found;
}

function lloyd(points: NdArray, centres: Float64Array, most: number): KMeans {
  const [items, dims] = points.shape as [number, number];
  const assignment = new Int32Array(items).fill(-1);
  let round = assign(points, centres, assignment);
  let iterations = 0;
  while (round.moved > 0 && iterations < most) {
    moveToMeans(points, assignment, centres);
    round = assign(points, centres, assignment);
    iterations++;
  }
  const { moved, sumOfSquares } = round;
  const shape = [centres.length / dims, dims];
  return { centres: ndArray(shape, centres), assignment, sumOfSquares, iterations, converged: moved === 0 };
}

/** Gives each point its nearest centre, the first among equals. */
function assign(
  { data }: NdArray,
  centres: Float64Array,
  assignment: Int32Array,
): { readonly moved: number; readonly sumOfSquares: number } {
  const dims = data.length / assignment.length;
  let moved = 0;
  let sumOfSquares = 0;
  for (let item = 0; item < assignment.length; item++) {
    let nearest = 0;
    let least = Infinity;
    for (let k = 0; k * dims < centres.length; k++) {
      const square = squaredDistance(data, item * dims, centres, k * dims, dims);
      if (square < least) [least, nearest] = [square, k];
    }
    if (assignment[item] !== nearest) moved++;
    assignment[item] = nearest;
    sumOfSquares += least;
  }
  return { moved, sumOfSquares };
}

function moveToMeans({ data }: NdArray, assignment: Int32Array, centres: Float64Array): void {
  const dims = data.length / assignment.length;
  const counts = new Float64Array(centres.length / dims);
  const sums = new Float64Array(centres.length);
  for (let item = 0; item < assignment.length; item++) {
    const k = assignment[item]!;
    counts[k]!++;
    for (let i = 0; i < dims; i++) sums[k * dims + i]! += data[item * dims + i]!;
  }
  for (let at = 0; at < centres.length; at++) {
    const count = counts[Math.floor(at / dims)]!;
    if (count > 0) centres[at] = sums[at]! / count;
  }
}

function squaredDistance(a: Float64Array, atA: number, b: Float64Array, atB: number, dims: number): number {
  let square = 0;
  for (let i = 0; i < dims; i++) square += (a[atA + i]! - b[atB + i]!) ** 2;
  return square;
}
