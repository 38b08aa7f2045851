/**
 * Range asymmetric numeral systems (Duda 2009 and 2013), 32-bit state, 16-bit words.
 *
 *     coding s with frequency f, start c, total M:   x -> floor(x / f) * M + (x mod f) + c
 *     decoding:        slot = x mod M,   c <= slot < c + f,   x -> f * floor(x / M) + slot - c
 *
 * x stays in [2^16, 2^32): before coding, words of 16 bits leave while x would become too large; after decoding, words
 * enter while x is too small. Coding is a stack, so the coder goes through the symbols backwards and the decoder
 * forwards. Every number here is an integer below 2^53 in float64, hence exact.
 */
import { bitstreamError } from "./bitstream-error.ts";
import type { FrequencyTable } from "./frequency-table.ts";
import type { Steps } from "./steps.ts";

const WORD = 0x10000;
const LOWER = WORD; // x >= LOWER, and x = LOWER before the first and after the last symbol
const LEAST_STATE_BYTES = 3; // of a state below 2^24
const INT32_MIN = -(2 ** 31);
const INT32_MAX = 2 ** 31 - 1;

/** The number of bits after the leading one of an escape: 31 reach the farthest pair of int32. */
const MAX_ESCAPE_BITS = 31;

/** What coding a payload leaves; the next payload begins anew in the same memory. */
export interface SymbolCoder {
  x: number;
  /** Words in the order in which they left; the decoder wants them in reverse. */
  words: Uint16Array<ArrayBuffer>;
  length: number;
}

export function symbolCoder(): SymbolCoder {
  return { x: LOWER, words: new Uint16Array(256), length: 0 };
}

/**
 * Codes symbols with a table per dimension. Symbol i uses table `i mod tables.length`.
 *
 * @param symbols `[items, dims]`, any int32
 * @param tables `[dims]`
 * @returns the final state without its zero byte, if it has one, and the 16-bit words in decoding order, little-endian: an
 *   odd number of bytes where the state has 3, an even number where it has 4
 * @throws RangeError when `symbols` is not a whole number of items
 */
export function encodeSymbols(symbols: Int32Array, tables: readonly FrequencyTable[]): Uint8Array<ArrayBuffer> {
  checkWholeItems(symbols.length, tables);
  const coder = symbolCoder();
  const bytes = new Uint8Array(codeSymbols(coder, symbols, symbols.length, tables));
  writeCoded(coder, bytes, 0);
  return bytes;
}

/**
 * Codes the first `count` symbols, whole items, for `writeCoded`. Allocates nothing but longer memory for more words than ever before.
 *
 * @returns the length of the payload, in bytes
 */
export function codeSymbols(
  coder: SymbolCoder,
  symbols: Int32Array,
  count: number,
  tables: readonly FrequencyTable[],
): number {
  coder.x = LOWER;
  coder.length = 0;
  pushSymbols(coder, symbols, count, tables);
  return stateBytes(coder) + 2 * coder.length;
}

function stateBytes({ x }: SymbolCoder): number {
  return x < 2 ** 24 ? LEAST_STATE_BYTES : LEAST_STATE_BYTES + 1;
}

/** Writes the payload that was coded last, from `at` on. */
export function writeCoded(coder: SymbolCoder, bytes: Uint8Array, at: number): void {
  const { x, words, length } = coder;
  let to = at + stateBytes(coder);
  for (let i = at, left = x; i < to; i++, left >>>= 8) bytes[i] = left & 255;
  for (let i = length - 1; i >= 0; i--) {
    bytes[to++] = words[i]! & 255;
    bytes[to++] = words[i]! >>> 8;
  }
}

function checkWholeItems(length: number, tables: readonly FrequencyTable[]): void {
  if (tables.length === 0) throw new RangeError("tables: expected at least one, got none");
  if (length % tables.length !== 0) {
    throw new RangeError(`symbols: expected a multiple of ${tables.length} (one table per dimension), got ${length}`);
  }
}

