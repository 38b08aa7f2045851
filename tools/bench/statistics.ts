/** What a set of repeated measurements came to. */
export interface Summary {
  readonly median: number;
  /** Quartiles. */
  readonly q1: number;
  readonly q3: number;
  readonly min: number;
}

/** The `p`-quantile, p in [0, 1], by linear interpolation between order statistics (Hyndman and Fan 1996, type 7). */
export function quantile(values: readonly number[], p: number): number {
  if (values.length === 0) throw new RangeError(`"values" expected at least one number, got none`);
  const sorted = values.toSorted((a, b) => a - b);
  const at = p * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (at - below) * (sorted[above]! - sorted[below]!);
}

export function summarise(values: readonly number[]): Summary {
  return {
    median: quantile(values, 0.5),
    q1: quantile(values, 0.25),
    q3: quantile(values, 0.75),
    min: quantile(values, 0),
  };
}

/** `theirs[i] / ours[i]`: how many times as fast we were in round i. Rounds that one of the two sat out do not count. */
export function pairedRatios(theirs: readonly number[], ours: readonly number[]): number[] {
  const pairs = Math.min(theirs.length, ours.length);
  return Array.from({ length: pairs }, (_, i) => theirs[i]! / ours[i]!);
}

/** A ratio in our favour as text: digits are cut off, never rounded up. */
export function cutOff(value: number, digits = 2): string {
  const scale = 10 ** digits;
  // The product may fall short of a whole number by an ulp: 0.29 * 100 = 28.999999999999996.
  return (Math.floor(value * scale * (1 + 2 ** -50)) / scale).toFixed(digits);
}
