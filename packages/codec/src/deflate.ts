/**
 * DEFLATE (Deutsch 1996, RFC 1951), written: one block, of fixed or of own codes, whichever is shorter. What is written is
 * part of the format's promise, as no other library's would be.
 */
import {
  CODE_LENGTH_ORDER,
  DISTANCE_BASE,
  DISTANCE_BITS,
  FIXED_DISTANCES,
  FIXED_LITERALS,
  LENGTH_BASE,
  LENGTH_BITS,
} from "./inflate.ts";

const END = 256;
const WINDOW = 32768;
const LEAST_MATCH = 3;
const MOST_MATCH = 258;
/** How many earlier places are tried for each. */
const CHAIN = 32;
const HASH_SIZE = 1 << 15;

/** A literal is a byte and distance 0; a match has a length and a distance. */
interface Tokens {
  readonly values: Uint16Array;
  readonly distances: Uint16Array;
  readonly count: number;
}

/** The deflated bytes. Deterministic: the same input gives the same output in every version. */
export function deflate(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const tokens = tokensOf(bytes);
  const [literals, distances] = frequenciesOf(tokens);
  const own = ownCodes(literals, distances);
  const fixedBits = bitsOf(literals, FIXED_LITERALS, distances, FIXED_DISTANCES);
  const ownBits = own.header.bits + bitsOf(literals, own.literals, distances, own.distances);
  const isFixed = fixedBits <= ownBits;
  const writer = new BitWriter();
  writer.put(1, 1);
  writer.put(isFixed ? 1 : 2, 2);
  if (!isFixed) own.header.write(writer);
  const [literalLengths, distanceLengths] = isFixed ? [FIXED_LITERALS, FIXED_DISTANCES] : [own.literals, own.distances];
  writeTokens(writer, tokens, literalLengths, distanceLengths);
  return writer.bytes();
}

/** Greedy: at each place the longest match among the last `CHAIN` places with the same three bytes, the nearest on a tie. */
function tokensOf(bytes: Uint8Array): Tokens {
  const values = new Uint16Array(bytes.length);
  const distances = new Uint16Array(bytes.length);
  const last = new Int32Array(HASH_SIZE).fill(-1);
  const before = new Int32Array(bytes.length);
  let [count, at] = [0, 0];
  while (at < bytes.length) {
    const { length, distance } = longestMatch(bytes, at, last, before);
    const isMatch = length >= LEAST_MATCH;
    values[count] = isMatch ? length : bytes[at]!;
    distances[count++] = isMatch ? distance : 0;
    for (const end = at + (isMatch ? length : 1); at < end; at++) remember(bytes, at, last, before);
  }
  return { values, distances, count };
}

function hashAt(bytes: Uint8Array, at: number): number {
  const three = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
  return Math.imul(three, 0x9e3779b1) >>> 17;
}

function remember(bytes: Uint8Array, at: number, last: Int32Array, before: Int32Array): void {
  if (at + LEAST_MATCH > bytes.length) return;
  const hash = hashAt(bytes, at);
  before[at] = last[hash]!;
  last[hash] = at;
}

function longestMatch(
  bytes: Uint8Array,
  at: number,
  last: Int32Array,
  before: Int32Array,
): { length: number; distance: number } {
  const best = { length: 0, distance: 0 };
  const most = Math.min(MOST_MATCH, bytes.length - at);
  if (most < LEAST_MATCH) return best;
  let candidate = last[hashAt(bytes, at)]!;
  for (let tried = 0; tried < CHAIN && candidate >= 0 && at - candidate <= WINDOW; tried++) {
    let length = 0;
    while (length < most && bytes[candidate + length] === bytes[at + length]) length++;
    if (length > best.length) Object.assign(best, { length, distance: at - candidate });
    if (length === most) break;
    candidate = before[candidate]!;
  }
  return best;
}

