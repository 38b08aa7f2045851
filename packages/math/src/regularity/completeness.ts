import { requireFinite, requireFunction, requireShape } from "../bounds/require.ts";
import type { NdArray } from "../nd-array.ts";
import { entropyOfShares } from "../shares.ts";
import type { RowMap } from "./continuity.ts";
import { meanOfKnown, type MeanEstimate } from "../mean-estimate.ts";
import { nearestDistances } from "./nearest.ts";

/** What makes data of a code, and what recognises data. */
export interface Recognition {
  /** [batch, dims] -> [batch, features] */
  readonly decode: RowMap;
  /** [batch, features] -> probabilities [batch, classes] */
  readonly classify: RowMap;
}

export interface CompletenessOptions {
  /** What the most probable class must have at least to count as recognised, in (0, 1]. Default: 0.9. */
  readonly confidence?: number;
  /** [items, features]: what distances are measured to. */
  readonly data?: NdArray;
}

export interface LatentCompleteness {
  /** Of the draws whose decoding is recognised with confidence. */
  readonly share: MeanEstimate;
  /** Of each class among the recognised, [classes]; 0 where nothing is recognised. */
  readonly classShares: Float64Array;
  /** exp of the entropy of the class shares: classes if all come equally often, 1 if one alone does, 0 if none. */
  readonly effectiveClasses: number;
  /** The mean probability of the most probable class. */
  readonly meanConfidence: number;
  /** Mean Euclidean distance of a decoding to the nearest item of `data`; only with `data`. */
  readonly distance?: MeanEstimate;
  /** The decodings, [draws, features]. */
  readonly decoded: NdArray;
}

/**
 * How much of a prior decodes to something: the share of its draws whose decoding a classifier recognises with
 * confidence, which classes these are, and how far decodings lie from data.
 *
 * A share alone proves nothing: a decoder that always shows one digit has share 1 (and 1 effective class), and a classifier
 * is often sure of what is far from all it was trained on. Compare with the share of real data, and of noise.
 *
 * @param draws of the prior, [draws, dims]
 * @throws TypeError, RangeError naming the argument: a wrong shape, numbers that are not finite, no probabilities, an
 * option out of range.
 */
export async function latentCompleteness(
  draws: NdArray,
  { decode, classify }: Recognition,
  { confidence = 0.9, data }: CompletenessOptions = {},
): Promise<LatentCompleteness> {
  requireShape("draws", draws, [undefined, undefined]);
  requireFinite("draws", draws.data);
  requireFunction("decode", decode);
  requireFunction("classify", classify);
  if (!(confidence > 0 && confidence <= 1)) throw new RangeError(`"confidence" expected (0, 1], got ${confidence}`);
  const count = draws.shape[0]!;
  if (count === 0) throw new RangeError(`"draws" expected at least 1, got 0`);
  const decoded = await decode(draws);
  requireShape("decode()", decoded, [count, undefined]);
  const probabilities = await classify(decoded);
  requireProbabilities(probabilities, count);
  return {
    ...recognised(probabilities, confidence),
    ...(data && { distance: meanOfKnown(nearestDistances(decoded, data)) }),
    decoded,
  };
}

type Recognised = Pick<LatentCompleteness, "share" | "classShares" | "effectiveClasses" | "meanConfidence">;

function recognised({ shape, data }: NdArray, confidence: number): Recognised {
  const [count, classes] = shape as [number, number];
  const counts = new Float64Array(classes);
  let sum = 0;
  for (let draw = 0; draw < count; draw++) {
    const row = data.subarray(draw * classes, (draw + 1) * classes);
    const best = row.reduce((most, p, c) => (p > row[most]! ? c : most), 0);
    sum += row[best]!;
    if (row[best]! >= confidence) counts[best]!++;
  }
  const total = counts.reduce((all, one) => all + one, 0);
  const value = total / count;
  const classShares = counts.map((one) => (total === 0 ? 0 : one / total));
  return {
    share: { value, standardError: Math.sqrt((value * (1 - value)) / count) },
    classShares,
    effectiveClasses: total === 0 ? 0 : Math.exp(entropyOfShares(classShares)),
    meanConfidence: sum / count,
  };
}

/** Float32 softmax adds up to 1 within a few units of its last place. */
const SUM_TOLERANCE = 1e-4;

function requireProbabilities(probabilities: NdArray, count: number): void {
  requireShape("classify()", probabilities, [count, undefined]);
  const classes = probabilities.shape[1]!;
  for (let draw = 0; draw < count; draw++) {
    const row = probabilities.data.subarray(draw * classes, (draw + 1) * classes);
    const sum = row.reduce((all, p) => all + p, 0);
    if (row.every((p) => p >= 0) && Math.abs(sum - 1) <= SUM_TOLERANCE) continue;
    throw new RangeError(
      `"classify()" expected probabilities that add up to 1, got [${row.join(", ")}] for draw ${draw}`,
    );
  }
}
