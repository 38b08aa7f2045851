/**
 * One frame of an `.isth` stream: a 24-byte header, tag-length-value fields, a payload. `docs/format.md` is the
 * specification; a change of what is written here is a change of format.
 */
import { bitstreamError } from "./bitstream-error.ts";
import { crc32c } from "./crc32c.ts";

/** What a frame says. */
export interface Frame {
  /** 8 bytes: which model made the payload. */
  readonly modelId: Uint8Array;
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
  readonly payload: Uint8Array;
  /** Fields that a reader may ignore, types 0x80 to 0xff, in ascending order of type. */
  readonly ancillary: readonly AncillaryField[];
}

export interface AncillaryField {
  readonly type: number;
  /** At most 255 bytes. */
  readonly value: Uint8Array;
}

/** A frame and where it was found; `payload` and `value`s are views of the bytes that were read. */
export interface ReadFrame extends Frame {
  /** Of the header's first byte. */
  readonly offset: number;
  readonly payloadOffset: number;
  /** Header, fields and payload together. */
  readonly byteLength: number;
  /** Of the writer's version; the major is 1. */
  readonly minorVersion: number;
}

/** The most that is accepted, checked in the header before anything is allocated. A caller may ask for less. */
export interface FrameLimits {
  readonly payloadBytes: number;
  readonly items: number;
  readonly dims: number;
  /** items * dims of a frame; in `decodeLatents`, of all frames together. */
  readonly symbols: number;
}

export const FRAME_LIMITS: FrameLimits = { payloadBytes: 2 ** 24, items: 2 ** 24, dims: 2 ** 16, symbols: 2 ** 26 };

export const FRAME_HEADER_BYTES = 24;
const CRC_AT = 20;
const MAGIC = [0xc9, 0x53] as const; // "I" with its high bit set, then "S": no ASCII or UTF-8 text begins so
const MAJOR = 1;
const MINOR = 0;

const FLAG_LAST = 0x10;
const FLAG_FIELDS = 0x20;
const FLAG_NAMES = ["profile", "profile", "raw fallback", "deflate fallback", "last", "fields", "parity", "reserved"];

const FIELD_ITEMS = 0x01;
const FIELD_DIMS = 0x02;
const FIELD_SEQUENCE = 0x03;
const ANCILLARY = 0x80;

interface Field {
  readonly type: number;
  readonly value: Uint8Array;
}

/**
 * The bytes of one frame.
 *
 * @throws RangeError when a part of the frame is outside what the format can hold
 */
export function writeFrame(frame: Frame): Uint8Array<ArrayBuffer> {
  checkFrame(frame);
  const fields = fieldsOf(frame).flatMap(({ type, value }) => [type, value.length, ...value]);
  if (fields.length > 0xffff)
    throw new RangeError(`ancillary: expected at most 65535 bytes of fields, got ${fields.length}`);
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + fields.length + frame.payload.length);
  const view = new DataView(bytes.buffer);
  bytes.set([
    ...MAGIC,
    (MAJOR << 4) | MINOR,
    FLAG_FIELDS | (frame.last ? FLAG_LAST : 0),
    ...frame.modelId,
    frame.quality,
    1,
  ]);
  view.setUint16(14, fields.length, true);
  view.setUint32(16, frame.payload.length, true);
  bytes.set(fields, FRAME_HEADER_BYTES);
  bytes.set(frame.payload, FRAME_HEADER_BYTES + fields.length);
  view.setUint32(CRC_AT, checksum(bytes), true);
  return bytes;
}