/** The largest index whose base is at most the value. */
function indexOf(bases: readonly number[], value: number): number {
  let index = bases.length - 1;
  while (bases[index]! > value) index--;
  return index;
}

function frequenciesOf({ values, distances, count }: Tokens): [number[], number[]] {
  const literals = new Array<number>(286).fill(0);
  const far = new Array<number>(30).fill(0);
  for (let i = 0; i < count; i++) {
    if (distances[i] === 0) {
      literals[values[i]!]! += 1;
      continue;
    }
    literals[END + 1 + indexOf(LENGTH_BASE, values[i]!)]! += 1;
    far[indexOf(DISTANCE_BASE, distances[i]!)]! += 1;
  }
  literals[END] = 1;
  return [literals, far];
}

function bitsOf(
  literals: readonly number[],
  literalLengths: readonly number[],
  distances: readonly number[],
  distanceLengths: readonly number[],
): number {
  const ofLiterals = literals.reduce((bits, count, symbol) => {
    return bits + count * (literalLengths[symbol]! + (LENGTH_BITS[symbol - END - 1] ?? 0));
  }, 0);
  return distances.reduce((bits, count, symbol) => {
    return bits + count * (distanceLengths[symbol]! + DISTANCE_BITS[symbol]!);
  }, ofLiterals);
}

interface OwnCodes {
  readonly literals: readonly number[];
  readonly distances: readonly number[];
  readonly header: { readonly bits: number; write(writer: BitWriter): void };
}

function ownCodes(literalCounts: readonly number[], distanceCounts: readonly number[]): OwnCodes {
  const literals = codeLengths(literalCounts, 15);
  const distances = codeLengths(distanceCounts, 15);
  const [usedLiterals, usedDistances] = [usedOf(literals, 257), usedOf(distances, 1)];
  const runs = runsOf([...literals.slice(0, usedLiterals), ...distances.slice(0, usedDistances)]);
  const counts = new Array<number>(19).fill(0);
  for (const { word } of runs) counts[word]! += 1;
  const short = codeLengths(counts, 7);
  const words = usedOf(
    CODE_LENGTH_ORDER.map((word) => short[word]!),
    4,
  );
  const write = (writer: BitWriter): void => {
    writer.put(usedLiterals - 257, 5);
    writer.put(usedDistances - 1, 5);
    writer.put(words - 4, 4);
    for (const word of CODE_LENGTH_ORDER.slice(0, words)) writer.put(short[word]!, 3);
    const codes = wordsOf(short);
    for (const { word, extra, extraBits } of runs) {
      writer.put(codes[word]!, short[word]!);
      writer.put(extra, extraBits);
    }
  };
  const bits = runs.reduce((sum, { word, extraBits }) => sum + short[word]! + extraBits, 14 + 3 * words);
  return { literals, distances, header: { bits, write } };
}

function usedOf(lengths: readonly number[], least: number): number {
  let used = lengths.length;
  while (used > least && lengths[used - 1] === 0) used--;
  return used;
}

/** Code lengths with their repeats, as RFC 1951 writes them, section 3.2.7. */
function runsOf(lengths: readonly number[]): { word: number; extra: number; extraBits: number }[] {
  const runs: { word: number; extra: number; extraBits: number }[] = [];
  for (let at = 0; at < lengths.length;) {
    const value = lengths[at]!;
    let run = 1;
    while (at + run < lengths.length && lengths[at + run] === value && run < (value === 0 ? 138 : 7)) run++;
    if (value === 0 && run >= 11) runs.push({ word: 18, extra: run - 11, extraBits: 7 });
    else if (value === 0 && run >= 3) runs.push({ word: 17, extra: run - 3, extraBits: 3 });
    else if (value > 0 && run >= 4) {
      runs.push({ word: value, extra: 0, extraBits: 0 }, { word: 16, extra: run - 4, extraBits: 2 });
    } else {
      run = 1;
      runs.push({ word: value, extra: 0, extraBits: 0 });
    }
    at += run;
  }
  return runs;
}

