import { fitFrequencyTables, packTables, quantise, uniformQuantiser } from "@isthmus/codec";
import type { LatentCoding } from "@isthmus/graph";
import type { InferredLatents } from "./latents.ts";

export interface FitCodingOptions {
  /**
   * Width of a bin: in posterior standard deviations where the model has a posterior, else in eighths of the
   * dimension's own standard deviation. Larger is fewer bits and more error. Default: 1.
   */
  readonly stepScale?: number;
}

/**
 * Fits what turns latents into bits: bins centred on each dimension's mean, their widths, and the frequency table of
 * each dimension. Fit on training items only; the result is stored in the model file and never recomputed.
 */
export function fitCoding(latents: InferredLatents, { stepScale = 1 }: FitCodingOptions = {}): LatentCoding {
  if (!(stepScale > 0 && stepScale < Infinity)) {
    throw new RangeError(`"stepScale" expected a positive finite number, got ${stepScale}`);
  }
  if (latents.items === 0) throw new RangeError(`"latents" expected at least one item`);
  const { mean, variance } = moments(latents);
  const widths = latents.posteriorVariance?.map(Math.sqrt) ?? variance.map((value) => Math.sqrt(value) / 8);
  const quantiser = uniformQuantiser(
    widths.map((width) => usableStep(rounded(width * stepScale))),
    mean,
  );
  const tables = fitFrequencyTables(quantise(latents.values, quantiser), latents.dims);
  return { offsets: quantiser.offsets, steps: quantiser.steps, tables: packTables(tables) };
}

/**
 * To the nearest number of 12 binary digits, the upper 12 of float64's 53 (Veltkamp's splitting, 1968): the last digits
 * of a width come from `Math.exp`, which is another on another JavaScript engine, and are not to reach the model file.
 */
function rounded(width: number): number {
  const shifted = width * (2 ** 41 + 1);
  return shifted - (shifted - width);
}

/** A dimension that never varies has no width of its own; any step codes it in almost no bits. */
function usableStep(width: number): number {
  return Math.fround(width) > 0 ? width : 1;
}

/** Mean and variance of each dimension over the items. */
function moments({ items, dims, values }: InferredLatents): { mean: Float64Array; variance: Float64Array } {
  const mean = new Float64Array(dims);
  const variance = new Float64Array(dims);
  values.forEach((value, index) => (mean[index % dims]! += value / items));
  values.forEach((value, index) => (variance[index % dims]! += (value - mean[index % dims]!) ** 2 / items));
  return { mean, variance };
}
