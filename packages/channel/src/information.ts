/** What a received signal says of the message, and of each of its bits, in bits per block; messages are equally likely, noise is Gaussian. */
import { gaussHermite } from "@isthmus/math/plain";
import type { Codebook } from "./codebook.ts";
import { dimensions, noiseDeviation, type EbNo } from "./units.ts";

export interface InformationOptions {
  /** Of the Gauss-Hermite rule, in each dimension: 32, the default, leave at most 2e-5 bits, 64 some 2e-6. */
  readonly nodes?: number;
}

/**
 * I(S; Y), at most k bits, by Gauss-Hermite quadrature over the noise.
 *
 * @throws RangeError when the codebook has more than two real dimensions.
 */
export function mutualInformation(book: Codebook, ebNo: EbNo, options: InformationOptions = {}): number {
  return book.k - meanOverNoise(book, ebNo, options, lostOfMessage);
}

/**
 * The sum over bits of I(B_i; Y): what bit-wise decoding can reach with the codebook's labels (bit-interleaved coded modulation, Caire,
 * Taricco and Biglieri 1998, equation 15).
 *
 * @throws RangeError when the codebook has more than two real dimensions, or M is no power of two.
 */
export function bitwiseMutualInformation(book: Codebook, ebNo: EbNo, options: InformationOptions = {}): number {
  if (!Number.isInteger(book.k)) throw new RangeError(`"book" expected a power of two points, got ${book.size}`);
  return book.k - meanOverNoise(book, ebNo, options, (row, m) => lostOfBits(book, row, m));
}

/** What a received signal leaves unknown of the message, bits, from the likelihoods of all over that of the one sent. */
export function lostOfMessage(ratios: Float64Array): number {
  return Math.log2(sumOf(ratios));
}

/** The same of each of the bits of message m, added up. */
export function lostOfBits({ k, labels }: Codebook, ratios: Float64Array, m: number): number {
  const all = Math.log2(sumOf(ratios));
  let bits = 0;
  for (let i = 0; i < k; i++) bits += all - Math.log2(sumOf(ratios, (j) => ((labels[j]! ^ labels[m]!) >> i) % 2 === 0));
  return bits;
}

/** The mean over points m and noise of `f`, of the likelihoods of all points over that of m. */
function meanOverNoise(
  book: Codebook,
  ebNo: EbNo,
  { nodes = 32 }: InformationOptions,
  f: (ratios: Float64Array, m: number) => number,
): number {
  const sigma = noiseDeviation(ebNo, book);
  const noise = noiseNodes(dimensions(book), nodes);
  const ratios = new Float64Array(book.size);
  let sum = 0;
  for (const { z, weight } of noise) {
    for (let m = 0; m < book.size; m++) {
      likelihoodRatios(book, m, z, sigma, ratios);
      sum += weight * f(ratios, m);
    }
  }
  return sum / book.size;
}

export interface NoiseNode {
  readonly z: readonly number[];
  readonly weight: number;
}

export function noiseNodes(columns: number, count: number): NoiseNode[] {
  if (columns > 2) throw new RangeError(`"book" expected at most two real dimensions, got ${columns}`);
  const { nodes, weights } = gaussHermite(count);
  const line = Array.from(nodes, (z, i): NoiseNode => ({ z: [z], weight: weights[i]! }));
  if (columns === 1) return line;
  return line.flatMap((a) => line.map((b) => ({ z: [...a.z, ...b.z], weight: a.weight * b.weight })));
}

/** p(y | j) / p(y | m) for y = x_m + sigma z: exp(-(|x_m - x_j + sigma z|^2 - |sigma z|^2) / (2 sigma^2)). */
export function likelihoodRatios(
  book: Codebook,
  m: number,
  z: ArrayLike<number>,
  sigma: number,
  out: Float64Array,
): void {
  const columns = z.length;
  for (let j = 0; j < book.size; j++) {
    let exponent = 0;
    for (let c = 0; c < columns; c++) {
      const apart = (book.points[m * columns + c]! - book.points[j * columns + c]!) / sigma;
      exponent += apart * (apart + 2 * z[c]!);
    }
    out[j] = Math.exp(-exponent / 2);
  }
}

function sumOf(row: Float64Array, isIn: (j: number) => boolean = () => true): number {
  let sum = 0;
  for (let j = 0; j < row.length; j++) if (isIn(j)) sum += row[j]!;
  return sum;
}
