import { columnMeans, columnVariances } from "./columns.ts";

/** Orthonormal directions in which points vary most, the first most. */
export interface PrincipalAxes {
  /** Each [dims]; its largest component is positive. */
  readonly axes: readonly Float64Array[];
  /** The part of the points' variance along each axis, in [0, 1]; 0 where nothing varies. */
  readonly shares: readonly number[];
}

/** Iterations end when the axes move by less than this, or after the most. */
const TOLERANCE = 1e-10;
const MOST_ITERATIONS = 500;

/**
 * The first principal axes of points, by power iteration on their covariance, one axis after the other (Hotelling 1933).
 * Axes of nearly the same variance come out as some basis of the plane they span.
 *
 * @param values [items, dims], row-major
 * @throws RangeError values that are no whole number of points, and more axes than dimensions
 */
export function principalAxes(
  values: ArrayLike<number>,
  { dims, count }: { readonly dims: number; readonly count: number },
): PrincipalAxes {
  const items = values.length / dims;
  if (!Number.isSafeInteger(items) || items < 1) {
    throw new RangeError(`"values" expected points of ${dims} numbers, got ${values.length} numbers`);
  }
  if (!(Number.isInteger(count) && count >= 1 && count <= dims)) {
    throw new RangeError(`"count" expected 1 to ${dims}, got ${count}`);
  }
  const means = columnMeans(values, dims);
  const centred = Float64Array.from(values, (value, i) => value - means[i % dims]!);
  const total = columnVariances(values, means).reduce((sum, value) => sum + value, 0);
  const axes: Float64Array[] = [];
  const shares: number[] = [];
  while (axes.length < count) {
    const { axis, variance } = nextAxis(centred, items, dims, axes);
    axes.push(axis);
    shares.push(total > 0 ? variance / total : 0);
  }
  return { axes, shares };
}

function nextAxis(centred: Float64Array, items: number, dims: number, found: readonly Float64Array[]) {
  let axis = firstGuess(dims, found);
  let variance = 0;
  for (let iteration = 0; iteration < MOST_ITERATIONS; iteration++) {
    const next = covarianceTimes(centred, items, dims, axis);
    removeAxes(next, found);
    variance = norm(next);
    if (!(variance > 0)) break;
    for (let i = 0; i < dims; i++) next[i]! /= variance;
    const moved = Math.sqrt(next.reduce((sum, value, i) => sum + (value - axis[i]!) ** 2, 0));
    axis = next;
    if (moved < TOLERANCE) break;
  }
  const largest = axis.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
  return { axis: largest < 0 ? axis.map((value) => -value) : axis, variance };
}

/** A direction that no symmetry of the data is likely to hide an axis from, apart from those found. */
function firstGuess(dims: number, found: readonly Float64Array[]): Float64Array {
  for (let shift = 0; ; shift++) {
    const guess = Float64Array.from({ length: dims }, (_, i) => 1 / (1 + ((i + shift) % dims)) + 0.1 * Math.sin(1 + i));
    removeAxes(guess, found);
    const length = norm(guess);
    if (length > 1e-6) return guess.map((value) => value / length);
  }
}

/** (1 / items) X^T X v. */
function covarianceTimes(x: Float64Array, items: number, dims: number, v: Float64Array): Float64Array {
  const result = new Float64Array(dims);
  for (let item = 0; item < items; item++) {
    let dot = 0;
    for (let i = 0; i < dims; i++) dot += x[item * dims + i]! * v[i]!;
    for (let i = 0; i < dims; i++) result[i]! += (dot / items) * x[item * dims + i]!;
  }
  return result;
}

/** Takes the directions found out of `v`, twice, so that what rounding left goes as well. */
function removeAxes(v: Float64Array, found: readonly Float64Array[]): void {
  for (const axis of [...found, ...found]) {
    const dot = v.reduce((sum, value, i) => sum + value * axis[i]!, 0);
    for (let i = 0; i < v.length; i++) v[i]! -= dot * axis[i]!;
  }
}

function norm(v: Float64Array): number {
  return Math.sqrt(v.reduce((sum, value) => sum + value * value, 0));
}
