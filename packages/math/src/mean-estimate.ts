/** A mean over draws or examples with its standard error, in the unit of the values. */
export interface MeanEstimate {
  readonly value: number;
  readonly standardError: number;
}

/** NaN where there is too little: of no values, and the error of one. */
export function meanEstimate(values: Float64Array): MeanEstimate {
  const n = values.length;
  const value = values.reduce((sum, one) => sum + one, 0) / n;
  const squares = values.reduce((sum, one) => sum + (one - value) ** 2, 0);
  return { value, standardError: Math.sqrt(squares / (n - 1) / n) };
}

/** The same of what is no NaN. */
export function meanOfKnown(values: Float64Array): MeanEstimate {
  return meanEstimate(values.filter((value) => !Number.isNaN(value)));
}
