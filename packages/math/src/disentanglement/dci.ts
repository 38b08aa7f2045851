import { requireCount, requireFinite, requireShape } from "../bounds/require.ts";
import { columnOf } from "../columns.ts";
import type { NdArray } from "../nd-array.ts";
import { nextBelow, type NoiseKey, uint32Sequence } from "../noise.ts";
import { type FactorIndices, sharesOf, type VaryingFactor, varyingFactors } from "./factors.ts";
import { Forest } from "./forest.ts";
import { importanceScores, type ImportanceScores } from "./importance-scores.ts";

export interface DciOptions {
  /** Of each factor's forest. Default: 10. */
  readonly trees?: number;
  /** Fewest items on either side of a split. Default: 5. */
  readonly leaf?: number;
  /** Share of the items, in (0, 1), on which forests are tried and not grown. Default: 0.2. */
  readonly testShare?: number;
  /** Of the choice of these items, and of those that each tree sees. */
  readonly key: NoiseKey;
}

/** Figures of factors are those of the factors that vary. */
export interface Dci extends ImportanceScores {
  /** Which factors vary, by their places among all. */
  readonly varying: readonly number[];
  /** The mean over the factors: 1 when every held-out item's values are told rightly. */
  readonly informativeness: number;
  /** Share of the held-out items of which a factor's value is told rightly. */
  readonly perFactorInformativeness: Float64Array;
  /** [latents, factors]; of each factor shares of one, or all 0 where no latent tells it. */
  readonly importances: NdArray;
}

/**
 * Disentanglement, completeness and informativeness of a code (Eastwood, Williams 2018): from each latent's importance in
 * telling each factor, by {@link importanceScores}, and from how often it is told rightly on items held out.
 *
 * A factor's value is told by a forest of classification trees, because values need not have an order (a shape has none)
 * and because a latent may tell of one in any way that is not linear. A latent's importance is what its splits take off
 * the Gini impurity. Neither a latent's unit nor its sign counts.
 *
 * @param codes [items, latents]
 * @param factors of the same items.
 * @throws TypeError, RangeError naming the argument: a wrong shape, numbers that are not finite, indices that are no
 * values, factors none of which varies, an option out of range.
 */
export function dci(codes: NdArray, factors: FactorIndices, options: DciOptions): Dci {
  const { leaf = 5 } = options;
  requireShape("codes", codes, [undefined, undefined]);
  requireFinite("codes", codes.data);
  requireCount("leaf", leaf);
  const [items, latents] = codes.shape as [number, number];
  requireCount("codes.shape[1]", latents);
  const varying = varyingFactors(factors, items);
  const { test, draws } = drawnItems(items, options);
  const features = Array.from({ length: latents }, (_, i) => columnOf(codes.data, latents, i));
  const forests = varying.map(
    ({ values, count }) => new Forest({ features, labels: values, classes: count }, draws, leaf),
  );
  const importances = importanceTable(forests.map((forest, k) => heldOutImportances(forest, varying[k]!, test)));
  const told = Float64Array.from(forests, (forest, k) => shareTold(forest, varying[k]!, test));
  return {
    ...importanceScores(importances),
    varying: varying.map(({ index }) => index),
    informativeness: told.reduce((sum, share) => sum + share, 0) / told.length,
    perFactorInformativeness: told,
    importances,
  };
}

interface Drawn {
  /** Held out. */
  readonly test: Int32Array;
  /** With replacement, of the others and as many: the same for all factors. */
  readonly draws: readonly Int32Array[];
}

function drawnItems(items: number, { trees = 10, testShare = 0.2, key }: DciOptions): Drawn {
  requireCount("trees", trees);
  if (!(testShare > 0 && testShare < 1)) throw new RangeError(`"testShare" expected (0, 1), got ${testShare}`);
  const words = uint32Sequence(key);
  const order = shuffled(items, words);
  const held = Math.min(items - 1, Math.ceil(items * testShare));
  const train = order.subarray(held);
  const draws = Array.from({ length: trees }, () => train.map(() => train[nextBelow(train.length, words)]!));
  return { test: order.subarray(0, held), draws };
}

/** From Fisher and Yates's shuffle. */
function shuffled(items: number, words: () => number): Int32Array {
  const order = Int32Array.from({ length: items }, (_, item) => item);
  for (let last = items - 1; last > 0; last--) {
    const other = nextBelow(last + 1, words);
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}

/** Of each latent, as a share of all there is to gain: 1 less the sum of the values' squared shares. */
function heldOutImportances(forest: Forest, factor: VaryingFactor, items: Int32Array): Float64Array {
  const impurity = 1 - sharesOf(factor).reduce((sum, share) => sum + share * share, 0);
  return forest.gains(items).map((gain) => Math.max(0, gain / impurity));
}

/** [latents, factors] */
function importanceTable(columns: readonly Float64Array[]): NdArray {
  const latents = columns[0]!.length;
  const data = new Float64Array(latents * columns.length);
  columns.forEach((column, k) => column.forEach((one, i) => (data[i * columns.length + k] = one)));
  return { shape: [latents, columns.length], data };
}

function shareTold(forest: Forest, { values }: VaryingFactor, items: Int32Array): number {
  return items.filter((item) => forest.classOf(item) === values[item]).length / items.length;
}
