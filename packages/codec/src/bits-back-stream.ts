import { type BitsBackModel, checkItems, decodeBitsBack, encodeBitsBack } from "./bits-back.ts";
import { MAX_LATENT_BITS } from "./bits-back-tables.ts";
import { bitstreamError } from "./bitstream-error.ts";
import { concatenated } from "./bytes.ts";
import { crc32c } from "./crc32c.ts";
import { deflate } from "./deflate.ts";
import type { AncillaryField } from "./fields.ts";
import { checkInteger, checkModelId, FRAME_LIMITS, frameLimits, readFrames, writeFrame } from "./frame.ts";
import type { FrameLimits, PayloadCoding, ReadFrame } from "./frame.ts";
import { toHex } from "./hex.ts";
import { inflate } from "./inflate.ts";

/** What both sides of a stream must have: it comes with the model. */
export interface LosslessCoder {
  readonly model: BitsBackModel;
  /** 8 bytes. */
  readonly modelId: Uint8Array;
}

export interface EncodeLosslessOptions extends LosslessCoder {
  /** The most items in one frame: it is what can be decoded alone, and what items share the cost of a beginning with. Default: as many as fit. */
  readonly itemsPerFrame?: number;
  /** 1 to 8: how finely latents are chosen. Default: by the items of a frame, 5 for 16 at most, 6 up to 128, else 8. */
  readonly latentBits?: number;
  /** Of the stream's first frame: fields that a reader may ignore, in ascending order of type. Default: none. */
  readonly ancillary?: readonly AncillaryField[];
  /** Called after each frame with how many items are done. */
  readonly onProgress?: (items: number) => void;
}

export interface DecodeLosslessOptions extends LosslessCoder {
  /** Lower caps than `FRAME_LIMITS`; `items` and `symbols` hold for all frames together. */
  readonly limits?: Partial<FrameLimits>;
  /** Called after each frame with how many items are done. */
  readonly onProgress?: (items: number) => void;
}

export interface LosslessItems {
  readonly items: number;
  readonly pixels: number;
  /** `[items, pixels]` */
  readonly values: Uint8Array<ArrayBuffer>;
  /** In their order; the items of all streams together are `items`. */
  readonly streams: readonly LosslessStream[];
}

/** One of several streams that were written one after the other. */
export interface LosslessStream {
  readonly items: number;
  /** Of its first frame. */
  readonly ancillary: readonly AncillaryField[];
  /** How many frames each way of writing was shortest for. */
  readonly codings: Readonly<Record<PayloadCoding, number>>;
}

/** Type of the field that holds the CRC32C of a stream's items, u32. */
const FIELD_ITEMS_CRC = 0xa0;

/**
 * One `.isth` stream of the items themselves: bits-back in frames, the last of them marked. A frame that deflate, or no
 * coder at all, makes shorter is written so. The first frame has the CRC32C of all items.
 *
 * @param items `[items, pixels]`
 * @throws RangeError for items that are not whole, values that the model has no share for, options out of range, or more
 *   than the format holds
 */
export function encodeLossless(items: Uint8Array, options: EncodeLosslessOptions): Uint8Array<ArrayBuffer> {
  const { model, modelId, ancillary = [], onProgress } = options;
  const { pixels } = model;
  checkModelId(modelId);
  checkItems(items, model);
  checkInteger("items.length / model.pixels", items.length / pixels, 0, FRAME_LIMITS.items);
  const whole = Math.min(Math.floor(FRAME_LIMITS.payloadBytes / pixels), FRAME_LIMITS.items);
  const itemsPerFrame = options.itemsPerFrame ?? whole;
  checkInteger("itemsPerFrame", itemsPerFrame, 1, whole);
  const latentBits = options.latentBits ?? suitableBits(Math.min(itemsPerFrame, items.length / pixels));
  const check = { type: FIELD_ITEMS_CRC, value: u32(crc32c(items)) };
  const count = Math.max(1, Math.ceil(items.length / pixels / itemsPerFrame));
  const frames = Array.from({ length: count }, (_, sequence) => {
    const part = items.subarray(sequence * itemsPerFrame * pixels, (sequence + 1) * itemsPerFrame * pixels);
    const { coding, payload, quality } = shortest(part, model, latentBits);
    const counted = { items: part.length / pixels, dims: pixels, sequence, last: sequence === count - 1 };
    const fields = sequence === 0 ? [...ancillary, check] : [];
    onProgress?.(Math.min((sequence + 1) * itemsPerFrame, items.length / pixels));
    return writeFrame({
      profile: "lossless",
      coding,
      modelId,
      quality,
      ...counted,
      payloads: [payload],
      ancillary: fields,
    });
  });
  return concatenated(frames);
}

/** Few bits where the first item, which pays for all of them, is not one of many. */
function suitableBits(items: number): number {
  if (items <= 16) return 5;
  return items <= 128 ? 6 : 8;
}

interface Payload {
  readonly coding: PayloadCoding;
  readonly payload: Uint8Array;
  /** Of the frame: the bits of a latent, 0 where there are none. */
  readonly quality: number;
}

function shortest(items: Uint8Array, model: BitsBackModel, latentBits: number): Payload {
  const ways: readonly Payload[] = [
    { coding: "learned", payload: encodeBitsBack(items, model, latentBits), quality: latentBits },
    { coding: "deflated", payload: deflate(items), quality: 0 },
    { coding: "raw", payload: items, quality: 0 },
  ];
  return ways.reduce((best, way) => (way.payload.length < best.payload.length ? way : best));
}

function u32(value: number): Uint8Array {
  return Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);
}

