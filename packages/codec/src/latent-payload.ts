/** Symbols to the payloads of one frame and back: groups of channels, each by rANS or by what stands in for it. */
import { bitstreamError } from "./bitstream-error.ts";
import { deflate } from "./deflate.ts";
import { checkFixedWidth, decodeFixedWidth, encodeFixedWidth, fixedWidthLength, widthOf } from "./fixed-width.ts";
import type { PayloadCoding } from "./frame.ts";
import { type FrequencyTable, medianSymbol } from "./frequency-table.ts";
import { checkInflated, inflate } from "./inflate.ts";
import { checkSymbols, decodeSymbols, encodeSymbols } from "./rans.ts";
import type { Steps } from "./steps.ts";

export interface EncodedPayloads {
  readonly coding: PayloadCoding;
  readonly payloads: readonly Uint8Array[];
}

/** Fewer symbols have no repeats worth finding. */
const LEAST_TO_DEFLATE = 64;

/** From the first channel up to, without, the last. */
export type ChannelRange = readonly [from: number, to: number];

/** Payload k of n has the channels from floor(k C / n) up to floor((k + 1) C / n): the first ones are the most important. */
export function channelRange(channels: number, payloads: number, k: number): ChannelRange {
  return [Math.floor((k * channels) / payloads), Math.floor(((k + 1) * channels) / payloads)];
}

/**
 * By rANS under the tables, unless integers of one width would be shorter; then by those or, where that is shorter still,
 * by those deflated.
 *
 * @param symbols `[rows, channels]`
 * @param tryDeflate whether deflating is tried where rANS is shorter than integers of one width, too
 */
export function encodePayloads(
  symbols: Int32Array,
  tables: readonly FrequencyTable[],
  count: number,
  tryDeflate: boolean,
): EncodedPayloads {
  const ranges = Array.from({ length: count }, (_, k) => channelRange(tables.length, count, k));
  const parts = ranges.map((range) => gather(symbols, tables.length, range));
  const learned = parts.map((part, k) => encodeSymbols(part, tables.slice(...ranges[k]!)));
  const rawBytes = parts.reduce((sum, part) => sum + fixedWidthLength(part.length, widthOf(part)), 0);
  if (totalLength(learned) <= rawBytes && !tryDeflate) return { coding: "learned", payloads: learned };
  const ways: EncodedPayloads[] = [
    { coding: "learned", payloads: learned },
    { coding: "raw", payloads: parts.map((part) => encodeFixedWidth(part)) },
  ];
  if (symbols.length >= LEAST_TO_DEFLATE) ways.push({ coding: "deflated", payloads: parts.map(encodeDeflated) });
  return ways.reduce((best, other) => (totalLength(other.payloads) < totalLength(best.payloads) ? other : best));
}

function totalLength(payloads: readonly Uint8Array[]): number {
  return payloads.reduce((sum, { length }) => sum + length, 0);
}

/** The whole bytes that the widest symbol needs (1 byte), then all symbols in so many bytes each, deflated. */
function encodeDeflated(symbols: Int32Array): Uint8Array {
  const width = [8, 16, 32].find((bits) => bits >= widthOf(symbols))!;
  const deflated = deflate(encodeFixedWidth(symbols, width).subarray(1));
  const bytes = new Uint8Array(1 + deflated.length);
  bytes[0] = width;
  bytes.set(deflated, 1);
  return bytes;
}

function gather(symbols: Int32Array, channels: number, [from, to]: ChannelRange): Int32Array {
  if (to - from === channels) return symbols;
  const part = new Int32Array((symbols.length / channels) * (to - from));
  for (let row = 0, at = 0; row < symbols.length; row += channels) {
    for (let channel = from; channel < to; channel++) part[at++] = symbols[row + channel]!;
  }
  return part;
}

