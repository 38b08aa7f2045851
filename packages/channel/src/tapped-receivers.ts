/** Receivers of complex blocks that came over fading taps: told the taps, or how strong they are on average. */
import type { Codebook } from "./codebook.ts";
import type { Receiver } from "./receivers.ts";
import { type FadingTaps, tapPowers } from "./taps.ts";

/** Decides for the nearest of what the taps of each block make of the points: maximum likelihood where the taps are told. */
export function decideThroughTaps(
  { points, size, n }: Codebook,
  signal: Float32Array,
  taps: Float32Array,
  decisions: Uint32Array,
): void {
  const columns = 2 * n;
  const length = taps.length / decisions.length / 2;
  for (let block = 0; block < decisions.length; block++) {
    const [y, h] = [block * columns, block * 2 * length];
    let [best, least] = [0, Infinity];
    for (let m = 0; m < size; m++) {
      let distance = 0;
      for (let use = 0; use < n && distance < least; use++) {
        let [re, im] = [signal[y + 2 * use]!, signal[y + 2 * use + 1]!];
        for (let l = 0; l < length && l <= use; l++) {
          const at = m * columns + 2 * (use - l);
          const [a, b, c, d] = [taps[h + 2 * l]!, taps[h + 2 * l + 1]!, points[at]!, points[at + 1]!];
          re -= a * c - b * d;
          im -= a * d + b * c;
        }
        distance += re * re + im * im;
      }
      if (distance < least) [best, least] = [m, distance];
    }
    decisions[block] = best;
  }
}

/**
 * The most likely message where the receiver knows the mean powers of the taps and not the taps: of y = X h + noise, X [n, L] a point and
 * its delays, h ~ CN(0, P), that of the least
 *
 *     y^H (N0 I + X P X^H)^-1 y + log det(N0 I + X P X^H)
 *
 * which is exact (Hochwald, Marzetta 2000, equation 7, for one tap). No receiver of these points that is not told the taps has fewer wrong blocks.
 *
 * @throws TypeError, RangeError naming an option, or for a codebook of real uses.
 */
export function nonCoherentMaximumLikelihood(book: Codebook, fading: FadingTaps): Receiver {
  if (!book.complex) throw new RangeError(`"book" expected complex uses, got real ones`);
  const powers = tapPowers(fading);
  let [scores, of] = [undefined as NonCoherentScores | undefined, Number.NaN];
  return {
    name: `non-coherent maximum likelihood, tap powers ${powers.map((power) => Number(power.toPrecision(6))).join(":")}`,
    decide({ signal, deviation }, decisions) {
      if (scores === undefined || of !== deviation)
        [scores, of] = [nonCoherentScores(book, powers, deviation), deviation];
      decide(scores, signal, decisions);
    },
  };
}

/** The score of message m is the sum over its vectors of (q y)^2, less a bias. */
interface NonCoherentScores {
  /** [M, 2 L, 2 n] */
  readonly vectors: Float64Array;
  /** [M] */
  readonly bias: Float64Array;
}

function decide({ vectors, bias }: NonCoherentScores, signal: Float32Array, decisions: Uint32Array): void {
  const columns = signal.length / decisions.length;
  const each = vectors.length / bias.length;
  for (let block = 0; block < decisions.length; block++) {
    const y = block * columns;
    let [best, most] = [0, -Infinity];
    for (let [m, at] = [0, 0]; m < bias.length; m++) {
      let score = -bias[m]!;
      for (const end = at + each; at < end;) {
        let along = 0;
        for (let i = 0; i < columns; i++, at++) along += vectors[at]! * signal[y + i]!;
        score += along * along;
      }
      if (score > most) [best, most] = [m, score];
    }
    decisions[block] = best;
  }
}

/**
 * In real numbers y = A g + noise of variance sigma^2, A [2 n, 2 L] with a column for the real and one for the imaginary part of each tap, of
 * variance p / 2. By the matrix inversion lemma y^T S^-1 y = (|y|^2 - |R^-T A^T y|^2) / sigma^2 where R^T R = A^T A + sigma^2 (P / 2)^-1, which is
 * what orthogonalising A with sigma (P / 2)^(-1/2) below it gives; and determinants of S are to each other as those of R^T R.
 */
function nonCoherentScores(
  { points, size, n }: Codebook,
  powers: readonly number[],
  deviation: number,
): NonCoherentScores {
  const columns = 2 * n;
  const [vectors, bias] = [new Float64Array(size * 2 * powers.length * columns), new Float64Array(size)];
  for (let [m, at] = [0, 0]; m < size; m++) {
    const above = waysOfTaps(points.subarray(m * columns, (m + 1) * columns), powers.length);
    const basis = above.map((way, j) => {
      const below = new Float64Array(above.length);
      below[j] = deviation * Math.sqrt(2 / powers[j >> 1]!);
      return Float64Array.of(...way, ...below);
    });
    basis.forEach((q, j) => {
      for (const earlier of basis.slice(0, j)) subtract(q, inner(earlier, q), earlier);
      const length = Math.sqrt(inner(q, q));
      bias[m]! += 2 * Math.log(length);
      q.forEach((x, i) => (q[i] = x / length));
      vectors.set(
        q.subarray(0, columns).map((x) => x / deviation),
        at,
      );
      at += columns;
    });
  }
  return { vectors, bias };
}

/** What a point becomes by the real part of each tap, and by the imaginary one: delayed, and turned by a quarter. */
function waysOfTaps(point: Float64Array, taps: number): Float64Array[] {
  return Array.from({ length: taps }, (_, l) => {
    const real = new Float64Array(point.length);
    real.set(point.subarray(0, Math.max(0, point.length - 2 * l)), Math.min(2 * l, point.length));
    return [real, real.map((__, i) => (i % 2 === 0 ? -real[i + 1]! : real[i - 1]!))];
  }).flat();
}

function inner(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, x, i) => sum + x * b[i]!, 0);
}

/** a - by b, in place. */
function subtract(a: Float64Array, by: number, b: Float64Array): void {
  b.forEach((x, i) => (a[i]! -= by * x));
}
