import type { MeanEstimate } from "../bounds/information.ts";

/** The mean of what is no NaN, with its standard error; NaN where there is too little. */
export function meanEstimate(values: Float64Array): MeanEstimate {
  const known = values.filter((value) => !Number.isNaN(value));
  const value = known.reduce((sum, one) => sum + one, 0) / known.length;
  const squares = known.reduce((sum, one) => sum + (one - value) ** 2, 0);
  return { value, standardError: Math.sqrt(squares / (known.length - 1) / known.length) };
}
