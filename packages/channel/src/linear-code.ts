/** Binary linear block codes, small enough to list: hard decisions by the standard array. */
import { requireProbability, requireWhole } from "./checks.ts";

/** The words of a code as bit masks: bit i of a word is sent in use i. */
export interface LinearCode {
  readonly name: string;
  readonly k: number;
  readonly n: number;
  /** The word of each message, 2^k of them; words[0] is 0. */
  readonly words: Uint32Array;
}

/** Words are listed, and for each of them all that may be received. */
const MOST_USES = 20;
const MOST_PAIRS = 24;

/**
 * The code of k generators, each a word of n bits as a mask; message bit i adds generator i.
 *
 * @throws RangeError when they are dependent, longer than n bits, n is above 20 or n + k above 24.
 */
export function linearCode(name: string, n: number, generators: readonly number[]): LinearCode {
  requireWhole("n", n, 1, MOST_USES);
  const k = generators.length;
  if (n + k > MOST_PAIRS) throw new RangeError(`"generators" expected n + k <= ${MOST_PAIRS}, got ${n} + ${k}`);
  generators.forEach((word) => requireWhole("generators", word, 1, 2 ** n - 1));
  const words = Uint32Array.from({ length: 2 ** k }, (_, message) =>
    generators.reduce((word, generator, i) => ((message >> i) & 1 ? word ^ generator : word), 0),
  );
  if (new Set(words).size < words.length) throw new RangeError(`"generators" expected independent words`);
  return { name, k, n, words };
}

/** k bits as they are. */
export function uncodedBits(k: number): LinearCode {
  requireWhole("k", k, 1, MOST_USES);
  return linearCode(
    `uncoded (${k},${k})`,
    k,
    Array.from({ length: k }, (_, i) => 1 << i),
  );
}

/** One bit, n times. */
export function repetitionCode(n: number): LinearCode {
  requireWhole("n", n, 1, MOST_USES);
  return linearCode(`repetition (${n},1)`, n, [2 ** n - 1]);
}

/** Hamming's code of 1950: four bits and three parities of three of them. */
export function hammingCode(): LinearCode {
  return linearCode("Hamming (7,4)", 7, [0b110_0001, 0b101_0010, 0b011_0100, 0b111_1000]);
}

/** The same and the parity of all seven. */
export function extendedHammingCode(): LinearCode {
  return linearCode("extended Hamming (8,4)", 8, [0b1110_0001, 0b1101_0010, 0b1011_0100, 0b0111_1000]);
}

/** Which message each received word is taken for: that of a nearest word, of several the one that was listed first. */
export function standardArray(code: LinearCode): Uint32Array {
  const decisions = new Uint32Array(2 ** code.n);
  for (let word = 0; word < decisions.length; word++) {
    let [best, distance] = [0, Infinity];
    code.words.forEach((sent, message) => {
      const d = weight(sent ^ word);
      if (d < distance) [best, distance] = [message, d];
    });
    decisions[word] = best;
  }
  return decisions;
}

/** Exact error probabilities of hard decisions, by the number of wrong bits. */
interface HardDecisionErrors {
  /** Patterns of i wrong bits, i = 0 ... n, that end in another block than was sent, on average over the words sent. */
  readonly wrongPatterns: Float64Array;
  /** The mean share of wrong message bits, summed over the patterns of i wrong bits. */
  readonly wrongBits: Float64Array;
}

/** Counts, for every word sent and every pattern of wrong bits, where the standard array ends. */
function hardDecisionErrors(code: LinearCode): HardDecisionErrors {
  const decisions = standardArray(code);
  const [wrongPatterns, wrongBits] = [new Float64Array(code.n + 1), new Float64Array(code.n + 1)];
  code.words.forEach((sent, message) => {
    for (let pattern = 0; pattern < decisions.length; pattern++) {
      const wrong = decisions[sent ^ pattern]! ^ message;
      const i = weight(pattern);
      wrongPatterns[i]! += (wrong === 0 ? 0 : 1) / code.words.length;
      wrongBits[i]! += weight(wrong) / code.k / code.words.length;
    }
  });
  return { wrongPatterns, wrongBits };
}

/** Probability of a wrong block after hard decisions of bits that are wrong independently with probability `bitError`: a sum of positive terms. */
export function hardDecisionBlockError(code: LinearCode, bitError: number): number {
  return binomialSum(hardDecisionErrors(code).wrongPatterns, bitError);
}

/** Probability that a message bit is wrong after the same. */
export function hardDecisionBitError(code: LinearCode, bitError: number): number {
  return binomialSum(hardDecisionErrors(code).wrongBits, bitError);
}

function binomialSum(patterns: Float64Array, p: number): number {
  requireProbability("bitError", p);
  const n = patterns.length - 1;
  return patterns.reduce((sum, count, i) => sum + (count === 0 ? 0 : count * p ** i * (1 - p) ** (n - i)), 0);
}

/** How many bits are 1. */
export function weight(word: number): number {
  let count = 0;
  for (let rest = word >>> 0; rest !== 0; rest &= rest - 1) count++;
  return count;
}