function checkFrame(frame: Frame): void {
  checkModelId(frame.modelId);
  checkInteger("quality", frame.quality, 0, 255);
  checkInteger("items", frame.items, 0, FRAME_LIMITS.items);
  checkInteger("dims", frame.dims, 1, FRAME_LIMITS.dims);
  checkInteger("items * dims", frame.items * frame.dims, 0, FRAME_LIMITS.symbols);
  checkInteger("sequence", frame.sequence, 0, 2 ** 32 - 1);
  checkInteger("payload.length", frame.payload.length, 0, FRAME_LIMITS.payloadBytes);
  frame.ancillary.forEach(({ type, value }, i) => {
    checkInteger(`ancillary[${i}].type`, type, i === 0 ? ANCILLARY : frame.ancillary[i - 1]!.type + 1, 255);
    checkInteger(`ancillary[${i}].value.length`, value.length, 0, 255);
  });
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

function fieldsOf({ items, dims, sequence, ancillary }: Frame): Field[] {
  const fields = [
    { type: FIELD_ITEMS, value: u32(items) },
    { type: FIELD_DIMS, value: u32(dims) },
  ];
  if (sequence > 0) fields.push({ type: FIELD_SEQUENCE, value: u32(sequence) });
  return [...fields, ...ancillary];
}

function u32(value: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);
}

/** Over everything but itself: header bytes 0 to 19, then fields and payload. */
function checksum(frame: Uint8Array): number {
  return crc32c(frame.subarray(FRAME_HEADER_BYTES), crc32c(frame.subarray(0, CRC_AT)));
}

/**
 * The frame that begins at `offset`, checked in this order: magic, version, lengths against the limits, lengths against
 * the bytes there are, CRC32C, flags, fields. Allocates nothing in proportion to what the header claims.
 *
 * @param limits lower caps than `FRAME_LIMITS`
 * @throws IsthmusError `BITSTREAM_TRUNCATED`, `_MAGIC`, `_VERSION`, `_LIMIT`, `_CRC`, `_UNSUPPORTED` or `_TLV`, with the
 *   absolute `offset` in its details
 */
