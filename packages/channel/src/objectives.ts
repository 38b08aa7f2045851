/** What a codebook can be good at, with gradients by its points. */
import type { NoiseNode } from "./information.ts";
import { logQFunction } from "./q-function.ts";

/** A value to be made small, of points [M, columns]; writes its derivative by each coordinate into `gradient`. */
export type Objective = (points: Float64Array, gradient: Float64Array) => number;

const SQRT_2_PI = Math.sqrt(2 * Math.PI);

/** log of the union bound on the probability of a wrong block: its gradient stays useful where the bound itself is tiny. */
export function logUnionBound(size: number, columns: number, sigma: number): Objective {
  return (points, gradient) => {
    gradient.fill(0);
    let sum = 0;
    for (let i = 0; i < size; i++) {
      for (let j = i + 1; j < size; j++) sum += pairOf(points, gradient, i * columns, j * columns, columns, sigma);
    }
    // so far apart that no pair is left: there is nothing to gain
    if (sum === 0) return -Infinity;
    for (let at = 0; at < gradient.length; at++) gradient[at]! /= sum;
    return Math.log((2 * sum) / size);
  };
}

/** Q(d / (2 sigma)) of two points at these offsets; adds its gradient, -exp(-d^2 / (8 sigma^2)) / (2 sigma sqrt(2 pi)) (x_i - x_j) / d and the opposite. */
function pairOf(
  points: Float64Array,
  gradient: Float64Array,
  i: number,
  j: number,
  columns: number,
  sigma: number,
): number {
  let squared = 0;
  for (let c = 0; c < columns; c++) {
    const apart = points[i + c]! - points[j + c]!;
    squared += apart * apart;
  }
  const d = Math.max(Math.sqrt(squared), 1e-12);
  const x = d / (2 * sigma);
  const density = Math.exp(-(x * x) / 2) / SQRT_2_PI;
  const slope = -density / (2 * sigma * d);
  for (let c = 0; c < columns; c++) {
    const step = slope * (points[i + c]! - points[j + c]!);
    gradient[i + c]! += step;
    gradient[j + c]! -= step;
  }
  return density * millsRatio(x);
}

/** How fine and how far Mills' ratio is known beforehand: between, cubics by value and slope are right to 1e-10 of it. */
const MILLS_STEP = 1 / 128;
const MILLS_END = 38;
let mills: Float64Array | undefined;

/** Q(x) over the normal density, x >= 0, where descents ask for it millions of times; its slope is x times it, less 1. */
function millsRatio(x: number): number {
  mills ??= Float64Array.from({ length: MILLS_END / MILLS_STEP + 2 }, (_, i) => {
    const at = i * MILLS_STEP;
    return Math.exp(logQFunction(at) + (at * at) / 2) * SQRT_2_PI;
  });
  if (x >= MILLS_END) return 1 / x;
  const i = Math.floor(x / MILLS_STEP);
  const [left, right, t] = [i * MILLS_STEP, (i + 1) * MILLS_STEP, x / MILLS_STEP - i];
  const [a, b] = [mills[i]!, mills[i + 1]!];
  const [slopeA, slopeB] = [(left * a - 1) * MILLS_STEP, (right * b - 1) * MILLS_STEP];
  const s = 1 - t;
  return s * s * ((1 + 2 * t) * a + t * slopeA) + t * t * ((1 + 2 * s) * b - s * slopeB);
}

/**
 * Minus the mutual information of the message, or with `labels` the sum of those of its bits, in bits, by quadrature over the noise:
 * E[log2 sum_j r_j] of r_j = exp(-(|a_j|^2 + 2 a_j z) / 2), a_j = (x_m - x_j) / sigma, less for each bit the sum over points of the same bit.
 */
export function negativeInformation(
  noise: readonly NoiseNode[],
  size: number,
  sigma: number,
  labels?: Uint32Array,
): Objective {
  const bits = Math.log2(size);
  const [ratios, shares] = [new Float64Array(size), new Float64Array(size)];
  return (points, gradient) => {
    gradient.fill(0);
    let lost = 0;
    for (const { z, weight } of noise) {
      const scale = weight / size / Math.LN2;
      for (let m = 0; m < size; m++) {
        fillRatios(points, m, z, sigma, ratios);
        lost +=
          scale * (labels === undefined ? sharesOf(ratios, shares) : bitSharesOf(ratios, shares, labels, m, bits));
        addSlopes(points, gradient, m, z, sigma, shares, scale);
      }
    }
    return lost - bits;
  };
}

function fillRatios(points: Float64Array, m: number, z: readonly number[], sigma: number, ratios: Float64Array): void {
  const columns = z.length;
  for (let j = 0; j < ratios.length; j++) {
    let exponent = 0;
    for (let c = 0; c < columns; c++) {
      const apart = (points[m * columns + c]! - points[j * columns + c]!) / sigma;
      exponent += apart * (apart + 2 * z[c]!);
    }
    ratios[j] = Math.exp(-exponent / 2);
  }
}

/** log of the sum of the ratios; `shares` is its derivative by the log of each. */
function sharesOf(ratios: Float64Array, shares: Float64Array): number {
  const sum = ratios.reduce((total, ratio) => total + ratio, 0);
  for (let j = 0; j < ratios.length; j++) shares[j] = ratios[j]! / sum;
  return Math.log(sum);
}

/** The sum over bits of log(sum of all ratios / sum of those with m's bit), and its derivatives. */
function bitSharesOf(ratios: Float64Array, shares: Float64Array, labels: Uint32Array, m: number, bits: number): number {
  const sum = ratios.reduce((total, ratio) => total + ratio, 0);
  let value = bits * Math.log(sum);
  for (let j = 0; j < ratios.length; j++) shares[j] = (bits * ratios[j]!) / sum;
  for (let bit = 0; bit < bits; bit++) {
    const isSame = (j: number): boolean => (((labels[j]! ^ labels[m]!) >> bit) & 1) === 0;
    let same = 0;
    for (let j = 0; j < ratios.length; j++) if (isSame(j)) same += ratios[j]!;
    for (let j = 0; j < ratios.length; j++) if (isSame(j)) shares[j]! -= ratios[j]! / same;
    value -= Math.log(same);
  }
  return value;
}

/** d log r_j / dx_j = (a_j + z) / sigma, and the opposite by x_m. */
function addSlopes(
  points: Float64Array,
  gradient: Float64Array,
  m: number,
  z: readonly number[],
  sigma: number,
  shares: Float64Array,
  scale: number,
): void {
  const columns = z.length;
  for (let j = 0; j < shares.length; j++) {
    for (let c = 0; c < columns; c++) {
      const apart = (points[m * columns + c]! - points[j * columns + c]!) / sigma;
      const slope = ((apart + z[c]!) / sigma) * shares[j]! * scale;
      gradient[j * columns + c]! += slope;
      gradient[m * columns + c]! -= slope;
    }
  }
}
