import { bitstreamError } from "./bitstream-error.ts";
import { concatenated } from "./bytes.ts";
import type { AncillaryField } from "./fields.ts";
import {
  checkInteger,
  checkModelId,
  FRAME_LIMITS,
  frameLimits,
  MAX_PAYLOADS,
  readFrames,
  SYMBOLS_PER_FRAME,
  writeFrame,
} from "./frame.ts";
import type { FoundPayload, FrameLimits, PayloadCoding, ReadFrame } from "./frame.ts";
import type { FrequencyTable } from "./frequency-table.ts";
import { toHex } from "./hex.ts";
import {
  channelRange,
  checkPayload,
  decodePayload,
  encodePayloads,
  fillMedians,
  mostRows,
  scatter,
} from "./latent-payload.ts";
import { leastBitsPerSymbol } from "./rans.ts";
import { type Steps, toEnd } from "./steps.ts";

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
  /**
   * 1 to 16, at most as many as channels: how many payloads each frame has, groups of channels in their order, of which
   * any can be lost without the others. Default: 1.
   */
  readonly payloads?: number;
  /**
   * Whether to try deflating the symbols even where the tables fit: finds repeats between items, and takes longer. It is
   * always tried where the tables do not fit. Default: false.
   */
  readonly tryDeflate?: boolean;
  /** The most items in one frame; by default as many as make 2^20 symbols, which always fit. */
  readonly itemsPerFrame?: number;
  /** Of the stream's first frame: fields that a reader may ignore, in ascending order of type. Default: none. */
  readonly ancillary?: readonly AncillaryField[];
}

export interface DecodeLatentsOptions extends LatentTables {
  /**
   * What to do about payloads that are damaged, cut off at the end of the bytes, or left out on purpose, where others of
   * their frame are whole: `refuse` them, or `replace` their symbols by the medians of the tables. Default: `refuse`.
   */
  readonly lost?: "refuse" | "replace";
  /** Lower caps than `FRAME_LIMITS`; `items` and `symbols` hold for all frames together. */
  readonly limits?: Partial<FrameLimits>;
}

/** What streams hold, without the symbols themselves. */
export interface LatentFacts {
  readonly items: number;
  readonly dims: number;
  /** In their order; the items of all streams together are `items`. */
  readonly streams: readonly LatentStream[];
}

export interface Latents extends LatentFacts {
  /** `[items, dims]` */
  readonly symbols: Int32Array<ArrayBuffer>;
}

/** One of several streams that were written one after the other. */
export interface LatentStream {
  readonly items: number;
  /** Which of the model's qualities its symbols were quantised for. */
  readonly quality: number;
  /** Of its first frame. */
  readonly ancillary: readonly AncillaryField[];
  /** Payloads whose symbols were replaced. */
  readonly lost: readonly LostPayload[];
}

export interface LostPayload {
  /** The number of the frame in its stream. */
  readonly frame: number;
  /** Which of the frame's payloads, from 0, and the channels it had: from the first up to, without, the last. */
  readonly payload: number;
  readonly channels: readonly [from: number, to: number];
  readonly state: Exclude<FoundPayload["state"], "whole">;
}

const MAX_QUALITIES = 256;

/** The tables of a model, sorted by quality, with what follows from them. */
export interface Coding {
  readonly modelId: Uint8Array;
  readonly dims: number;
  /** `[qualities][channels]` */
  readonly tables: readonly (readonly FrequencyTable[])[];
}

export function checkedCoding({ tables, qualities = 1, dims, modelId }: LatentTables): Coding {
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
  const { quality = 0, ancillary = [], payloads = 1, tryDeflate = false } = options;
  checkInteger("quality", quality, 0, all.length - 1);
  const tables = all[quality]!;
  checkInteger("payloads", payloads, 1, Math.min(MAX_PAYLOADS, tables.length));
  const itemsPerFrame = options.itemsPerFrame ?? Math.floor(SYMBOLS_PER_FRAME / dims);
  checkInteger("itemsPerFrame", itemsPerFrame, 1, FRAME_LIMITS.items);
  checkInteger("symbols.length / dims", symbols.length / dims, 0, FRAME_LIMITS.items);
  checkInteger("symbols.length", symbols.length, 0, FRAME_LIMITS.symbols);
  const count = Math.max(1, Math.ceil(symbols.length / dims / itemsPerFrame));
  const frames = Array.from({ length: count }, (_, sequence) => {
    const part = symbols.subarray(sequence * itemsPerFrame * dims, (sequence + 1) * itemsPerFrame * dims);
    const encoded = encodePayloads(part, tables, payloads, tryDeflate);
    const last = sequence === count - 1;
    const items = part.length / dims;
    const fields = sequence === 0 ? ancillary : [];
    return writeFrame({ modelId, quality, items, dims, sequence, last, ...encoded, ancillary: fields });
  });
  return concatenated(frames);
}