export function readFrame(bytes: Uint8Array, offset = 0, limits: Partial<FrameLimits> = {}): ReadFrame {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`bytes: expected a Uint8Array, got ${typeof bytes}`);
  checkInteger("offset", offset, 0, bytes.length);
  const caps = frameLimits(limits);
  const header = headerAt(bytes, offset, caps);
  const whole = bytes.subarray(offset, header.end);
  const view = viewOf(whole);
  const [stored, computed] = [view.getUint32(CRC_AT, true), checksum(whole)];
  if (stored !== computed) {
    const what = `checksum ${hex32(stored)} does not match the bytes, which give ${hex32(computed)}`;
    throw bitstreamError("BITSTREAM_CRC", offset + CRC_AT, what, { stored, computed, frameOffset: offset });
  }
  const last = lastFlag(view.getUint8(3), header.payloadOffset > offset + FRAME_HEADER_BYTES, offset);
  const streams = view.getUint8(13);
  if (streams !== 1)
    throw bitstreamError("BITSTREAM_UNSUPPORTED", offset + 13, `${streams} payload streams: only 1 is supported`, {
      streams,
    });
  return {
    modelId: whole.subarray(4, 12),
    quality: view.getUint8(12),
    last,
    ...meaning(parseFields(bytes, offset + FRAME_HEADER_BYTES, header.payloadOffset), offset, caps),
    payload: bytes.subarray(header.payloadOffset, header.end),
    offset,
    payloadOffset: header.payloadOffset,
    byteLength: header.end - offset,
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

/** Where the payload begins and the frame ends, once magic, version and lengths are as they must be. */
function headerAt(bytes: Uint8Array, offset: number, limits: FrameLimits): { payloadOffset: number; end: number } {
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
  const payloadOffset = offset + FRAME_HEADER_BYTES + view.getUint16(14, true);
  const payloadBytes = view.getUint32(16, true);
  checkLimit("payloadBytes", payloadBytes, limits, offset + 16);
  checkLeft(payloadOffset - offset + payloadBytes, left, offset);
  return { payloadOffset, end: payloadOffset + payloadBytes };
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

function lastFlag(flags: number, hasFields: boolean, offset: number): boolean {
  const unknown = flags & ~(FLAG_LAST | FLAG_FIELDS);
  if (unknown !== 0) {
    const names = FLAG_NAMES.filter((_, bit) => unknown & (1 << bit)).join(", ");
    throw bitstreamError("BITSTREAM_UNSUPPORTED", offset + 3, `flags not supported by this version: ${names}`, {
      flags,
    });
  }
  const saysFields = (flags & FLAG_FIELDS) !== 0;
  if (saysFields !== hasFields) {
    throw bitstreamError("BITSTREAM_TLV", offset + 3, "the fields flag and the length of the fields disagree", {
      flags,
    });
  }
  return (flags & FLAG_LAST) !== 0;
}

interface FoundField extends Field {
  readonly offset: number;
}

function parseFields(bytes: Uint8Array, start: number, end: number): FoundField[] {
  const fields: FoundField[] = [];
  for (let at = start; at < end;) {
    const [type, length] = [bytes[at]!, at + 1 < end ? bytes[at + 1]! : 0];
    const next = at + 2 + length;
    if (next > end) throw badField(at, type, "does not fit into the header");
    if (type <= (fields.at(-1)?.type ?? -1)) throw badField(at, type, "is repeated or out of order");
    fields.push({ type, value: bytes.subarray(at + 2, next), offset: at });
    at = next;
  }
  return fields;
}

function badField(offset: number, type: number, what: string): Error {
  return bitstreamError("BITSTREAM_TLV", offset, `field ${hex8(type)} ${what}`, { type });
}

function meaning(
  fields: FoundField[],
  offset: number,
  limits: FrameLimits,
): Pick<Frame, "items" | "dims" | "sequence" | "ancillary"> {
  const known = [FIELD_ITEMS, FIELD_DIMS, FIELD_SEQUENCE];
  const stranger = fields.find(({ type }) => type < ANCILLARY && !known.includes(type));
  if (stranger) throw badField(stranger.offset, stranger.type, "is critical and not known to this version");
  const items = requiredField(fields, FIELD_ITEMS, offset);
  const dims = requiredField(fields, FIELD_DIMS, offset);
  checkLimit("items", items.number, limits, items.offset);
  checkLimit("dims", dims.number, limits, dims.offset);
  checkLimit("symbols", items.number * dims.number, limits, items.offset);
  if (dims.number === 0) throw badField(dims.offset, FIELD_DIMS, "is 0: an item has at least one symbol");
  return {
    items: items.number,
    dims: dims.number,
    sequence: sequenceOf(fields),
    ancillary: fields.filter(({ type }) => type >= ANCILLARY).map(({ type, value }) => ({ type, value })),
  };
}

function requiredField(fields: FoundField[], type: number, offset: number): { number: number; offset: number } {
  const field = fields.find((candidate) => candidate.type === type);
  if (!field) throw badField(offset + FRAME_HEADER_BYTES, type, "is missing");
  return { number: u32Of(field), offset: field.offset };
}

function sequenceOf(fields: FoundField[]): number {
  const field = fields.find(({ type }) => type === FIELD_SEQUENCE);
  if (!field) return 0;
  const sequence = u32Of(field);
  if (sequence === 0) throw badField(field.offset, FIELD_SEQUENCE, "is 0: the first frame of a stream leaves it out");
  return sequence;
}

function u32Of({ type, value, offset }: FoundField): number {
  if (value.length !== 4) throw badField(offset, type, `has ${value.length} bytes: expected 4`);
  return viewOf(value).getUint32(0, true);
}

/** All frames of the bytes, one after the other, each checked when it is reached. No bytes at all are an error. */
export function* readFrames(
  bytes: Uint8Array,
  limits: Partial<FrameLimits> = {},
): Generator<ReadFrame, void, undefined> {
  let offset = 0;
  do {
    const frame = readFrame(bytes, offset, limits);
    yield frame;
    offset += frame.byteLength;
  } while (offset < bytes.length);
}

/** Two lower-case digits for each byte. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function hex8(value: number): string {
  return `0x${value.toString(16).padStart(2, "0")}`;
}

function hex32(value: number): string {
  return `0x${value.toString(16).padStart(8, "0")}`;
}
