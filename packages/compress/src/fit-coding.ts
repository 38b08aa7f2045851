import { fitFrequencyTables, packTables, quantise, uniformQuantiser } from "@isthmus/codec";
import type { UniformQuantiser } from "@isthmus/codec";
import type { LatentCoding } from "@isthmus/graph";
import type { InferredLatents } from "./latents.ts";

export interface FitCodingOptions {
  /**
   * Width of a bin: in posterior standard deviations where the model has a posterior, else in eighths of the
   * channel's own standard deviation. Larger is fewer bits and more error. Several make a model of as many qualities,
   * in this order. Default: 1.
   */
  readonly stepScale?: number | readonly number[];
}

/**
 * Fits what turns latents into bits: bins centred on each channel's mean, their widths, and the frequency table of
 * each channel, for each quality. Fit on training items only; the result is stored in the model file and never
 * recomputed.
 */
export function fitCoding(latents: InferredLatents, { stepScale = 1 }: FitCodingOptions = {}): LatentCoding {
  const scales = typeof stepScale === "number" ? [stepScale] : stepScale;
  if (scales.length === 0) throw new RangeError(`"stepScale" expected at least one number, got none`);
  for (const scale of scales) {
    if (!(scale > 0 && scale < Infinity)) {
      throw new RangeError(`"stepScale" expected a positive finite number, got ${scale}`);
    }
  }
  requireItems(latents);
  const channels = channelsOf(latents);
  const { mean, variance } = moments(latents.values, channels);
  const { posteriorVariance } = latents;
  const widths = posteriorVariance
    ? means(posteriorVariance, channels).map(Math.sqrt)
    : variance.map((value) => Math.sqrt(value) / 8);
  return fitTables(
    latents,
    scales.map((scale) =>
      uniformQuantiser(
        widths.map((width) => usableStep(rounded(width * scale))),
        mean,
      ),
    ),
  );
}

/**
 * The frequency tables of bins that are given, as where a model has learned them: one quantiser of as many channels as the
 * latents have for each quality. Fit on training items only, as with `fitCoding`.
 *
 * @throws RangeError for no items or quantisers, or one of another number of channels
 */
export function fitTables(latents: InferredLatents, quantisers: readonly UniformQuantiser[]): LatentCoding {
  requireItems(latents);
  const channels = channelsOf(latents);
  if (quantisers.length < 1 || quantisers.length > 256) {
    throw new RangeError(`"quantisers" expected 1 to 256, one for each quality, got ${quantisers.length}`);
  }
  for (const { steps } of quantisers) {
    if (steps.length !== channels) {
      throw new RangeError(`"quantisers" expected ${channels} channels as the latents, got ${steps.length}`);
    }
  }
  const tables = quantisers.flatMap((quantiser) => fitFrequencyTables(quantise(latents.values, quantiser), channels));
  return {
    offsets: Float32Array.from(quantisers.flatMap(({ offsets }) => [...offsets])),
    steps: Float32Array.from(quantisers.flatMap(({ steps }) => [...steps])),
    tables: packTables(tables),
    ...(quantisers.length > 1 && { qualities: quantisers.length }),
  };
}

function requireItems({ items }: InferredLatents): void {
  if (items === 0) throw new RangeError(`"latents" expected at least one item`);
}

function channelsOf({ dims, channels = dims }: InferredLatents): number {
  if (!(Number.isInteger(channels) && channels > 0 && dims % channels === 0)) {
    throw new RangeError(`"latents.channels" expected a divisor of ${dims} dimensions, got ${channels}`);
  }
  return channels;
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

/** Mean and variance of each channel over items and positions. */
function moments(values: Float32Array, channels: number): { mean: Float64Array; variance: Float64Array } {
  const mean = means(values, channels);
  const count = values.length / channels;
  const variance = new Float64Array(channels);
  values.forEach((value, index) => (variance[index % channels]! += (value - mean[index % channels]!) ** 2 / count));
  return { mean, variance };
}

/** Of each channel. */
function means(values: Float32Array | Float64Array, channels: number): Float64Array {
  const count = values.length / channels;
  const mean = new Float64Array(channels);
  for (let index = 0; index < values.length; index++) mean[index % channels]! += values[index]! / count;
  return mean;
}