/**
 * The items of one stream, or of several written one after the other. All frames are checked before memory is taken. Time is
 * in proportion to the items, which `limits` bounds: few bytes may rightly hold many items that the model is sure of.
 *
 * @throws IsthmusError `BITSTREAM_*` with the absolute `offset` in its details: what `readFrame`, `decodeBitsBack` and
 *   inflating throw; `_UNSUPPORTED` for a stream that is not lossless, `_MODEL` for another model's, `_DIMS` for items of
 *   another size, `_QUALITY` for bits of a latent that there cannot be, `_SEQUENCE` for a frame that is missing or out of
 *   order, `_TRUNCATED` when the last frame is missing, `_END` for raw items of another length, `_ITEMS` when the items are
 *   not those that were encoded
 */
export function decodeLossless(bytes: Uint8Array, options: DecodeLosslessOptions): LosslessItems {
  const { model, modelId, limits = {}, onProgress } = options;
  checkModelId(modelId);
  const frames = checkedFrames(bytes, options, frameLimits(limits));
  const items = frames.reduce((sum, frame) => sum + frame.items, 0);
  const { pixels } = model;
  const values = new Uint8Array(items * pixels);
  const streams: LosslessStream[] = [];
  let [at, first] = [0, 0];
  for (const frame of frames) {
    if (frame.sequence === 0)
      streams.push({ items: 0, ancillary: frame.ancillary, codings: { learned: 0, raw: 0, deflated: 0 } });
    const end = at + frame.items * pixels;
    decodeFrame(frame, model, values.subarray(at, end));
    const { items: before, ancillary, codings } = streams.pop()!;
    const counted = { ...codings, [frame.coding]: codings[frame.coding] + 1 };
    streams.push({ items: before + frame.items, ancillary, codings: counted });
    at = end;
    if (frame.last) {
      checkSum(values.subarray(first, at), ancillary, frame);
      first = at;
    }
    onProgress?.(at / pixels);
  }
  return { items, pixels, values, streams };
}

function decodeFrame(
  { items, coding, quality, payloads, found }: ReadFrame,
  model: BitsBackModel,
  values: Uint8Array,
): void {
  const [payload, base] = [payloads[0]!, found[0]!.offset];
  if (coding === "learned") values.set(decodeBitsBack(payload, model, { items, latentBits: quality, base }));
  else if (coding === "deflated") inflate(payload, values, base);
  else {
    if (payload.length !== values.length) {
      const what = `${payload.length} bytes of raw items: expected ${values.length}`;
      throw bitstreamError("BITSTREAM_END", base, what, { expected: values.length, got: payload.length });
    }
    values.set(payload);
  }
}

/** Only what the writer said of its items can be checked; a stream that says nothing, or in another form, passes. */
function checkSum(values: Uint8Array, ancillary: readonly AncillaryField[], { offset }: ReadFrame): void {
  const value = ancillary.find(({ type }) => type === FIELD_ITEMS_CRC)?.value;
  if (value?.length !== 4) return;
  const [stored, computed] = [new DataView(value.buffer, value.byteOffset, 4).getUint32(0, true), crc32c(values)];
  if (stored === computed) return;
  const what = "the items that came out are not those that went in: encoder and decoder do not agree";
  throw bitstreamError("BITSTREAM_ITEMS", offset, what, { stored, computed });
}

function checkedFrames(bytes: Uint8Array, { model, modelId }: LosslessCoder, limits: FrameLimits): ReadFrame[] {
  const frames: ReadFrame[] = [];
  let [items, sequence] = [0, 0];
  for (const frame of readFrames(bytes, { limits })) {
    checkOurs(frame, modelId, model.pixels);
    if (frame.sequence !== sequence) {
      const what = `frame ${frame.sequence} of its stream, expected frame ${sequence}: frames are missing, repeated or out of order`;
      throw bitstreamError("BITSTREAM_SEQUENCE", frame.offset, what, { expected: sequence, got: frame.sequence });
    }
    items += frame.items;
    if (items > limits.items || items * model.pixels > limits.symbols) {
      const what = `${items} items of ${model.pixels} values so far: at most ${limits.items} items and ${limits.symbols} values are accepted`;
      throw bitstreamError("BITSTREAM_LIMIT", frame.offset, what, { items, limits });
    }
    sequence = frame.last ? 0 : sequence + 1;
    frames.push(frame);
  }
  if (sequence === 0) return frames;
  throw bitstreamError("BITSTREAM_TRUNCATED", bytes.length, "the stream's last frame is missing", { sequence });
}

function checkOurs(frame: ReadFrame, modelId: Uint8Array, pixels: number): void {
  const { offset, profile, coding, quality, dims, payloads } = frame;
  if (profile !== "lossless" || payloads.length !== 1) {
    const what =
      profile === "lossless"
        ? `${payloads.length} payloads: a lossless frame has 1`
        : "a stream of latents, not of items";
    throw bitstreamError("BITSTREAM_UNSUPPORTED", offset + 3, what, { profile });
  }
  const [expected, got] = [toHex(modelId), toHex(frame.modelId)];
  if (got !== expected) {
    const what = `the frame was made by model ${got}, not by model ${expected}`;
    throw bitstreamError("BITSTREAM_MODEL", offset + 4, what, { expected, got });
  }
  if (coding === "learned" ? quality < 1 || quality > MAX_LATENT_BITS : quality !== 0) {
    const what = `quality ${quality}: expected the bits of a latent, 1 to ${MAX_LATENT_BITS}, or 0 where there are none`;
    throw bitstreamError("BITSTREAM_QUALITY", offset + 12, what, { quality });
  }
  if (dims !== pixels) {
    const what = `the frame has items of ${dims} values, the model's have ${pixels}`;
    throw bitstreamError("BITSTREAM_DIMS", offset, what, { expected: pixels, got: dims });
  }
}