/**
 * The symbols of one stream, or of several written one after the other.
 *
 * All frames are checked before the symbols are allocated. Memory is 4 bytes for each symbol and a few numbers for each
 * frame, and a frame cannot claim more symbols than its payloads can hold under these tables (see `docs/format.md`),
 * besides the caps. Time is in proportion to bytes and symbols.
 *
 * @throws IsthmusError `BITSTREAM_*` with the absolute `offset` in its details: what `readFrame` and decoding a payload
 *   throw; `_MODEL` for another model's frames, `_DIMS` for another number of dimensions, `_QUALITY` for a quality that
 *   there are no tables for, `_PAYLOAD` for payloads that are lost, `_SEQUENCE` for a frame that is missing or out of
 *   order, `_TRUNCATED` when the last frame is missing, `_UNSUPPORTED` for a stream that holds no latents
 */
export function decodeLatents(bytes: Uint8Array, options: DecodeLatentsOptions): Latents {
  const coding = checkedCoding(options);
  const { dims, tables } = coding;
  const parts = toEnd(checkedParts(bytes, coding, options));
  const items = itemsOf(parts);
  const symbols = new Int32Array(items * dims);
  let at = 0;
  for (const part of parts) {
    const end = at + part.items * dims;
    decodePart(bytes, part, tables[part.quality]!, symbols.subarray(at, end));
    at = end;
  }
  return { items, dims, symbols, streams: streamsOf(parts) };
}

/**
 * Finds out whether `decodeLatents` would decode one or more streams, and throws as it does, at the step that comes to the error. The
 * symbols are not kept: memory is a few hundred kilobytes, whatever the frames claim, and a few numbers for each frame.
 *
 * @returns work in steps of a few milliseconds at the most, between which others may have their turn
 */
export function* checkLatents(bytes: Uint8Array, options: Omit<DecodeLatentsOptions, "lost">): Steps<LatentFacts> {
  const coding = checkedCoding(options);
  const { dims, tables } = coding;
  const parts = yield* checkedParts(bytes, coding, options);
  for (const part of parts) {
    yield* checkPart(bytes, part, tables[part.quality]!, dims);
    yield;
  }
  return { items: itemsOf(parts), dims, streams: streamsOf(parts) };
}

/** Of a frame whose payloads are whole. */
function* checkPart(
  bytes: Uint8Array,
  { items, payloads, coding }: Part,
  tables: readonly FrequencyTable[],
  dims: number,
): Steps {
  for (const [k, { start, end }] of payloads.entries()) {
    const own = tables.slice(...channelRange(tables.length, payloads.length, k));
    const symbols = items * (dims / tables.length) * own.length;
    yield* checkPayload(bytes.subarray(start, end), coding, own, symbols, start);
  }
}

function itemsOf(parts: readonly Part[]): number {
  return parts.reduce((sum, { items }) => sum + items, 0);
}

function decodePart(
  bytes: Uint8Array,
  { payloads, coding }: Part,
  tables: readonly FrequencyTable[],
  symbols: Int32Array,
): void {
  payloads.forEach(({ start, end, state }, k) => {
    const range = channelRange(tables.length, payloads.length, k);
    const own = tables.slice(...range);
    scatter(symbols, tables.length, range, (part) => {
      if (state === "whole") decodePayload(bytes.subarray(start, end), coding, own, part, start);
      else fillMedians(part, own);
    });
  });
}

function streamsOf(parts: readonly Part[]): LatentStream[] {
  const streams: { items: number; quality: number; ancillary: readonly AncillaryField[]; lost: LostPayload[] }[] = [];
  for (const { items, quality, first, lost } of parts) {
    if (first) streams.push({ items: 0, quality, ancillary: first, lost: [] });
    const stream = streams.at(-1)!;
    stream.items += items;
    stream.lost.push(...lost);
  }
  return streams;
}

/** What is kept of a frame: a file may hold a frame every 40 bytes. */
interface Part {
  readonly items: number;
  readonly quality: number;
  readonly coding: PayloadCoding;
  /** From where to where in the caller's bytes. */
  readonly payloads: readonly { readonly start: number; readonly end: number; readonly state: FoundPayload["state"] }[];
  readonly lost: readonly LostPayload[];
  /** The fields that a reader may ignore, of the first frame of a stream. */
  readonly first?: readonly AncillaryField[];
}

