import { bitstreamError } from "./bitstream-error.ts";
import { checkInteger, checkModelId, FRAME_LIMITS, frameLimits, readFrames, toHex, writeFrame } from "./frame.ts";
import type { AncillaryField, FrameLimits, ReadFrame } from "./frame.ts";
import type { FrequencyTable } from "./frequency-table.ts";
import { decodeSymbols, encodeSymbols, leastBitsPerItem } from "./rans.ts";

export interface EncodeLatentsOptions {
  /** `[dims]`: the model's tables. */
  readonly tables: readonly FrequencyTable[];
  /** 8 bytes. */
  readonly modelId: Uint8Array;
  /** The most items in one frame; by default as many as make 2^20 symbols, which always fit. */
  readonly itemsPerFrame?: number;
  /** Of the stream's first frame: fields that a reader may ignore, in ascending order of type. Default: none. */
  readonly ancillary?: readonly AncillaryField[];
}

export interface DecodeLatentsOptions {
  readonly tables: readonly FrequencyTable[];
  readonly modelId: Uint8Array;
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
  /** Of its first frame. */
  readonly ancillary: readonly AncillaryField[];
}

const SYMBOLS_PER_FRAME = 2 ** 20; // 80 bits at the worst: 10 MiB, below the cap of a payload

/**
 * One `.isth` stream: the symbols in frames, the last of them marked. No items make one frame without items.
 *
 * @param symbols `[items, dims]`, any int32, with dims = `tables.length`
 * @throws RangeError for symbols that are not whole items, a model id that is not 8 bytes, or more than the format holds
 */
export function encodeLatents(symbols: Int32Array, options: EncodeLatentsOptions): Uint8Array<ArrayBuffer> {
  const { tables, modelId, ancillary = [] } = options;
  const dims = tables.length;
  checkInteger("tables.length", dims, 1, FRAME_LIMITS.dims);
  const itemsPerFrame = options.itemsPerFrame ?? Math.floor(SYMBOLS_PER_FRAME / dims);
  checkInteger("itemsPerFrame", itemsPerFrame, 1, FRAME_LIMITS.items);
  checkInteger("symbols.length / tables.length", symbols.length / dims, 0, FRAME_LIMITS.items);
  checkInteger("symbols.length", symbols.length, 0, FRAME_LIMITS.symbols);
  checkModelId(modelId);
  const count = Math.max(1, Math.ceil(symbols.length / dims / itemsPerFrame));
  const frames = Array.from({ length: count }, (_, sequence) => {
    const part = symbols.subarray(sequence * itemsPerFrame * dims, (sequence + 1) * itemsPerFrame * dims);
    const payload = encodeSymbols(part, tables);
    const last = sequence === count - 1;
    const items = part.length / dims;
    const fields = sequence === 0 ? ancillary : [];
    return writeFrame({ modelId, quality: 0, items, dims, sequence, last, payload, ancillary: fields });
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
 *   throw; `_MODEL` for another model's frames, `_DIMS` for another number of dimensions, `_SEQUENCE` for a frame that
 *   is missing or out of order, `_TRUNCATED` when the last frame is missing, `_UNSUPPORTED` for another quality than 0
 */
export function decodeLatents(bytes: Uint8Array, options: DecodeLatentsOptions): Latents {
  const { tables, modelId, limits = {} } = options;
  checkInteger("tables.length", tables.length, 1, FRAME_LIMITS.dims);
  checkModelId(modelId);
  const parts = checkedParts(bytes, tables, modelId, frameLimits(limits));
  const dims = tables.length;
  const items = parts.reduce((sum, part) => sum + part.items, 0);
  const symbols = new Int32Array(items * dims);
  let at = 0;
  for (const { items: count, start, end } of parts) {
    decodeSymbols(bytes.subarray(start, end), tables, symbols.subarray(at, at + count * dims), start);
    at += count * dims;
  }
  return { items, dims, symbols, streams: streamsOf(parts) };
}

function streamsOf(parts: readonly Part[]): LatentStream[] {
  const streams: LatentStream[] = [];
  for (const { items, first } of parts) {
    const before = first ? undefined : streams.pop();
    streams.push({ items: items + (before?.items ?? 0), ancillary: first ?? before?.ancillary ?? [] });
  }
  return streams;
}

/** What is kept of a frame: a file may hold a frame every 40 bytes. */
interface Part {
  readonly items: number;
  /** Of the payload, in the caller's bytes. */
  readonly start: number;
  readonly end: number;
  /** The fields that a reader may ignore, of the first frame of a stream. */
  readonly first?: readonly AncillaryField[];
}

function checkedParts(
  bytes: Uint8Array,
  tables: readonly FrequencyTable[],
  modelId: Uint8Array,
  limits: FrameLimits,
): Part[] {
  const leastBits = leastBitsPerItem(tables);
  const parts: Part[] = [];
  let [items, sequence] = [0, 0];
  for (const frame of readFrames(bytes, limits)) {
    checkOurs(frame, modelId, tables.length);
    if (frame.sequence !== sequence) throw outOfSequence(frame, sequence);
    items += frame.items;
    checkTotal(frame, items, limits);
    checkClaim(frame, leastBits);
    const first = sequence === 0 && { first: frame.ancillary };
    sequence = frame.last ? 0 : sequence + 1;
    parts.push({ items: frame.items, start: frame.payloadOffset, end: frame.offset + frame.byteLength, ...first });
  }
  if (sequence !== 0)
    throw bitstreamError("BITSTREAM_TRUNCATED", bytes.length, "the stream's last frame is missing", { sequence });
  return parts;
}

function checkOurs(frame: ReadFrame, modelId: Uint8Array, dims: number): void {
  const [expected, got] = [toHex(modelId), toHex(frame.modelId)];
  if (got !== expected) {
    const what = `the frame was made by model ${got}, not by model ${expected}`;
    throw bitstreamError("BITSTREAM_MODEL", frame.offset + 4, what, { expected, got });
  }
  if (frame.quality !== 0) {
    const what = `quality ${frame.quality}: only 0 is supported`;
    throw bitstreamError("BITSTREAM_UNSUPPORTED", frame.offset + 12, what, { quality: frame.quality });
  }
  if (frame.dims !== dims) {
    const what = `the frame has ${frame.dims} dimensions, the model's tables ${dims}`;
    throw bitstreamError("BITSTREAM_DIMS", frame.offset, what, { expected: dims, got: frame.dims });
  }
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
