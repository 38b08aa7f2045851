import { requireFinite, requireShape } from "../bounds/require.ts";
import { formatShape } from "../nd-array.ts";
import type { NdArray } from "../nd-array.ts";

/** Features between looks at whether an item is already too far. */
const STRETCH = 32;

/**
 * The Euclidean distance of each row of `x` [points, features] to the nearest row of `data` [items, features]: [points],
 * in the features' unit. Time is at most points items features.
 *
 * @throws TypeError, RangeError naming the argument: another shape, no item, a number that is not finite.
 */
export function nearestDistances(x: NdArray, data: NdArray): Float64Array {
  requireShape("x", x, [undefined, undefined]);
  const [points, features] = x.shape as [number, number];
  requireShape("data", data, [undefined, features]);
  if (data.data.length === 0) {
    throw new RangeError(`"data" expected at least 1 item and 1 feature, got ${formatShape(data.shape)}`);
  }
  requireFinite("x", x.data);
  requireFinite("data", data.data);
  return Float64Array.from({ length: points }, (_, point) => {
    const row = x.data.subarray(point * features, (point + 1) * features);
    return Math.sqrt(nearestSquare(row, data.data));
  });
}

function nearestSquare(row: Float64Array, items: Float64Array): number {
  let nearest = Infinity;
  for (let at = 0; at < items.length; at += row.length) {
    nearest = Math.min(nearest, squareBelow(row, items, at, nearest));
  }
  return nearest;
}

/** ||row - item||^2, or a part of it that is already no less than `most`. */
function squareBelow(row: Float64Array, items: Float64Array, at: number, most: number): number {
  let square = 0;
  for (let from = 0; from < row.length && square < most; from += STRETCH) {
    const to = Math.min(row.length, from + STRETCH);
    for (let i = from; i < to; i++) square += (row[i]! - items[at + i]!) ** 2;
  }
  return square;
}