/** A step is a frame. */
function* checkedParts(
  bytes: Uint8Array,
  coding: Coding,
  options: Pick<DecodeLatentsOptions, "lost" | "limits">,
): Steps<Part[]> {
  const limits = frameLimits(options.limits ?? {});
  const replace = options.lost === "replace";
  const leastBits = coding.tables.map(runningLeastBits);
  const parts: Part[] = [];
  let [items, sequence, quality] = [0, 0, 0];
  for (const frame of readFrames(bytes, { limits, partial: replace })) {
    checkOurs(frame, coding);
    if (frame.sequence !== sequence) throw outOfSequence(frame, sequence);
    if (sequence > 0 && frame.quality !== quality) throw badQuality(frame, `the stream began with ${quality}`);
    items += frame.items;
    checkTotal(frame, items, limits);
    const lost = lostPayloads(frame, coding.tables[frame.quality]!, bytes.length, replace);
    checkClaim(frame, coding.dims, leastBits[frame.quality]!);
    const first = sequence === 0 && { first: frame.ancillary };
    sequence = frame.last ? 0 : sequence + 1;
    quality = frame.quality;
    const payloads = frame.payloads.map(({ length }, k) => {
      const { offset: start, state } = frame.found[k]!;
      return { start, end: start + length, state };
    });
    parts.push({ items: frame.items, quality, coding: frame.coding, payloads, lost, ...first });
    yield;
  }
  if (sequence !== 0)
    throw bitstreamError("BITSTREAM_TRUNCATED", bytes.length, "the stream's last frame is missing", { sequence });
  return parts;
}

/** Those that are not whole, where they may be replaced: one that is whole there must be. */
function lostPayloads(
  frame: ReadFrame,
  tables: readonly FrequencyTable[],
  end: number,
  replace: boolean,
): LostPayload[] {
  const lost: LostPayload[] = [];
  frame.found.forEach(({ offset, state }, payload) => {
    if (state === "whole") return;
    if (!replace) throw lostPayload(Math.min(offset, end), `payload ${payload} is ${state}`, payload);
    const channels = channelRange(tables.length, frame.found.length, payload);
    lost.push({ frame: frame.sequence, payload, channels, state });
  });
  if (lost.length === frame.found.length) throw lostPayload(frame.offset, "no payload of the frame is whole", 0);
  return lost;
}

function lostPayload(offset: number, what: string, payload: number): Error {
  return bitstreamError("BITSTREAM_PAYLOAD", offset, what, { payload });
}

function checkOurs(frame: ReadFrame, { modelId, tables, dims }: Coding): void {
  const [expected, got] = [toHex(modelId), toHex(frame.modelId)];
  if (got !== expected) {
    const what = `the frame was made by model ${got}, not by model ${expected}`;
    throw bitstreamError("BITSTREAM_MODEL", frame.offset + 4, what, { expected, got });
  }
  if (frame.profile !== "latents") {
    const what = `a stream of profile "${frame.profile}": only latents are decoded here`;
    throw bitstreamError("BITSTREAM_UNSUPPORTED", frame.offset + 3, what, { profile: frame.profile });
  }
  if (frame.quality >= tables.length) throw badQuality(frame, `the model has ${tables.length}, counted from 0`);
  if (frame.dims !== dims) {
    const what = `the frame has ${frame.dims} dimensions, the model's latents ${dims}`;
    throw bitstreamError("BITSTREAM_DIMS", frame.offset, what, { expected: dims, got: frame.dims });
  }
  const channels = tables[frame.quality]!.length;
  if (frame.payloads.length > channels) {
    const what = `${frame.payloads.length} payloads for the model's ${channels} channels`;
    throw bitstreamError("BITSTREAM_UNSUPPORTED", frame.offset + 13, what, {
      payloads: frame.payloads.length,
      channels,
    });
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

/** No payload holds more rows of its channels than so many bytes can. */
function checkClaim(frame: ReadFrame, dims: number, leastBits: Float64Array): void {
  const { offset, items, coding, payloads, found } = frame;
  const all = leastBits.length - 1;
  payloads.forEach(({ length }, k) => {
    const [from, to] = channelRange(all, payloads.length, k);
    const group = { channels: to - from, leastBits: leastBits[to]! - leastBits[from]! };
    if (found[k]!.state === "whole" && (items * dims) / all > mostRows(length, coding, group)) {
      const what = `${items} items cannot come from a payload of ${length} bytes under these tables`;
      throw bitstreamError("BITSTREAM_LIMIT", offset, what, { items, payload: k, payloadBytes: length });
    }
  });
}

/** Running sums of the least bits of each channel's symbols, from 0. */
function runningLeastBits(tables: readonly FrequencyTable[]): Float64Array {
  const sums = new Float64Array(tables.length + 1);
  tables.forEach((table, channel) => (sums[channel + 1] = sums[channel]! + leastBitsPerSymbol(table)));
  return sums;
}
