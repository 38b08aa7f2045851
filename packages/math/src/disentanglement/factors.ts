import { requireKind } from "../arguments.ts";
import { requireCount } from "../bounds/require.ts";
import { columnOf } from "../columns.ts";
import { requireSameLength } from "../vectors.ts";

/** The true factors of variation of items; the factor table of a data set is one. */
export interface FactorIndices {
  /** How many values each factor takes. */
  readonly counts: readonly number[];
  /** [items, factors]: which value of each factor drew the item, in [0, counts[factor]). */
  readonly indices: Int32Array;
}

/** A factor that takes two values or more among the items. */
export interface VaryingFactor {
  /** Its place among all factors. */
  readonly index: number;
  readonly count: number;
  /** Its value for each item. */
  readonly values: Int32Array;
}

/**
 * The factors that vary; of one that stands still there is nothing to tell.
 *
 * @throws TypeError, RangeError naming the argument: too few or too many indices, one that is no value of its factor, no
 * factor that varies.
 */
export function varyingFactors({ counts, indices }: FactorIndices, items: number): VaryingFactor[] {
  requireKind("factors.counts", counts, "Array");
  counts.forEach((count, index) => requireCount(`factors.counts[${index}]`, count));
  requireKind("factors.indices", indices, "Int32Array");
  requireSameLength("factors.indices", indices, items * counts.length);
  const all = counts.map((count, index) => {
    const values = columnOf(indices, counts.length, index);
    const stray = values.findIndex((value) => value < 0 || value >= count);
    if (stray < 0) return { index, count, values };
    const got = `${values[stray]} for item ${stray}`;
    throw new RangeError(`"factors.indices" expected values in [0, ${count}) of factor ${index}, got ${got}`);
  });
  const varying = all.filter(({ values }) => values.some((value) => value !== values[0]));
  if (varying.length > 0) return varying;
  throw new RangeError(`"factors" expected one that takes two values or more, got the same values for all items`);
}

/** Of each of its values, over the items. */
export function sharesOf({ values, count }: VaryingFactor): Float64Array {
  const shares = new Float64Array(count);
  for (const value of values) shares[value]! += 1 / values.length;
  return shares;
}
