import type { Codebook } from "./codebook.ts";
import type { Fading } from "./error-rates.ts";
import { qFunction } from "./q-function.ts";
import { integrate } from "./quadrature.ts";
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
 * M. It may be above 1 where it is of no use. Of two points it is the error probability itself.
 *
 * @param fading `rayleigh`: of mean power 1, known to the receiver, drawn for each use (Simon and Alouini 2005, equation 13.44). Default: `awgn`.
 */
export function unionBound(book: Codebook, ebNo: EbNo, fading: Fading = "awgn"): number {
  const sigma = noiseDeviation(ebNo, book);
  const sum =
    fading === "awgn"
      ? pairDistances(book).reduce((total, squared) => total + qFunction(Math.sqrt(squared) / (2 * sigma)), 0)
      : pairs(book).reduce((total, [i, j]) => total + fadedPairError(squaredByUse(book, i, j), sigma), 0);
  return (2 * sum) / book.size;
}

/** E Q(sqrt(sum g_i d_i^2) / (2 sigma)) over independent exponential g_i: Craig's integral of their moment generating functions. */
function fadedPairError(squared: readonly number[], sigma: number): number {
  const scaled = squared.map((d) => d / (8 * sigma * sigma));
  const given = (phi: number): number => {
    const inverse = Math.sin(phi) ** -2;
    return scaled.reduce((product, a) => product / (1 + a * inverse), 1);
  };
  return integrate(given, 0, Math.PI / 2) / Math.PI;
}

/** How far two points are from each other in each use, squared. */
function squaredByUse({ points, complex, n }: Codebook, i: number, j: number): number[] {
  const each = complex ? 2 : 1;
  const difference = (use: number, part: number): number =>
    points[(i * n + use) * each + part]! - points[(j * n + use) * each + part]!;
  return Array.from({ length: n }, (_, use) =>
    complex ? difference(use, 0) ** 2 + difference(use, 1) ** 2 : difference(use, 0) ** 2,
  );
}

function pairs({ size }: Codebook): (readonly [number, number])[] {
  return Array.from({ length: size }, (_, i) =>
    Array.from({ length: size - 1 - i }, (__, at) => [i, i + 1 + at] as const),
  ).flat();
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
