import { ndArray } from "../nd-array.ts";
import type { NdArray } from "../nd-array.ts";
import { requireFinite, requireShape } from "../bounds/require.ts";
import { columnMeans } from "../columns.ts";

/** All that the fits of this folder need to know of a data set. */
export interface DataMoments {
  /** [features] */
  readonly mean: NdArray;
  /** Sums of products of deviations over the number of examples (not one less): maximum likelihood's. [features, features] */
  readonly covariance: NdArray;
}

/**
 * Mean and covariance of [examples, features], in examples features^2 / 2 multiplications.
 *
 * @throws TypeError, RangeError naming `x` unless it is finite and has a row and a column at least.
 */
export function dataMoments(x: NdArray): DataMoments {
  requireShape("x", x, [undefined, undefined]);
  requireFinite("x", x.data);
  const [n, features] = x.shape as [number, number];
  if (n === 0 || features === 0)
    throw new RangeError(`"x" expected an example and a feature at least, got [${n}, ${features}]`);
  const mean = columnMeans(x.data, features);
  const covariance = new Float64Array(features * features);
  const deviation = new Float64Array(features);
  for (let example = 0; example < n; example++) {
    for (let a = 0; a < features; a++) deviation[a] = x.data[example * features + a]! - mean[a]!;
    for (let a = 0; a < features; a++) {
      const scale = deviation[a]! / n;
      if (scale === 0) continue;
      for (let b = 0; b <= a; b++) covariance[a * features + b]! += scale * deviation[b]!;
    }
  }
  for (let a = 0; a < features; a++) {
    for (let b = 0; b < a; b++) covariance[b * features + a] = covariance[a * features + b]!;
  }
  return { mean: ndArray([features], mean), covariance: ndArray([features, features], covariance) };
}
