/** Two systems on the same messages and the same noise. */
import { normalQuantile } from "@isthmus/math/plain";
import { BATCH, counted, NO_BLOCKS, Runner, type ErrorCounts, type System } from "./blocks.ts";
import { requireNumber, requirePositive, requireProbability, requireWhole } from "./checks.ts";
import { binomialCdf, type Interval } from "./intervals.ts";
import { dimensions } from "./units.ts";

export interface CompareOptions {
  /** Eb/N0, dB. */
  readonly ebNoDb: number;
  /** How many to send, rounded up to whole batches of 2,048. It is fixed beforehand: a p-value looked at until it is small means nothing. */
  readonly blocks: number;
  /** Of the interval. Default: 0.95. */
  readonly confidence?: number;
  /** Default: 1. */
  readonly seed?: number;
  /** Called some times a second with how many blocks are done. */
  readonly progress?: (blocks: number) => void;
  /** Ends the comparison with the signal's reason: there is no result of less than all blocks. */
  readonly signal?: AbortSignal;
}

export interface Comparison {
  readonly ebNoDb: number;
  readonly blocks: number;
  readonly a: ErrorCounts;
  readonly b: ErrorCounts;
  /** Blocks that only the first got wrong, and only the second. */
  readonly onlyA: number;
  readonly onlyB: number;
  /** BLER of a less that of b, with an interval by the normal approximation over paired blocks. */
  readonly difference: number;
  readonly interval: Interval;
  /** Of "they are equally good", two-sided: McNemar's exact test (1947) on the blocks that one of them got wrong. */
  readonly pValue: number;
  /** Of "a is no better than b", one-sided: small when a is better. */
  readonly pAIsBetter: number;
}

/**
 * Sends the same messages through the same noise to both: what they have in common cancels, and a difference shows with far fewer
 * blocks than two separate simulations need. They have the same k and n; channels that draw alike disturb alike.
 *
 * @throws TypeError, RangeError naming an option; the signal's reason.
 */
export async function compareSystems(a: System, b: System, options: CompareOptions): Promise<Comparison> {
  const { ebNoDb, blocks, confidence = 0.95, seed = 1 } = options;
  requireNumber("ebNoDb", ebNoDb);
  requirePositive("blocks", blocks);
  requireProbability("confidence", confidence, true);
  requireWhole("seed", seed, 0);
  requireSameLink(a, b);
  const [left, right] = [await Runner.create(a), await Runner.create(b)];
  const counts = { a: NO_BLOCKS, b: NO_BLOCKS, onlyA: 0, onlyB: 0 };
  let turn = performance.now();
  for (let index = 0; index * BATCH < blocks; index++) {
    options.signal?.throwIfAborted();
    await left.run({ ebNoDb, seed, index });
    await right.run({ ebNoDb, seed, index });
    [counts.a, counts.b] = [counted(counts.a, left), counted(counts.b, right)];
    countDifferences(left, right, counts);
    if (performance.now() - turn < TURN) continue;
    options.progress?.(counts.a.blocks);
    await new Promise((resolve) => setTimeout(resolve, 0));
    turn = performance.now();
  }
  return {
    ebNoDb,
    blocks: counts.a.blocks,
    ...counts,
    ...judged(counts.onlyA, counts.onlyB, counts.a.blocks, confidence),
  };
}

/** Milliseconds after which others get their turn. */
const TURN = 100;

function requireSameLink({ codebook: a }: System, { codebook: b }: System): void {
  if (a.size === b.size && a.n === b.n && dimensions(a) === dimensions(b)) return;
  const said = ({ size, n, complex }: typeof a): string =>
    `${size} messages in ${n} ${complex ? "complex" : "real"} uses`;
  throw new RangeError(`"b" expected ${said(a)}, as "a" has, got ${said(b)}`);
}

function countDifferences(left: Runner, right: Runner, counts: { onlyA: number; onlyB: number }): void {
  for (let block = 0; block < BATCH; block++) {
    const [wrongA, wrongB] = [left.sent[block] !== left.decided[block], right.sent[block] !== right.decided[block]];
    if (wrongA && !wrongB) counts.onlyA++;
    if (wrongB && !wrongA) counts.onlyB++;
  }
}

function judged(
  onlyA: number,
  onlyB: number,
  blocks: number,
  confidence: number,
): Pick<Comparison, "difference" | "interval" | "pValue" | "pAIsBetter"> {
  const difference = (onlyA - onlyB) / blocks;
  const spread = Math.sqrt(((onlyA + onlyB) / blocks - difference * difference) / blocks);
  const half = normalQuantile((1 + confidence) / 2) * spread;
  const either = onlyA + onlyB;
  return {
    difference,
    interval: [difference - half, difference + half],
    pValue: Math.min(1, 2 * binomialCdf(Math.min(onlyA, onlyB), either, 0.5)),
    pAIsBetter: binomialCdf(onlyA, either, 0.5),
  };
}
