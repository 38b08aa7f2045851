/** DEFLATE (Deutsch 1996, RFC 1951), read. */
import { bitstreamError } from "./bitstream-error.ts";
import { type Steps, toEnd } from "./steps.ts";

/** The lowest length of each code from 257 on, and how many bits follow it (RFC 1951, section 3.2.5). */
export const LENGTH_BASE: readonly number[] = [
  ...[
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
  ],
];
export const LENGTH_BITS: readonly number[] = [
  ...[0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0],
];
/** The same of distances. */
export const DISTANCE_BITS: readonly number[] = [
  ...[0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13],
];
export const DISTANCE_BASE: readonly number[] = [
  ...[
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
  ],
  ...[8193, 12289, 16385, 24577],
];
/** The order in which the lengths of the code of code lengths are written (section 3.2.7). */
export const CODE_LENGTH_ORDER: readonly number[] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** The lengths of the fixed codes (section 3.2.6). */
export const FIXED_LITERALS: readonly number[] = /* @__PURE__ */ Array.from({ length: 288 }, (_, i) =>
  i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8,
);
export const FIXED_DISTANCES: readonly number[] = /* @__PURE__ */ Array.from({ length: 30 }, () => 5);

const MAX_BITS = 15;
const END = 256;

/** A canonical code: how many words have each length, and the symbols in the order of their words. */
interface Code {
  readonly counts: Uint16Array;
  readonly symbols: Uint16Array;
}

interface Reader {
  readonly bytes: Uint8Array;
  readonly base: number;
  position: number;
  bits: number;
  count: number;
}

/** The farthest that a match reaches back (section 2). */
const MAX_DISTANCE = 2 ** 15;
/** The most bytes that come at once: a stored block. */
const MAX_PIECE = 2 ** 16 - 1;

/** Where inflated bytes go: all of them, or the last ones where only these are kept. */
interface Output {
  readonly bytes: Uint8Array;
  /** How many are to come, in all. */
  readonly expected: number;
  /** Where the next one goes in `bytes`. */
  at: number;
  /** How many came before those in `bytes`. */
  before: number;
}

/**
 * Inflates into `out`, exactly.
 *
 * @param base added to offsets in errors
 * @throws IsthmusError `BITSTREAM_DEFLATE` for bytes that are no DEFLATE stream, `BITSTREAM_END` for one of more or fewer
 *   bytes than `out` has, or bytes left after it
 */
export function inflate(bytes: Uint8Array, out: Uint8Array, base = 0): void {
  toEnd(inflating(bytes, { bytes: out, expected: out.length, at: 0, before: 0 }, base));
}

/** Finds out whether bytes would be inflated to `expected` bytes, in steps, and throws as `inflate`; keeps the last 192 KiB of them at the most. */
export function checkInflated(bytes: Uint8Array, expected: number, base = 0): Steps {
  const kept = new Uint8Array(Math.min(expected, 2 * (MAX_DISTANCE + MAX_PIECE)));
  return inflating(bytes, { bytes: kept, expected, at: 0, before: 0 }, base);
}

/** A step is a block, or as much of one as there is room for. */
function* inflating(bytes: Uint8Array, out: Output, base: number): Steps {
  const reader: Reader = { bytes, base, position: 0, bits: 0, count: 0 };
  for (let isLast = false; !isLast;) {
    isLast = take(reader, 1) === 1;
    const kind = take(reader, 2);
    makeRoom(out);
    if (kind === 0) copyStored(reader, out);
    else if (kind > 2) throw broken(reader, "a block of kind 3");
    else {
      const codes = kind === 1 ? fixedCodes() : readCodes(reader);
      while (!decodeBlock(reader, out, ...codes)) {
        makeRoom(out);
        yield;
      }
    }
    yield;
  }
  const length = out.before + out.at;
  if (length !== out.expected) throw wrongEnd(reader, `${length} bytes inflated: expected ${out.expected}`);
  if (reader.position !== bytes.length) throw wrongEnd(reader, `${bytes.length - reader.position} bytes left`);
  if (reader.bits !== 0) throw wrongEnd(reader, "bits left after the last block");
}

/** Whether the next piece may not fit, because not all are kept. */
function isFull({ bytes, expected, at }: Output): boolean {
  return bytes.length < expected && at > bytes.length - MAX_PIECE;
}

/** Leaves of what is kept what matches can reach. */
function makeRoom(out: Output): void {
  if (!isFull(out)) return;
  const { bytes, at } = out;
  bytes.copyWithin(0, at - MAX_DISTANCE, at);
  out.before += at - MAX_DISTANCE;
  out.at = MAX_DISTANCE;
}

/** @throws IsthmusError `BITSTREAM_END` where so many more are too many */
function requireExpected(reader: Reader, { expected, at, before }: Output, length: number): void {
  if (before + at + length > expected) throw wrongEnd(reader, `more than the ${expected} bytes expected`);
}

function take(reader: Reader, count: number): number {
  while (reader.count < count) {
    const byte = reader.bytes[reader.position];
    if (byte === undefined) throw broken(reader, "the bytes end within it");
    reader.bits |= byte << reader.count;
    reader.position += 1;
    reader.count += 8;
  }
  const value = reader.bits & ((1 << count) - 1);
  reader.bits >>>= count;
  reader.count -= count;
  return value;
}

function broken({ base, position }: Reader, what: string): Error {
  return bitstreamError("BITSTREAM_DEFLATE", base + position, `deflated symbols: ${what}`);
}

