/**
 * One frame of an `.isth` stream: a 24-byte header, tag-length-value fields, 1 to 16 payloads. `docs/format.md` is the
 * specification; a change of what is written here is a change of format.
 */
import { bitstreamError } from "./bitstream-error.ts";
import { concatenated } from "./bytes.ts";
import { crc32c, crcOfRange } from "./crc32c.ts";
import {
  ANCILLARY,
  type AncillaryField,
  badField,
  FIELD_DIMS,
  FIELD_ITEMS,
  FIELD_SEQUENCE,
  fieldBytes,
  type FoundField,
  numberOf,
  parseFields,
  requiredNumber,
  requireKnown,
} from "./fields.ts";
import { toHex } from "./hex.ts";
import { numberBytes } from "./numbers.ts";

/** What the payloads are: latents under a table per channel, or items themselves, by bits-back coding. */
export type Profile = "latents" | "lossless";
/** How the payloads are written: by the profile's own coder, or by what stands in for it where that is longer. */
export type PayloadCoding = "learned" | "raw" | "deflated";

/** What a frame says. */
export interface Frame {
  /** 8 bytes: which model made the payload. */
  readonly modelId: Uint8Array;
  /** Default: `latents`. */
  readonly profile?: Profile;
  /** Default: `learned`. */
  readonly coding?: PayloadCoding;
  /** 0 to 255: which of the model's qualities; 0 when it has one. */
  readonly quality: number;
  /** 0 to 2^24. */
  readonly items: number;
  /** 1 to 65536 symbols per item. */
  readonly dims: number;
  /** The frame's number in its stream, from 0. */
  readonly sequence: number;
  /** Whether the stream ends here. */
  readonly last: boolean;
  /** 1 to 16, the most important first. Of several, one of no bytes is left out on purpose. */
  readonly payloads: readonly Uint8Array[];
  /** Fields that a reader may ignore, types 0x80 to 0xff, in ascending order of type. */
  readonly ancillary: readonly AncillaryField[];
}

/** A frame and where it was found; `payloads` and `value`s are views of the bytes that were read. */
export interface ReadFrame extends Frame {
  readonly profile: Profile;
  readonly coding: PayloadCoding;
  /** Of each payload, in the same order. */
  readonly found: readonly FoundPayload[];
  /** Of the header's first byte. */
  readonly offset: number;
  /** Header, fields and payloads together: what is there of them. */
  readonly byteLength: number;
  /** Of the writer's version; the major is 1. */
  readonly minorVersion: number;
}

export interface FoundPayload {
  readonly offset: number;
  /** Of several payloads one may not be as it was written. */
  readonly state: "whole" | "left out" | "cut off" | "damaged";
}

/** The most that is accepted, checked in the header before anything is allocated. A caller may ask for less. */
export interface FrameLimits {
  /** Of all payloads of a frame. */
  readonly payloadBytes: number;
  readonly items: number;
  readonly dims: number;
  /** items * dims of a frame; in `decodeLatents`, of all frames together. */
  readonly symbols: number;
}

export const FRAME_LIMITS: FrameLimits = { payloadBytes: 2 ** 24, items: 2 ** 24, dims: 2 ** 16, symbols: 2 ** 26 };

/** The most that a writer puts into one frame: 80 bits each at the worst, 10 MiB, below the cap of a payload. */
export const SYMBOLS_PER_FRAME: number = 2 ** 20;

export interface ReadOptions {
  /** Lower caps than `FRAME_LIMITS`. */
  readonly limits?: Partial<FrameLimits>;
  /** Whether a frame may end within its payloads; those that are not whole say so. Default: false. */
  readonly partial?: boolean;
}

export const FRAME_HEADER_BYTES = 24;
export const MAX_PAYLOADS = 16;
const ENTRY_BYTES = 7; // u24 length, u32 checksum
const FLAGS_AT = 3;
const PAYLOAD_BYTES_AT = 16;
const CRC_AT = 20;
const MAGIC = [0xc9, 0x53] as const; // "I" with its high bit set, then "S": no ASCII or UTF-8 text begins so
const MAJOR = 1;
const MINOR = 0;

/** The most bytes of a frame of one payload of latents: symbols of 32 bits each, and the fields of items and dimensions at their longest. */
export function mostFrameBytes(symbols: number): number {
  return FRAME_HEADER_BYTES + 2 * (2 + 5) + 1 + 4 * symbols;
}