/** The coder's step for each symbol, the last one first, with the state in a local variable, which makes it twice as fast. */
function pushSymbols(coder: SymbolCoder, symbols: Int32Array, count: number, tables: readonly FrequencyTable[]): void {
  let x = coder.x;
  for (let i = count - 1, d = tables.length - 1; i >= 0; i--, d = d === 0 ? tables.length - 1 : d - 1) {
    const { precision, minimum, frequencies, cumulative } = tables[d]!;
    const escape = frequencies.length - 1;
    const symbol = symbols[i]!;
    let index = escape;
    if (symbol >= minimum && symbol < minimum + escape) index = symbol - minimum;
    else {
      coder.x = x;
      pushEscaped(coder, symbol - minimum, escape);
      x = coder.x;
    }
    const f = frequencies[index]!;
    if (x >>> (32 - precision) >= f) {
      emit(coder, x & 0xffff);
      x >>>= 16;
    }
    const quotient = (x / f) >>> 0;
    x = ((quotient << precision) + (x - Math.imul(quotient, f)) + cumulative[index]!) >>> 0;
  }
  coder.x = x;
}

function emit(coder: SymbolCoder, word: number): void {
  if (coder.length === coder.words.length) {
    const grown = new Uint16Array(2 * coder.length);
    grown.set(coder.words);
    coder.words = grown;
  }
  coder.words[coder.length++] = word;
}

/**
 * How far a symbol lies outside the table, by its side and an Exp-Golomb code of order 0 of its distance: with
 * u = distance + 1 of n + 1 bits, the decoder meets the side (1 bit: 1 is below), n zeros, a one, and the n lower bits of u.
 */
function pushEscaped(coder: SymbolCoder, index: number, count: number): void {
  const below = index < 0 ? 1 : 0;
  const u = below ? -index : index - count + 1;
  const n = 31 - Math.clz32(u);
  const rest = u - 2 ** n;
  pushBits(coder, rest & 0xffff, Math.min(n, 16));
  if (n > 16) pushBits(coder, rest >>> 16, n - 16);
  pushBits(coder, 1, 1);
  for (let i = 0; i < n; i++) pushBits(coder, 0, 1);
  pushBits(coder, below, 1);
}

/** Equally likely values: frequency 1, start `value`, out of 2^count, count <= 16. */
function pushBits(coder: SymbolCoder, value: number, count: number): void {
  if (coder.x >= 2 ** (32 - count)) {
    emit(coder, coder.x & 0xffff);
    coder.x >>>= 16;
  }
  coder.x = coder.x * 2 ** count + value;
}

interface Decoder {
  x: number;
  readonly bytes: Uint8Array;
  /** The next word's place in `bytes`. */
  position: number;
  /** Where `bytes` begins in what the caller holds, for error messages. */
  readonly base: number;
  /** Symbols that came before those that are being decoded, for error messages. */
  before: number;
}

/**
 * Decodes what `encodeSymbols` made. Takes time in proportion to `symbols.length`, never more: every loop is bounded.
 *
 * @param payload from `encodeSymbols` with the same tables
 * @param tables `[dims]`
 * @param symbols `[items, dims]`, written; its length says how much to decode
 * @param base added to offsets in errors: where the payload begins in the caller's bytes
 * @throws IsthmusError `BITSTREAM_STATE` when the payload does not begin with a state; `BITSTREAM_SYMBOL` for an escape
 *   that the encoder does not write; `BITSTREAM_END` when the payload ends before the symbols do, or after
 * @throws RangeError when `symbols` is not a whole number of items
 */
export function decodeSymbols(
  payload: Uint8Array,
  tables: readonly FrequencyTable[],
  symbols: Int32Array,
  base = 0,
): void {
  checkWholeItems(symbols.length, tables);
  const decoder = decoderOf(payload, base);
  pullSymbols(decoder, tables.map(lookupOf), symbols);
  checkEnd(decoder);
}

/** So many symbols are checked in a step, which takes less than a millisecond. */
const STEP_SYMBOLS = 2 ** 15;

/**
 * Finds out whether `decodeSymbols` would decode a payload, in steps, and throws as it does. The symbols are not kept: memory is that of
 * 2^15 of them, or of an item's where that has more.
 *
 * @param count of all symbols
 */