function wrongEnd({ base, position }: Reader, what: string): Error {
  return bitstreamError("BITSTREAM_END", base + position, `deflated symbols: ${what}`);
}

/** Canonical words of these lengths; 0 is a symbol without one. Whether they fill the space is checked by the caller. */
function codeOf(lengths: readonly number[]): Code {
  const counts = new Uint16Array(MAX_BITS + 1);
  for (const length of lengths) counts[length]! += 1;
  counts[0] = 0;
  const starts = new Uint16Array(MAX_BITS + 2);
  for (let length = 1; length <= MAX_BITS; length++) starts[length + 1] = starts[length]! + counts[length]!;
  const symbols = new Uint16Array(lengths.length);
  lengths.forEach((length, symbol) => {
    if (length > 0) symbols[starts[length]!++] = symbol;
  });
  return { counts, symbols };
}

/** A bit at a time: the words of each length are consecutive numbers. */
function decodeWord(reader: Reader, { counts, symbols }: Code): number {
  let [word, first, index] = [0, 0, 0];
  for (let length = 1; length <= MAX_BITS; length++) {
    word |= take(reader, 1);
    const count = counts[length]!;
    if (word - first < count) return symbols[index + word - first]!;
    index += count;
    first = (first + count) << 1;
    word <<= 1;
  }
  throw broken(reader, "a word that no symbol has");
}

function copyStored(reader: Reader, out: Output): void {
  reader.bits = reader.count = 0;
  const length = take(reader, 16);
  if (length !== (~take(reader, 16) & 0xffff)) throw broken(reader, "a stored block whose lengths disagree");
  const from = reader.position;
  if (from + length > reader.bytes.length) throw broken(reader, "the bytes end within it");
  requireExpected(reader, out, length);
  out.bytes.set(reader.bytes.subarray(from, from + length), out.at);
  reader.position += length;
  out.at += length;
}

let fixed: readonly [Code, Code] | undefined;

/** The same for all: a payload may have a block of them every ten bits. */
function fixedCodes(): readonly [Code, Code] {
  return (fixed ??= [codeOf(FIXED_LITERALS), codeOf(FIXED_DISTANCES)]);
}

function readCodes(reader: Reader): [Code, Code] {
  const [literals, distances, words] = [take(reader, 5) + 257, take(reader, 5) + 1, take(reader, 4) + 4];
  if (literals > 286 || distances > 30) throw broken(reader, `${literals} literals and ${distances} distances`);
  const short = new Array<number>(19).fill(0);
  for (let i = 0; i < words; i++) short[CODE_LENGTH_ORDER[i]!] = take(reader, 3);
  const lengths = readLengths(reader, fullCode(reader, short), literals + distances);
  if (lengths[END] === 0) throw broken(reader, "a block that cannot end");
  return [fullCode(reader, lengths.slice(0, literals)), fullCode(reader, lengths.slice(literals))];
}

function readLengths(reader: Reader, code: Code, count: number): number[] {
  const lengths: number[] = [];
  while (lengths.length < count) {
    const word = decodeWord(reader, code);
    if (word < 16) {
      lengths.push(word);
      continue;
    }
    if (word === 16 && lengths.length === 0) throw broken(reader, "a repeated length before the first");
    const value = word === 16 ? lengths.at(-1)! : 0;
    const times = word === 16 ? 3 + take(reader, 2) : word === 17 ? 3 + take(reader, 3) : 11 + take(reader, 7);
    if (lengths.length + times > count) throw broken(reader, "more code lengths than there are codes");
    for (let i = 0; i < times; i++) lengths.push(value);
  }
  return lengths;
}

/** The words must fill the space, but that a code of a single word, or of none, may not. */
function fullCode(reader: Reader, lengths: readonly number[]): Code {
  const code = codeOf(lengths);
  let free = 1;
  for (let length = 1; length <= MAX_BITS; length++) {
    free = 2 * free - code.counts[length]!;
    if (free < 0) throw broken(reader, "a code of more words than fit");
  }
  const used = code.counts.reduce((sum, count) => sum + count, 0);
  if (free > 0 && used > 1) throw broken(reader, "a code with words to spare");
  return code;
}

/** @returns whether the block has come to its end: else there is no more room */
function decodeBlock(reader: Reader, out: Output, literals: Code, distances: Code): boolean {
  while (!isFull(out)) {
    const symbol = decodeWord(reader, literals);
    if (symbol === END) return true;
    if (symbol > END) copyMatch(reader, out, symbol - END - 1, distances);
    else {
      requireExpected(reader, out, 1);
      out.bytes[out.at++] = symbol;
    }
  }
  return false;
}

function copyMatch(reader: Reader, out: Output, index: number, distances: Code): void {
  if (index >= LENGTH_BASE.length) throw broken(reader, "a length that does not exist");
  const length = LENGTH_BASE[index]! + take(reader, LENGTH_BITS[index]!);
  const symbol = decodeWord(reader, distances);
  if (symbol >= DISTANCE_BASE.length) throw broken(reader, "a distance that does not exist");
  const distance = DISTANCE_BASE[symbol]! + take(reader, DISTANCE_BITS[symbol]!);
  if (distance > out.before + out.at) throw broken(reader, "a distance to before the beginning");
  requireExpected(reader, out, length);
  const { bytes, at } = out;
  for (let i = at; i < at + length; i++) bytes[i] = bytes[i - distance]!;
  out.at += length;
}