const PROFILES: readonly Profile[] = ["latents", "lossless"];
const CODINGS: readonly PayloadCoding[] = ["learned", "raw", "deflated"];
const FLAG_PROFILE = 0x03;
const CODING_SHIFT = 2;
const FLAG_CODING = 0x0c;
const FLAG_LAST = 0x10;
const FLAG_FIELDS = 0x20;
const RESERVED_FLAGS = 0xc0;

/**
 * The bytes of one frame.
 *
 * @throws RangeError when a part of the frame is outside what the format can hold
 */
export function writeFrame(frame: Frame): Uint8Array<ArrayBuffer> {
  checkFrame(frame);
  const { payloads } = frame;
  const head = frameHead(frame, payloads.length);
  const fields = head.length - FRAME_HEADER_BYTES;
  if (fields > 0xffff) throw new RangeError(`ancillary: expected at most 65535 bytes of fields, got ${fields}`);
  const directory = payloads.length === 1 ? [] : payloads.flatMap(entryOf);
  const payloadBytes = payloads.reduce((sum, { length }) => sum + length, directory.length);
  checkInteger("the length of all payloads", payloadBytes, 0, FRAME_LIMITS.payloadBytes);
  const body = head.length + directory.length;
  const bytes = concatenated([head, Uint8Array.from(directory), ...payloads]);
  writeU32(bytes, PAYLOAD_BYTES_AT, payloadBytes);
  writeChecksum(bytes, 0, payloads.length === 1 ? bytes.length : body);
  return bytes;
}

/** Header and fields of a frame that is within the format, of so many payloads, of which they say no length and no checksum yet. */
export function frameHead(frame: Omit<Frame, "payloads">, payloads: number): Uint8Array<ArrayBuffer> {
  const { profile = "latents", coding = "learned", modelId, quality, last } = frame;
  const fields = fieldBytes(fieldsOf(frame));
  const flags = PROFILES.indexOf(profile) | (CODINGS.indexOf(coding) << CODING_SHIFT);
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + fields.length);
  const said = [...modelId, quality, payloads, fields.length & 255, fields.length >>> 8];
  bytes.set([...MAGIC, (MAJOR << 4) | MINOR, flags | FLAG_FIELDS | (last ? FLAG_LAST : 0), ...said]);
  bytes.set(fields, FRAME_HEADER_BYTES);
  return bytes;
}

/**
 * Makes a frame of what `frameHead` wrote with the coding `learned` and the one payload that lies behind it.
 *
 * @param bytes the frame from `from` on, its header and fields up to `body`, its payload up to `end`
 */
export function closeFrame(bytes: Uint8Array, from: number, body: number, end: number, coding: PayloadCoding): void {
  bytes[from + FLAGS_AT]! |= CODINGS.indexOf(coding) << CODING_SHIFT;
  writeU32(bytes, from + PAYLOAD_BYTES_AT, end - body);
  writeChecksum(bytes, from, end);
}

function writeU32(bytes: Uint8Array, at: number, value: number): void {
  for (let i = 0; i < 4; i++) bytes[at + i] = value >>> (8 * i);
}

/** Over everything from `from` up to `end` but itself: header bytes 0 to 19, then what follows the header. */
function writeChecksum(bytes: Uint8Array, from: number, end: number): void {
  const header = crcOfRange(bytes, from, from + CRC_AT);
  writeU32(bytes, from + CRC_AT, crcOfRange(bytes, from + FRAME_HEADER_BYTES, end, header));
}

function entryOf(payload: Uint8Array): number[] {
  const [length, crc] = [payload.length, crc32c(payload)];
  return [length, length >>> 8, length >>> 16, crc, crc >>> 8, crc >>> 16, crc >>> 24].map((part) => part & 255);
}

