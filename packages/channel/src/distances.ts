import { qFunction } from "./q-function.ts";
import type { Codebook } from "./codebook.ts";
import { dimensions, noiseDeviation, type EbNo } from "./units.ts";

/** How far the points of a codebook are from each other. */
export interface DistanceSpectrum {
  /** The least ||x_i - x_j||^2. */
  readonly minimum: number;
  /** Ascending squared distances, and how many others a point has at each, on average. */
  readonly distances: readonly { readonly squared: number; readonly neighbours: number }[];
}

/** Distances that agree to `tolerance` of the greatest are counted as one. */
export function distanceSpectrum(book: Codebook, tolerance = 1e-9): DistanceSpectrum {
  const squared = pairDistances(book).sort();
  const gap = tolerance * (squared.at(-1) ?? 0);
  const distances: { squared: number; neighbours: number }[] = [];
  for (const d of squared) {
    const last = distances.at(-1);
    if (last !== undefined && d - last.squared <= gap) last.neighbours += 2 / book.size;
    else distances.push({ squared: d, neighbours: 2 / book.size });
  }
  return { minimum: squared[0]!, distances };
}

/**
 * What the probability of a wrong block cannot exceed with a maximum-likelihood receiver: the sum over pairs of Q(d / (2 sigma)), over
 * M. It may be above 1 where it is of no use.
 */
export function unionBound(book: Codebook, ebNo: EbNo): number {
  const sigma = noiseDeviation(ebNo, book);
  const sum = pairDistances(book).reduce((total, squared) => total + qFunction(Math.sqrt(squared) / (2 * sigma)), 0);
  return (2 * sum) / book.size;
}

/** ||x_i - x_j||^2 of all pairs i < j. */
function pairDistances(book: Codebook): Float64Array {
  const { points, size } = book;
  const columns = dimensions(book);
  const squared = new Float64Array((size * (size - 1)) / 2);
  for (let [i, at] = [0, 0]; i < size; i++) {
    for (let j = i + 1; j < size; j++, at++) {
      for (let c = 0; c < columns; c++) squared[at]! += (points[i * columns + c]! - points[j * columns + c]!) ** 2;
    }
  }
  return squared;
}
