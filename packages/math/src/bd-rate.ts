import { ndArrayOps } from "./nd-array-ops.ts";

/** What a codec needs, and what it gives for it. */
export interface RateQuality {
  /** Bits of an item, a pixel or a second: the same for both codecs. Positive. */
  readonly rate: number;
  /** In dB. */
  readonly psnr: number;
}

const DEGREE = 3;

/**
 * Mean difference of rate at equal PSNR, as a share of the anchor's rate: -0.3 is 30 % fewer bits (Bjontegaard 2001,
 * VCEG-M33, with rate and quality in each other's place). The logarithm of each codec's rate is a cubic polynomial of its
 * PSNR, by least squares; their difference is averaged over the PSNR that both cover.
 *
 * @throws RangeError fewer than four points, a rate that is not positive, or no PSNR that both cover
 */
export function bdRate(anchor: readonly RateQuality[], test: readonly RateQuality[]): number {
  requireCurve("anchor", anchor);
  requireCurve("test", test);
  const [low, high] = sharedPsnr(anchor, test);
  const unit = (psnr: number): number => (2 * psnr - low - high) / (high - low);
  const mean = (points: readonly RateQuality[]): number => meanOverUnit(logRatePolynomial(points, unit));
  return Math.expm1(mean(test) - mean(anchor));
}

function requireCurve(argument: string, points: readonly RateQuality[]): void {
  if (new Set(points.map(({ psnr }) => psnr)).size <= DEGREE) {
    throw new RangeError(
      `"${argument}" expected at least ${DEGREE + 1} points of different PSNR, got ${points.length}`,
    );
  }
  const strange = points.find(({ rate, psnr }) => !(rate > 0 && rate < Infinity && Number.isFinite(psnr)));
  if (strange) {
    throw new RangeError(
      `"${argument}" expected positive rates and finite PSNR, got ${strange.rate} at ${strange.psnr} dB`,
    );
  }
}

function sharedPsnr(...curves: readonly (readonly RateQuality[])[]): readonly [number, number] {
  const ends = curves.map((points) => points.map(({ psnr }) => psnr));
  const low = Math.max(...ends.map((psnr) => Math.min(...psnr)));
  const high = Math.min(...ends.map((psnr) => Math.max(...psnr)));
  if (high > low) return [low, high];
  throw new RangeError(
    `"test" expected PSNR in common with "anchor": one ends at ${high} dB, the other begins at ${low}`,
  );
}

/** Coefficients of log rate in `unit(psnr)`, which is from -1 to 1 where both curves are, so that squares stay apart. */
function logRatePolynomial(points: readonly RateQuality[], unit: (psnr: number) => number): Float64Array {
  const shape = [points.length, DEGREE + 1];
  const powers = points.flatMap(({ psnr }) => Array.from({ length: DEGREE + 1 }, (_, k) => unit(psnr) ** k));
  const a = ndArrayOps.constant(shape, powers);
  const b = ndArrayOps.constant(
    [points.length, 1],
    points.map(({ rate }) => Math.log(rate)),
  );
  const factor = ndArrayOps.cholesky(ndArrayOps.matmul(a, a, { transposeA: true }));
  const forward = ndArrayOps.solveTriangular(factor, ndArrayOps.matmul(a, b, { transposeA: true }));
  return ndArrayOps.solveTriangular(factor, forward, { transpose: true }).data;
}

/** Of a polynomial from -1 to 1: odd powers have none. */
function meanOverUnit(coefficients: Float64Array): number {
  return coefficients.reduce((sum, c, k) => (k % 2 === 0 ? sum + c / (k + 1) : sum), 0);
}