/**
 * Lengths of Huffman's code (1952), at most `most`: where they come out longer, the counts are halved and rounded up until
 * they do not. A single symbol gets one bit.
 */
function codeLengths(counts: readonly number[], most: number): number[] {
  let scaled = counts;
  let lengths = huffmanLengths(scaled);
  while (lengths.some((length) => length > most)) {
    scaled = scaled.map((count) => Math.ceil(count / 2));
    lengths = huffmanLengths(scaled);
  }
  return lengths;
}

interface TreeNode {
  readonly count: number;
  readonly symbols: readonly number[];
}

function huffmanLengths(counts: readonly number[]): number[] {
  const lengths = new Array<number>(counts.length).fill(0);
  const leaves: TreeNode[] = counts
    .flatMap((count, symbol) => (count > 0 ? [{ count, symbols: [symbol] }] : []))
    .sort((a, b) => a.count - b.count || a.symbols[0]! - b.symbols[0]!);
  if (leaves.length === 1) lengths[leaves[0]!.symbols[0]!] = 1;
  const joined: TreeNode[] = [];
  const lightest = (): TreeNode =>
    (joined.length === 0 || (leaves.length > 0 && leaves[0]!.count <= joined[0]!.count) ? leaves : joined).shift()!;
  while (leaves.length + joined.length > 1) {
    const [a, b] = [lightest(), lightest()];
    const symbols = [...a.symbols, ...b.symbols];
    for (const symbol of symbols) lengths[symbol]! += 1;
    joined.push({ count: a.count + b.count, symbols });
  }
  return lengths;
}

/** The canonical word of each symbol, its bits reversed, as they are written lowest first. */
function wordsOf(lengths: readonly number[]): number[] {
  const words = new Array<number>(lengths.length).fill(0);
  let word = 0;
  for (let length = 1; length <= 15; length++) {
    lengths.forEach((own, symbol) => {
      if (own === length) words[symbol] = reversed(word++, length);
    });
    word <<= 1;
  }
  return words;
}

function reversed(word: number, length: number): number {
  let result = 0;
  for (let bit = 0; bit < length; bit++) result |= ((word >>> bit) & 1) << (length - 1 - bit);
  return result;
}

function writeTokens(
  writer: BitWriter,
  { values, distances, count }: Tokens,
  literals: readonly number[],
  far: readonly number[],
): void {
  const [literalWords, farWords] = [wordsOf(literals), wordsOf(far)];
  for (let i = 0; i < count; i++) {
    const [value, distance] = [values[i]!, distances[i]!];
    if (distance === 0) {
      writer.put(literalWords[value]!, literals[value]!);
      continue;
    }
    const length = indexOf(LENGTH_BASE, value);
    writer.put(literalWords[END + 1 + length]!, literals[END + 1 + length]!);
    writer.put(value - LENGTH_BASE[length]!, LENGTH_BITS[length]!);
    const reach = indexOf(DISTANCE_BASE, distance);
    writer.put(farWords[reach]!, far[reach]!);
    writer.put(distance - DISTANCE_BASE[reach]!, DISTANCE_BITS[reach]!);
  }
  writer.put(literalWords[END]!, literals[END]!);
}

/** Bits from the lowest of each byte on. */
class BitWriter {
  readonly #bytes: number[] = [];
  #bits = 0;
  #count = 0;

  /** At most 16 bits. */
  put(value: number, count: number): void {
    this.#bits |= value << this.#count;
    this.#count += count;
    for (; this.#count >= 8; this.#count -= 8) {
      this.#bytes.push(this.#bits & 255);
      this.#bits >>>= 8;
    }
  }

  bytes(): Uint8Array<ArrayBuffer> {
    if (this.#count > 0) this.put(0, 8 - this.#count);
    return Uint8Array.from(this.#bytes);
  }
}