function checkFrame(frame: Frame): void {
  checkModelId(frame.modelId);
  checkOneOf("profile", frame.profile ?? "latents", PROFILES);
  checkOneOf("coding", frame.coding ?? "learned", CODINGS);
  checkInteger("quality", frame.quality, 0, 255);
  checkInteger("items", frame.items, 0, FRAME_LIMITS.items);
  checkInteger("dims", frame.dims, 1, FRAME_LIMITS.dims);
  checkInteger("items * dims", frame.items * frame.dims, 0, FRAME_LIMITS.symbols);
  checkInteger("sequence", frame.sequence, 0, 2 ** 32 - 1);
  checkInteger("payloads.length", frame.payloads.length, 1, MAX_PAYLOADS);
  frame.ancillary.forEach(({ type, value }, i) => {
    checkInteger(`ancillary[${i}].type`, type, i === 0 ? ANCILLARY : frame.ancillary[i - 1]!.type + 1, 255);
    checkInteger(`ancillary[${i}].value.length`, value.length, 0, 255);
  });
}

function checkOneOf(name: string, value: string, among: readonly string[]): void {
  if (!among.includes(value)) throw new RangeError(`${name}: expected one of ${among.join(", ")}, got ${value}`);
}

/** @throws RangeError when it is not an integer from `least` to `most` */
export function checkInteger(name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${name}: expected an integer ${least} to ${most}, got ${value}`);
  }
}

/** @throws TypeError when it is not a `Uint8Array`, RangeError when it is not 8 bytes long */
export function checkModelId(modelId: Uint8Array): void {
  if (!(modelId instanceof Uint8Array)) throw new TypeError(`modelId: expected a Uint8Array, got ${typeof modelId}`);
  if (modelId.length !== 8) throw new RangeError(`modelId: expected 8 bytes, got ${modelId.length}`);
}

function fieldsOf({ items, dims, sequence, ancillary }: Omit<Frame, "payloads">): AncillaryField[] {
  const field = (type: number, value: number) => ({ type, value: Uint8Array.from(numberBytes(value)) });
  const fields = [field(FIELD_ITEMS, items), field(FIELD_DIMS, dims)];
  if (sequence > 0) fields.push(field(FIELD_SEQUENCE, sequence));
  return [...fields, ...ancillary];
}

/** What `writeChecksum` writes, of a frame at the beginning of bytes. */
function checksum(frame: Uint8Array, end: number): number {
  return crc32c(frame.subarray(FRAME_HEADER_BYTES, end), crc32c(frame.subarray(0, CRC_AT)));
}

/**
 * The frame that begins at `offset`, checked in this order: magic, version, lengths against the limits, lengths against
 * the bytes there are, CRC32C, flags, fields, directory of payloads. Allocates nothing in proportion to what the header
 * claims. Of several payloads one may be damaged or left out, and `found` says so; the rest of the frame is as it was
 * written.
 *
 * @throws IsthmusError `BITSTREAM_TRUNCATED`, `_MAGIC`, `_VERSION`, `_LIMIT`, `_CRC`, `_UNSUPPORTED` or `_TLV`, with the
 *   absolute `offset` in its details
 */
export function readFrame(bytes: Uint8Array, offset = 0, options: ReadOptions = {}): ReadFrame {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`bytes: expected a Uint8Array, got ${typeof bytes}`);
  checkInteger("offset", offset, 0, bytes.length);
  const caps = frameLimits(options.limits ?? {});
  const header = headerAt(bytes, offset, caps, options.partial ?? false);
  const whole = bytes.subarray(offset, header.end);
  const view = viewOf(whole);
  checkChecksum(whole, view, header, offset);
  const count = view.getUint8(13);
  const flags = flagsOf(view.getUint8(3), header.fieldsEnd > offset + FRAME_HEADER_BYTES, offset);
  if (count < 1 || count > MAX_PAYLOADS) {
    const what = `${count} payloads: expected 1 to ${MAX_PAYLOADS}`;
    throw bitstreamError("BITSTREAM_UNSUPPORTED", offset + 13, what, { payloads: count });
  }
  const fields = parseFields(bytes, offset + FRAME_HEADER_BYTES, header.fieldsEnd);
  return {
    modelId: whole.subarray(4, 12),
    quality: view.getUint8(12),
    ...flags,
    ...meaning(fields, offset, caps),
    ...payloadsOf(bytes, header, count),
    offset,
    byteLength: Math.min(header.end, bytes.length) - offset,
    minorVersion: view.getUint8(2) & 15,
  };
}

/**
 * `FRAME_LIMITS` with the caller's lower values.
 *
 * @throws RangeError for a limit that is not an integer or above the format's
 */
export function frameLimits(lower: Partial<FrameLimits>): FrameLimits {
  const limits = { ...FRAME_LIMITS, ...lower };
  for (const name of Object.keys(FRAME_LIMITS) as (keyof FrameLimits)[]) {
    checkInteger(`limits.${name}`, limits[name], 0, FRAME_LIMITS[name]);
  }
  return limits;
}

interface Header {
  readonly fieldsEnd: number;
  /** Where the payloads begin, after the directory if there is one. */
  readonly bodyOffset: number;
  readonly end: number;
}

/** Where fields, payloads and the frame end, once magic, version and lengths are as they must be. */
function headerAt(bytes: Uint8Array, offset: number, limits: FrameLimits, partial: boolean): Header {
  const left = bytes.length - offset;
  if (left === 0)
    throw bitstreamError("BITSTREAM_TRUNCATED", offset, "no frame: there are no more bytes", {
      needed: FRAME_HEADER_BYTES,
      left,
    });
  MAGIC.forEach((expected, i) => {
    const found = bytes[offset + i];
    if (found !== undefined && found !== expected) throw badMagic(bytes, offset);
  });
  const version = bytes[offset + 2];
  if (version !== undefined && version >>> 4 !== MAJOR) {
    const what = `frame version ${version >>> 4}.${version & 15}: this reader knows version ${MAJOR}`;
    throw bitstreamError("BITSTREAM_VERSION", offset + 2, what, { major: version >>> 4, minor: version & 15 });
  }
  checkLeft(FRAME_HEADER_BYTES, left, offset);
  const view = viewOf(bytes.subarray(offset, offset + FRAME_HEADER_BYTES));
  const fieldsEnd = offset + FRAME_HEADER_BYTES + view.getUint16(14, true);
  const payloadBytes = view.getUint32(16, true);
  checkLimit("payloadBytes", payloadBytes, limits, offset + 16);
  const count = view.getUint8(13);
  const bodyOffset = fieldsEnd + (count > 1 && count <= MAX_PAYLOADS ? ENTRY_BYTES * count : 0);
  const end = fieldsEnd + payloadBytes;
  if (bodyOffset > end) {
    const what = `${payloadBytes} bytes of payloads cannot hold the directory of ${count}`;
    throw bitstreamError("BITSTREAM_TLV", offset + 16, what, { payloads: count, payloadBytes });
  }
  checkLeft((partial && bodyOffset > fieldsEnd ? bodyOffset : end) - offset, left, offset);
  return { fieldsEnd, bodyOffset, end };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function badMagic(bytes: Uint8Array, offset: number): Error {
  const found = toHex(bytes.subarray(offset, offset + MAGIC.length));
  const what = `not an Isthmus frame: it begins with ${found}, not ${toHex(Uint8Array.from(MAGIC))}`;
  return bitstreamError("BITSTREAM_MAGIC", offset, what, { found });
}

function checkLeft(needed: number, left: number, offset: number): void {
  if (left < needed) {
    const what = `the frame needs ${needed} bytes, ${left} are there`;
    throw bitstreamError("BITSTREAM_TRUNCATED", offset, what, { needed, left });
  }
}

function checkLimit(name: keyof FrameLimits, value: number, limits: FrameLimits, offset: number): void {
  if (value > limits[name]) {
    const what = `${name} ${value}: at most ${limits[name]} are accepted`;
    throw bitstreamError("BITSTREAM_LIMIT", offset, what, { name, value, limit: limits[name] });
  }
}

/** Of a single payload all is covered; several have checksums of their own in the directory, which is covered. */
function checkChecksum(
  whole: Uint8Array,
  view: DataView,
  { fieldsEnd, bodyOffset, end }: Header,
  offset: number,
): void {
  const covered = (bodyOffset > fieldsEnd ? bodyOffset : end) - offset;
  const [stored, computed] = [view.getUint32(CRC_AT, true), checksum(whole, covered)];
  if (stored !== computed) {
    const what = `checksum ${hex32(stored)} does not match the bytes, which give ${hex32(computed)}`;
    throw bitstreamError("BITSTREAM_CRC", offset + CRC_AT, what, { stored, computed, frameOffset: offset });
  }
}

function flagsOf(flags: number, hasFields: boolean, offset: number): Pick<ReadFrame, "profile" | "coding" | "last"> {
  const profile = PROFILES[flags & FLAG_PROFILE];
  const coding = CODINGS[(flags & FLAG_CODING) >>> CODING_SHIFT];
  if (!profile || !coding || (flags & RESERVED_FLAGS) !== 0) {
    const what = `flags ${flags.toString(2).padStart(8, "0")} are not supported by this version`;
    throw bitstreamError("BITSTREAM_UNSUPPORTED", offset + 3, what, { flags });
  }
  const saysFields = (flags & FLAG_FIELDS) !== 0;
  if (saysFields !== hasFields) {
    throw bitstreamError("BITSTREAM_TLV", offset + 3, "the fields flag and the length of the fields disagree", {
      flags,
    });
  }
  return { profile, coding, last: (flags & FLAG_LAST) !== 0 };
}

function meaning(
  fields: readonly FoundField[],
  offset: number,
  limits: FrameLimits,
): Pick<Frame, "items" | "dims" | "sequence" | "ancillary"> {
  requireKnown(fields, [FIELD_ITEMS, FIELD_DIMS, FIELD_SEQUENCE]);
  const items = requiredNumber(fields, FIELD_ITEMS, offset + FRAME_HEADER_BYTES);
  const dims = requiredNumber(fields, FIELD_DIMS, offset + FRAME_HEADER_BYTES);
  checkLimit("items", items.value, limits, items.offset);
  checkLimit("dims", dims.value, limits, dims.offset);
  checkLimit("symbols", items.value * dims.value, limits, items.offset);
  if (dims.value === 0) throw badField(dims.offset, FIELD_DIMS, "is 0: an item has at least one symbol");
  return {
    items: items.value,
    dims: dims.value,
    sequence: sequenceOf(fields),
    ancillary: fields.filter(({ type }) => type >= ANCILLARY).map(({ type, value }) => ({ type, value })),
  };
}

function sequenceOf(fields: readonly FoundField[]): number {
  const field = fields.find(({ type }) => type === FIELD_SEQUENCE);
  if (!field) return 0;
  const sequence = numberOf(field);
  if (sequence === 0) throw badField(field.offset, FIELD_SEQUENCE, "is 0: the first frame of a stream leaves it out");
  return sequence;
}

function payloadsOf(bytes: Uint8Array, header: Header, count: number): Pick<ReadFrame, "payloads" | "found"> {
  const { fieldsEnd, bodyOffset, end } = header;
  if (count === 1) {
    return { payloads: [bytes.subarray(bodyOffset, end)], found: [{ offset: bodyOffset, state: "whole" }] };
  }
  const directory = viewOf(bytes.subarray(fieldsEnd, bodyOffset));
  const payloads: Uint8Array[] = [];
  const found: FoundPayload[] = [];
  let at = bodyOffset;
  for (let entry = 0; entry < directory.byteLength; entry += ENTRY_BYTES) {
    const length = directory.getUint16(entry, true) + 65536 * directory.getUint8(entry + 2);
    if (length > end - at) throw badDirectory(fieldsEnd + entry, count, "are longer");
    const payload = bytes.subarray(at, at + length);
    payloads.push(payload);
    found.push({ offset: at, state: stateOf(payload, length, directory.getUint32(entry + 3, true)) });
    at += length;
  }
  if (at !== end) throw badDirectory(fieldsEnd, count, "are shorter");
  return { payloads, found };
}

function badDirectory(offset: number, count: number, what: string): Error {
  return bitstreamError(
    "BITSTREAM_TLV",
    offset,
    `the ${count} payloads of the directory ${what} than the header says`,
    {
      payloads: count,
    },
  );
}

function stateOf(payload: Uint8Array, length: number, crc: number): FoundPayload["state"] {
  if (length === 0 && crc === 0) return "left out";
  if (payload.length < length) return "cut off";
  return crc32c(payload) === crc ? "whole" : "damaged";
}

/** All frames of the bytes, one after the other, each checked when it is reached. No bytes at all are an error. */
export function* readFrames(bytes: Uint8Array, options: ReadOptions = {}): Generator<ReadFrame, void, undefined> {
  let offset = 0;
  do {
    const frame = readFrame(bytes, offset, options);
    yield frame;
    offset += frame.byteLength;
  } while (offset < bytes.length);
}

function hex32(value: number): string {
  return `0x${value.toString(16).padStart(8, "0")}`;
}