/** The symbols of a payload's channels, put at their places; `fill` is given what they are to be written into. */
export function scatter(
  symbols: Int32Array,
  channels: number,
  [from, to]: ChannelRange,
  fill: (part: Int32Array) => void,
): void {
  if (to - from === channels) return fill(symbols);
  const part = new Int32Array((symbols.length / channels) * (to - from));
  fill(part);
  for (let row = 0, at = 0; row < symbols.length; row += channels) {
    for (let channel = from; channel < to; channel++) symbols[row + channel] = part[at++]!;
  }
}

/**
 * Decodes a payload of its channels alone.
 *
 * @param symbols `[rows, channels of the payload]`, written
 * @param base added to offsets in errors
 * @throws IsthmusError `BITSTREAM_STATE`, `_SYMBOL`, `_DEFLATE` or `_END`
 */
export function decodePayload(
  payload: Uint8Array,
  coding: PayloadCoding,
  tables: readonly FrequencyTable[],
  symbols: Int32Array,
  base: number,
): void {
  if (coding === "learned") decodeSymbols(payload, tables, symbols, base);
  else if (coding === "raw") decodeFixedWidth(payload, symbols, base);
  else decodeDeflated(payload, symbols, base);
}

/**
 * Finds out whether `decodePayload` would decode a payload, in steps, and throws as it does; keeps no symbols.
 *
 * @param symbols how many, of its channels alone
 */
export function* checkPayload(
  payload: Uint8Array,
  coding: PayloadCoding,
  tables: readonly FrequencyTable[],
  symbols: number,
  base: number,
): Steps {
  if (coding === "learned") yield* checkSymbols(payload, tables, symbols, base);
  else if (coding === "raw") checkFixedWidth(payload, symbols, base);
  else yield* checkInflated(payload.subarray(1), (symbols * deflatedWidth(payload, base)) / 8, base + 1);
}

/** The width of deflated symbols, in bits. */
function deflatedWidth(payload: Uint8Array, base: number): number {
  const width = payload[0] ?? 0;
  if ([8, 16, 32].includes(width)) return width;
  throw bitstreamError("BITSTREAM_STATE", base, `deflated symbols of ${width} bits: expected 8, 16 or 32`);
}

function decodeDeflated(payload: Uint8Array, symbols: Int32Array, base: number): void {
  const width = deflatedWidth(payload, base);
  const bytes = new Uint8Array(fixedWidthLength(symbols.length, width));
  bytes[0] = width;
  inflate(payload.subarray(1), bytes.subarray(1), base + 1);
  decodeFixedWidth(bytes, symbols, base);
}

/** What stands in for the symbols of channels that are lost: the median of each table. */
export function fillMedians(symbols: Int32Array, tables: readonly FrequencyTable[]): void {
  const medians = tables.map(medianSymbol);
  for (let i = 0; i < symbols.length; i++) symbols[i] = medians[i % medians.length]!;
}

/**
 * The most rows of symbols that a payload can hold, so that what a frame claims can be checked before memory is taken.
 *
 * rANS, where the channels' likeliest symbols cost `leastBits` together: a coding step with frequency f of M raises log2 x by at least half of log2(M / f): with q = floor(x / f) >= 1 it
 * gives x + q (M - f) + c, and q / x > q / ((q + 1) f) >= 1 / (2 f), and log2(1 + (g - 1) / 2) >= log2(g) / 2 for g >= 1.
 * A word takes 16 bits of it and at most one by rounding down; x ends below 2^16 times where it began. So w words hold
 * at most 2 (16 + 17 w) bits of ideal length, and P >= 3 + 2 w bytes at most 17 P - 19.
 *
 * DEFLATE: two bits are the least that a match takes, of at most 258 bytes; that is 1032 bytes for each.
 */
export function mostRows(
  bytes: number,
  coding: PayloadCoding,
  { channels, leastBits }: { readonly channels: number; readonly leastBits: number },
): number {
  if (coding === "learned") return (17 * bytes) / leastBits;
  return ((coding === "raw" ? 8 : 1032) * bytes) / channels;
}
