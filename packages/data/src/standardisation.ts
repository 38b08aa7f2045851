/** `mean`: to mean 0 and standard deviation 1; `range`: to [0, 1]; `none`: as they are. */
export type Standardisation = "mean" | "range" | "none";

export interface Statistics {
  /** Values that are there; of the others nothing is known. */
  readonly count: number;
  readonly mean: number;
  /** The population's. */
  readonly deviation: number;
  readonly low: number;
  readonly high: number;
}

/** Of the values that are not NaN. */
export function statistics(values: Float64Array): Statistics {
  let [count, sum, low, high] = [0, 0, Infinity, -Infinity];
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    count++;
    sum += value;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const mean = sum / count;
  let squares = 0;
  for (const value of values) if (!Number.isNaN(value)) squares += (value - mean) * (value - mean);
  return { count, mean, deviation: Math.sqrt(squares / count), low, high };
}

/** The offset and scale of values, so that (x - offset) / scale is standardised; a scale of 0 where they are all the same. */
export function standardised(
  { mean, deviation, low, high }: Statistics,
  standardisation: Standardisation,
): { readonly offset: number; readonly scale: number } {
  if (standardisation === "none") return { offset: 0, scale: 1 };
  if (low === high) return { offset: low, scale: 0 };
  return standardisation === "mean" ? { offset: mean, scale: deviation } : { offset: low, scale: high - low };
}
