/** Places on a logarithmic axis, and the powers of ten on it. */
export interface LogScale {
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
}

/** From the power of ten below the least value, at `left`, to the greatest value, `width` to the right of it. */
export function logScale(values: readonly number[], left: number, width: number): LogScale {
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.log10(Math.max(...values));
  const span = Math.max(high - low, 1);
  const at = (value: number): number => left + ((Math.log10(value) - low) / span) * width;
  return { at, ticks: Array.from({ length: Math.floor(span) + 1 }, (_, i) => 10 ** (low + i)) };
}
