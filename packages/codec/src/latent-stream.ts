import { bitstreamError } from "./bitstream-error.ts";
import { checkInteger, checkModelId, FRAME_LIMITS, frameLimits, readFrames, toHex, writeFrame } from "./frame.ts";
import type { AncillaryField, FrameLimits, ReadFrame } from "./frame.ts";
import type { FrequencyTable } from "./frequency-table.ts";
import { decodeSymbols, encodeSymbols, leastBitsPerItem } from "./rans.ts";

/** What both sides of a stream must have: it comes with the model. */
export interface LatentTables {
  /**
   * `[qualities, channels]`, those of quality 0 first. Symbol i of an item uses table i mod channels of its quality, so
   * that the positions of a convolutional latent, `[height, width, channels]`, share them.
   */
  readonly tables: readonly FrequencyTable[];
  /** How many qualities the tables are for, 1 to 256. Default: 1. */
  readonly qualities?: number;
  /** Symbols of an item, a multiple of the channels. Default: as many as channels. */
  readonly dims?: number;
  /** 8 bytes. */
  readonly modelId: Uint8Array;
}

export interface EncodeLatentsOptions extends LatentTables {
  /** Which of the qualities the symbols were quantised for. Default: 0. */
  readonly quality?: number;
  /** The most items in one frame; by default as many as make 2^20 symbols, which always fit. */
  readonly itemsPerFrame?: number;
  /** Of the stream's first frame: fields that a reader may ignore, in ascending order of type. Default: none. */
  readonly ancillary?: readonly AncillaryField[];
}

export interface DecodeLatentsOptions extends LatentTables {
  /** Lower caps than `FRAME_LIMITS`; `items` and `symbols` hold for all frames together. */
  readonly limits?: Partial<FrameLimits>;
}

export interface Latents {
  readonly items: number;
  readonly dims: number;
  /** `[items, dims]` */
  readonly symbols: Int32Array<ArrayBuffer>;
  /** In their order; the items of all streams together are `items`. */
  readonly streams: readonly LatentStream[];
}

/** One of several streams that were written one after the other. */
export interface LatentStream {
  readonly items: number;
  /** Which of the model's qualities its symbols were quantised for. */
  readonly quality: number;
  /** Of its first frame. */
  readonly ancillary: readonly AncillaryField[];
}

const MAX_QUALITIES = 256;
const SYMBOLS_PER_FRAME = 2 ** 20; // 80 bits at the worst: 10 MiB, below the cap of a payload

/** The tables of a model, sorted by quality, with what follows from them. */
interface Coding {
  readonly modelId: Uint8Array;
  readonly dims: number;
  /** `[qualities][channels]` */
  readonly tables: readonly (readonly FrequencyTable[])[];
}

function checkedCoding({ tables, qualities = 1, dims, modelId }: LatentTables): Coding {
  checkModelId(modelId);
  checkInteger("qualities", qualities, 1, MAX_QUALITIES);
  checkInteger("tables.length", tables.length, 1, FRAME_LIMITS.dims * qualities);
  const channels = tables.length / qualities;
  if (!Number.isInteger(channels)) {
    throw new RangeError(`tables: expected a multiple of ${qualities} qualities, got ${tables.length}`);
  }
  const symbols = dims ?? channels;
  checkInteger("dims", symbols, 1, FRAME_LIMITS.dims);
  if (symbols % channels !== 0) throw new RangeError(`dims: expected a multiple of ${channels} channels, got ${dims}`);
  const ofQuality = (quality: number) => tables.slice(quality * channels, (quality + 1) * channels);
  return { modelId, dims: symbols, tables: Array.from({ length: qualities }, (_, quality) => ofQuality(quality)) };
}

/**
 * One `.isth` stream: the symbols in frames, the last of them marked. No items make one frame without items.
 *
 * @param symbols `[items, dims]`, any int32
 * @throws RangeError for symbols that are not whole items, a model id that is not 8 bytes, a quality that there are no
 *   tables for, or more than the format holds
 */
export function encodeLatents(symbols: Int32Array, options: EncodeLatentsOptions): Uint8Array<ArrayBuffer> {
  const { modelId, dims, tables: all } = checkedCoding(options);
  const { quality = 0, ancillary = [] } = options;
  checkInteger("quality", quality, 0, all.length - 1);
  const tables = all[quality]!;
  const itemsPerFrame = options.itemsPerFrame ?? Math.floor(SYMBOLS_PER_FRAME / dims);
  checkInteger("itemsPerFrame", itemsPerFrame, 1, FRAME_LIMITS.items);
  checkInteger("symbols.length / dims", symbols.length / dims, 0, FRAME_LIMITS.items);
  checkInteger("symbols.length", symbols.length, 0, FRAME_LIMITS.symbols);
  const count = Math.max(1, Math.ceil(symbols.length / dims / itemsPerFrame));
  const frames = Array.from({ length: count }, (_, sequence) => {
    const part = symbols.subarray(sequence * itemsPerFrame * dims, (sequence + 1) * itemsPerFrame * dims);
    const payload = encodeSymbols(part, tables);
    const last = sequence === count - 1;
    const items = part.length / dims;
    const fields = sequence === 0 ? ancillary : [];
    return writeFrame({ modelId, quality, items, dims, sequence, last, payload, ancillary: fields });
  });
  return concatenate(frames);
}