export function* checkSymbols(payload: Uint8Array, tables: readonly FrequencyTable[], count: number, base = 0): Steps {
  checkWholeItems(count, tables);
  const decoder = decoderOf(payload, base);
  const lookups = tables.map(lookupOf);
  const items = Math.max(1, Math.floor(STEP_SYMBOLS / tables.length));
  const symbols = new Int32Array(Math.min(items * tables.length, count));
  while (decoder.before < count) {
    pullSymbols(decoder, lookups, symbols.subarray(0, count - decoder.before));
    yield;
  }
  checkEnd(decoder);
}

function decoderOf(payload: Uint8Array, base: number): Decoder {
  return { ...startOf(payload, base), bytes: payload, base, before: 0 };
}

/** What finding the symbol of a slot takes. */
interface Lookup {
  readonly precision: number;
  readonly minimum: number;
  /** Index of the escape. */
  readonly escape: number;
  readonly cumulative: Uint32Array;
  /** The index that the first slot of each of a power of two of equal buckets has. */
  readonly first: Uint16Array;
  /** Of a slot, to its bucket. */
  readonly shift: number;
}

/** Of each table, as it is asked for again with every stream. */
const lookups = new WeakMap<FrequencyTable, Lookup>();

/**
 * Twice as many buckets as symbols at least, where there are slots enough: from a bucket's first symbol on the one of a slot is
 * then half a step away in the mean, however the frequencies lie, as each symbol but the first begins in one bucket only.
 */
function lookupOf(table: FrequencyTable): Lookup {
  const known = lookups.get(table);
  if (known !== undefined) return known;
  const { precision, minimum, frequencies, cumulative } = table;
  const shift = Math.max(0, precision - Math.ceil(Math.log2(2 * frequencies.length)));
  const first = new Uint16Array(1 << (precision - shift));
  for (let bucket = 0, index = 0; bucket < first.length; bucket++) {
    while (cumulative[index + 1]! <= bucket << shift) index++;
    first[bucket] = index;
  }
  const lookup = { precision, minimum, escape: frequencies.length - 1, cumulative, first, shift };
  lookups.set(table, lookup);
  return lookup;
}

/** The decoder's step for each symbol, with the state in local variables, as the coder's. */
function pullSymbols(decoder: Decoder, tables: readonly Lookup[], symbols: Int32Array): void {
  const { bytes, before } = decoder;
  let { x, position } = decoder;
  for (let i = 0, d = 0; i < symbols.length; i++, d = d + 1 === tables.length ? 0 : d + 1) {
    const { precision, minimum, escape, cumulative, first, shift } = tables[d]!;
    const slot = x & ((1 << precision) - 1);
    let index = first[slot >>> shift]!;
    while (cumulative[index + 1]! <= slot) index++;
    const start = cumulative[index]!;
    x = (Math.imul(cumulative[index + 1]! - start, x >>> precision) + slot - start) >>> 0;
    if (x < LOWER) {
      if (position === bytes.length) throw endedWithin(decoder, before + i);
      x = ((x << 16) | bytes[position]! | (bytes[position + 1]! << 8)) >>> 0;
      position += 2;
    }
    if (index < escape) symbols[i] = minimum + index;
    else {
      decoder.x = x;
      decoder.position = position;
      symbols[i] = pullEscaped(decoder, minimum, minimum + escape - 1, before + i);
      ({ x, position } = decoder);
    }
  }
  decoder.x = x;
  decoder.position = position;
  decoder.before = before + symbols.length;
}

/** The state is 3 bytes of an odd number, 4 of an even one; the words after it are of 2 each. */
function startOf(payload: Uint8Array, base: number): Pick<Decoder, "x" | "position"> {
  const position = payload.length % 2 === 0 ? LEAST_STATE_BYTES + 1 : LEAST_STATE_BYTES;
  if (payload.length < LEAST_STATE_BYTES) {
    throw bitstreamError("BITSTREAM_STATE", base, `a payload of ${payload.length} bytes: expected 3 at least`);
  }
  const x = stateOf(payload.subarray(0, position));
  const least = position > LEAST_STATE_BYTES ? 2 ** 24 : LOWER;
  if (x < least) {
    throw bitstreamError("BITSTREAM_STATE", base, `coder state ${x} of ${position} bytes: expected >= ${least}`, {
      state: x,
    });
  }
  return { x, position };
}

