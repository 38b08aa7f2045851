/** The smallest and the largest number that a value takes. */
export interface ActivationRange {
  readonly min: number;
  readonly max: number;
  /**
   * Of each index of the last axis. Where a layer reads a value with means, its biases make up for what rounding its weights does to them
   * (Nagel, van Baalen, Blankevoort, Welling 2019).
   */
  readonly means?: readonly number[];
  /**
   * The largest number of each index of the last axis. Behind a ReLU they bring channels nearer to one range: what a channel is divided by
   * there, the weights that read it are multiplied by (Nagel, van Baalen, Blankevoort, Welling 2019).
   */
  readonly maxima?: readonly number[];
}

/** What calibration finds, by the node ids of the part of the program that makes the outputs asked for. */
export type ActivationRanges = ReadonlyMap<number, ActivationRange>;

/** A value as int8: x is near scale (q - zero). */
export interface ActivationQuantiser {
  readonly scale: number;
  readonly zero: number;
}

/** The int8 from the smallest to the largest number, such that 0 is exactly one of them. A value that is 0 always has steps of 1. */
export function activationQuantiser({ min, max }: ActivationRange): ActivationQuantiser {
  const [low, high] = [Math.min(min, 0), Math.max(max, 0)];
  const scale = (high - low) / 255 || 1;
  return { scale, zero: Math.min(Math.round(-128 - low / scale), 127) };
}