function concatenate(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/**
 * The symbols of one stream, or of several written one after the other.
 *
 * All frames are checked before the symbols are allocated. Memory is 4 bytes for each symbol and a few numbers for each
 * frame, and a frame cannot claim more symbols than its payload can hold under these tables: at most
 * 17 * payloadBytes / leastBitsPerItem items (see `docs/format.md`), besides the caps. Time is in proportion to bytes
 * and symbols.
 *
 * @throws IsthmusError `BITSTREAM_*` with the absolute `offset` in its details: what `readFrame` and `decodeSymbols`
 *   throw; `_MODEL` for another model's frames, `_DIMS` for another number of dimensions, `_QUALITY` for a
 *   quality that there are no tables for, `_SEQUENCE` for a frame that is missing or out of order, `_TRUNCATED` when the
 *   last frame is missing
 */
export function decodeLatents(bytes: Uint8Array, options: DecodeLatentsOptions): Latents {
  const coding = checkedCoding(options);
  const { dims, tables } = coding;
  const parts = checkedParts(bytes, coding, frameLimits(options.limits ?? {}));
  const items = parts.reduce((sum, part) => sum + part.items, 0);
  const symbols = new Int32Array(items * dims);
  let at = 0;
  for (const { items: count, quality, start, end } of parts) {
    decodeSymbols(bytes.subarray(start, end), tables[quality]!, symbols.subarray(at, at + count * dims), start);
    at += count * dims;
  }
  return { items, dims, symbols, streams: streamsOf(parts) };
}

function streamsOf(parts: readonly Part[]): LatentStream[] {
  const streams: LatentStream[] = [];
  for (const { items, quality, first } of parts) {
    const before = first ? undefined : streams.pop();
    streams.push({ items: items + (before?.items ?? 0), quality, ancillary: first ?? before?.ancillary ?? [] });
  }
  return streams;
}

/** What is kept of a frame: a file may hold a frame every 40 bytes. */
interface Part {
  readonly items: number;
  readonly quality: number;
  /** Of the payload, in the caller's bytes. */
  readonly start: number;
  readonly end: number;
  /** The fields that a reader may ignore, of the first frame of a stream. */
  readonly first?: readonly AncillaryField[];
}

function checkedParts(bytes: Uint8Array, coding: Coding, limits: FrameLimits): Part[] {
  const leastBits = coding.tables.map((tables) => (coding.dims / tables.length) * leastBitsPerItem(tables));
  const parts: Part[] = [];
  let [items, sequence, quality] = [0, 0, 0];
  for (const frame of readFrames(bytes, limits)) {
    checkOurs(frame, coding);
    if (frame.sequence !== sequence) throw outOfSequence(frame, sequence);
    if (sequence > 0 && frame.quality !== quality) throw badQuality(frame, `the stream began with ${quality}`);
    items += frame.items;
    checkTotal(frame, items, limits);
    checkClaim(frame, leastBits[frame.quality]!);
    const first = sequence === 0 && { first: frame.ancillary };
    sequence = frame.last ? 0 : sequence + 1;
    quality = frame.quality;
    const [start, end] = [frame.payloadOffset, frame.offset + frame.byteLength];
    parts.push({ items: frame.items, quality, start, end, ...first });
  }
  if (sequence !== 0)
    throw bitstreamError("BITSTREAM_TRUNCATED", bytes.length, "the stream's last frame is missing", { sequence });
  return parts;
}

function checkOurs(frame: ReadFrame, { modelId, tables, dims }: Coding): void {
  const [expected, got] = [toHex(modelId), toHex(frame.modelId)];
  if (got !== expected) {
    const what = `the frame was made by model ${got}, not by model ${expected}`;
    throw bitstreamError("BITSTREAM_MODEL", frame.offset + 4, what, { expected, got });
  }
  if (frame.quality >= tables.length) throw badQuality(frame, `the model has ${tables.length}, counted from 0`);
  if (frame.dims !== dims) {
    const what = `the frame has ${frame.dims} dimensions, the model's latents ${dims}`;
    throw bitstreamError("BITSTREAM_DIMS", frame.offset, what, { expected: dims, got: frame.dims });
  }
}

function badQuality({ offset, quality }: ReadFrame, what: string): Error {
  return bitstreamError("BITSTREAM_QUALITY", offset + 12, `quality ${quality}: ${what}`, { quality });
}

function outOfSequence({ offset, sequence: got }: ReadFrame, expected: number): Error {
  const what = `frame ${got} of its stream, expected frame ${expected}: frames are missing, repeated or out of order`;
  return bitstreamError("BITSTREAM_SEQUENCE", offset, what, { expected, got });
}

function checkTotal({ offset, dims }: ReadFrame, items: number, limits: FrameLimits): void {
  if (items > limits.items || items * dims > limits.symbols) {
    const what = `${items} items of ${dims} symbols so far: at most ${limits.items} items and ${limits.symbols} symbols are accepted`;
    throw bitstreamError("BITSTREAM_LIMIT", offset, what, { items, dims, limits });
  }
}

/**
 * A coding step with frequency f of M raises log2 x by at least half of log2(M / f): with q = floor(x / f) >= 1 it gives
 * x + q (M - f) + c, and q / x > q / ((q + 1) f) >= 1 / (2 f), and log2(1 + (g - 1) / 2) >= log2(g) / 2 for g >= 1.
 * A word takes 16 bits of it and at most one by rounding down; x ends below 2^16 times where it began. So w words hold
 * at most 2 (16 + 17 w) bits of ideal length, and P = 4 + 2 w bytes at most 17 P - 36.
 */
function checkClaim({ offset, items, payload }: ReadFrame, leastBits: number): void {
  if (items * leastBits > 17 * payload.length) {
    const what = `${items} items cannot come from a payload of ${payload.length} bytes under these tables`;
    throw bitstreamError("BITSTREAM_LIMIT", offset, what, { items, payloadBytes: payload.length });
  }
}