function stateOf(bytes: Uint8Array): number {
  return bytes.reduceRight((x, byte) => 256 * x + byte, 0);
}

function checkEnd({ x, bytes, position, base }: Decoder): void {
  const left = bytes.length - position;
  if (left > 0)
    throw bitstreamError("BITSTREAM_END", base + position, `${left} bytes left after the last symbol`, { left });
  if (x !== LOWER)
    throw bitstreamError("BITSTREAM_END", base + position, `final coder state ${x}: expected ${LOWER}`, { state: x });
}

function refill(decoder: Decoder, i: number): void {
  if (decoder.x >= LOWER) return;
  const { bytes, position } = decoder;
  if (position === bytes.length) throw endedWithin(decoder, i);
  decoder.x = decoder.x * WORD + (bytes[position]! | (bytes[position + 1]! << 8));
  decoder.position = position + 2;
}

/** Thrown where a word is wanted and none is left: the place is the end of the payload. */
function endedWithin({ bytes, base }: Decoder, i: number): Error {
  return bitstreamError("BITSTREAM_END", base + bytes.length, `the payload ends within symbol ${i}`, { symbol: i });
}

function pullEscaped(decoder: Decoder, minimum: number, maximum: number, i: number): number {
  const below = pullBits(decoder, 1, i);
  let n = 0;
  while (pullBits(decoder, 1, i) === 0) if (++n > MAX_ESCAPE_BITS) throw badEscape(decoder, i, "longer than 31 bits");
  const high = n > 16 ? pullBits(decoder, n - 16, i) : 0;
  const u = 2 ** n + high * WORD + pullBits(decoder, Math.min(n, 16), i);
  const symbol = below ? minimum - u : maximum + u;
  if (symbol < INT32_MIN || symbol > INT32_MAX) throw badEscape(decoder, i, `to ${symbol}, outside int32`);
  return symbol;
}

function pullBits(decoder: Decoder, count: number, i: number): number {
  const value = decoder.x & ((1 << count) - 1);
  decoder.x >>>= count;
  refill(decoder, i);
  return value;
}

function badEscape({ base, position }: Decoder, i: number, what: string): Error {
  return bitstreamError("BITSTREAM_SYMBOL", base + position, `symbol ${i} is an escape ${what}`, { symbol: i });
}

/**
 * What the symbols cost under the tables if the coder were ideal, in bits: the sum of log2(2^precision / frequency),
 * and the bits of each escape. A payload is longer by the coder's 32-bit state and what rounding loses.
 *
 * @param symbols `[items, dims]`
 */
export function codeLengthBits(symbols: Int32Array, tables: readonly FrequencyTable[]): number {
  checkWholeItems(symbols.length, tables);
  let bits = 0;
  for (let i = 0; i < symbols.length; i++) {
    const { precision, minimum, frequencies } = tables[i % tables.length]!;
    const escape = frequencies.length - 1;
    const index = symbols[i]! - minimum;
    const inside = index >= 0 && index < escape;
    bits += precision - Math.log2(frequencies[inside ? index : escape]!);
    if (!inside) bits += 2 + 2 * (31 - Math.clz32(index < 0 ? -index : index - escape + 1));
  }
  return bits;
}

/** Of each table, as it is asked for again with every stream. */
const leastBits = new WeakMap<FrequencyTable, number>();

/**
 * The least that a symbol can cost under a table, in bits: its likeliest one. Zero is impossible, as the escape always
 * keeps a share.
 */
export function leastBitsPerSymbol(table: FrequencyTable): number {
  const known = leastBits.get(table);
  if (known !== undefined) return known;
  const bits = table.precision - Math.log2(table.frequencies.reduce((most, f) => Math.max(most, f)));
  leastBits.set(table, bits);
  return bits;
}
