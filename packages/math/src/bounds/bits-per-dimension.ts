import { requireKind } from "../arguments.ts";
import { requireCount, requirePositive } from "./require.ts";

export interface BitsPerDimensionOptions {
  /** Values in one example: 784 pixels, 3072 for a 32 x 32 colour image. */
  readonly dimensions: number;
  /**
   * Width of one step of the stored integers in the units that the density is of: 1 / 256 where 8-bit values and their
   * dequantisation noise were scaled to [0, 1], 1 where they were left at 0 to 256. Default: 1, also right for a
   * probability of the integers themselves.
   */
  readonly binWidth?: number;
}

/**
 * Bits per dimension of the stored integers from `logLikelihood` in nats per example, lower is better:
 *
 *     bits / dimension = -(log p(x) / D + log binWidth) / ln 2
 *
 * With a density of uniformly dequantised data this is an upper bound for the code length of the integers (Theis, van
 * den Oord and Bethge 2016); with a bound in place of log p(x), an upper bound again.
 *
 * @throws TypeError, RangeError naming the argument: a number, a positive integer of dimensions, a positive finite width.
 */
export function bitsPerDimension(logLikelihood: number, { dimensions, binWidth = 1 }: BitsPerDimensionOptions): number {
  requireKind("logLikelihood", logLikelihood, "Number");
  requireCount("dimensions", dimensions);
  requirePositive("binWidth", binWidth);
  return -(logLikelihood / dimensions + Math.log(binWidth)) / Math.LN2;
}

/**
 * The inverse of {@link bitsPerDimension}: log-likelihood in nats per example.
 *
 * @throws TypeError, RangeError as there.
 */
export function logLikelihoodFromBitsPerDimension(
  bits: number,
  { dimensions, binWidth = 1 }: BitsPerDimensionOptions,
): number {
  requireKind("bits", bits, "Number");
  requireCount("dimensions", dimensions);
  requirePositive("binWidth", binWidth);
  return -dimensions * (bits * Math.LN2 + Math.log(binWidth));
}
