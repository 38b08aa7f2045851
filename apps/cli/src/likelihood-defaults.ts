import type { Dataset } from "@isthmus/data";
import { UsageError } from "./errors.ts";
import type { ModelOptions } from "./model-options.ts";

/**
 * The model's options with a likelihood that suits the data, where the user says none: a Gaussian with one learned variance
 * for rows of a table and for numbers outside [0, 1]; else the kind's own.
 *
 * @throws UsageError a likelihood of values in [0, 1] that was asked for though there are others
 */
export function withDataDefaults<O extends ModelOptions>(options: O, train: Dataset): O {
  const [low, high] = limitsOf(train);
  const outside = low < 0 || high > 1;
  const { likelihood, variance, varianceValue } = options;
  if (likelihood !== undefined) {
    if (!outside || likelihood === "gaussian") return options;
    const range = `${low.toPrecision(3)} to ${high.toPrecision(3)}`;
    const way = train.description ? "; --standardise range brings them there" : "";
    throw new UsageError(`--likelihood ${likelihood} takes values from 0 to 1, the training part has ${range}${way}`);
  }
  if (!outside && train.description?.item.kind !== "table") return options;
  // Standardised columns have variance 1, of which a code takes away what it knows.
  const learned = variance === undefined && varianceValue === undefined ? { variance: "shared", varianceValue: 1 } : {};
  return { ...options, likelihood: "gaussian", ...learned };
}

/** Of the network's numbers. */
function limitsOf({ values, scale }: Dataset): [low: number, high: number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low * scale, Math.fround(high * scale)];
}
