/** The tag-length-value fields of a frame: what `docs/format.md` says under "Fields". */
import { bitstreamError } from "./bitstream-error.ts";
import { toHex } from "./hex.ts";
import { numberBytes, numbersOf } from "./numbers.ts";

export interface AncillaryField {
  /** 0x80 to 0xff. */
  readonly type: number;
  /** At most 255 bytes. */
  readonly value: Uint8Array;
}

export const FIELD_ITEMS = 0x01;
export const FIELD_DIMS = 0x02;
export const FIELD_SEQUENCE = 0x03;
export const ANCILLARY = 0x80;
const FILLED_ROWS = 0x80;
const GEOMETRY = 0x81;
const TIMESTAMP = 0x82;
const NONCE = 0x83;
const SEAMLESS = 0x84;

export interface FoundField extends AncillaryField {
  readonly offset: number;
}

/** What a stream says beside its symbols; a reader may do without any of it. */
export interface StreamNotes {
  /** Where items are windows of a series: how many rows of the last one only fill it up. */
  readonly filledRows?: number;
  /** Where items are tiles of one picture, row by row: the size of the picture. */
  readonly geometry?: Geometry;
  /** Microseconds since 1970-01-01T00:00Z, 0 to 2^64 - 1. */
  readonly timestamp?: bigint;
  /** 1 to 32 bytes by which a receiver knows a stream that it has had before. */
  readonly nonce?: Uint8Array;
  /** Where items are tiles: the model's networks ran over the picture as one, so that they look beyond their tiles. */
  readonly seamless?: boolean;
}

/** The size of a picture in pixels; each 1 to 2^32 - 1. */
export interface Geometry {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/**
 * The fields that hold notes, in ascending order of type. A note that is left out, 0 filled rows and a picture that is not
 * seamless have none.
 *
 * @throws RangeError when one is out of range
 */
export function noteFields({ filledRows = 0, geometry, timestamp, nonce, seamless }: StreamNotes): AncillaryField[] {
  const field = (type: number, value: ArrayLike<number>) => ({ type, value: Uint8Array.from(value) });
  const fields: AncillaryField[] = [];
  checkU32("filledRows", filledRows, 0);
  if (filledRows > 0) fields.push(field(FILLED_ROWS, numberBytes(filledRows)));
  if (geometry) {
    const { height, width, channels } = geometry;
    Object.entries({ height, width, channels }).forEach(([name, size]) => checkU32(`geometry.${name}`, size, 1));
    fields.push(field(GEOMETRY, [height, width, channels].flatMap(numberBytes)));
  }
  if (timestamp !== undefined) fields.push(field(TIMESTAMP, timestampBytes(timestamp)));
  if (nonce) {
    if (nonce.length < 1 || nonce.length > 32)
      throw new RangeError(`nonce: expected 1 to 32 bytes, got ${nonce.length}`);
    fields.push(field(NONCE, nonce));
  }
  if (seamless) fields.push(field(SEAMLESS, []));
  return fields;
}

function checkU32(name: string, value: number, least: number): void {
  if (!Number.isInteger(value) || value < least || value >= 2 ** 32) {
    throw new RangeError(`${name}: expected an integer ${least} to ${2 ** 32 - 1}, got ${value}`);
  }
}

function timestampBytes(timestamp: bigint): Uint8Array {
  if (timestamp < 0n || timestamp >= 1n << 64n) {
    throw new RangeError(`timestamp: expected 0 to 2^64 - 1 microseconds, got ${timestamp}`);
  }
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, timestamp, true);
  return bytes;
}

/** The notes in fields; one that does not have the form of ours is none of ours, and is left out. */
export function notesOf(fields: readonly AncillaryField[]): StreamNotes {
  const valueOf = (type: number) => fields.find((field) => field.type === type)?.value ?? new Uint8Array(0);
  const [filledRows] = numbersOf(valueOf(FILLED_ROWS), 1) ?? [];
  const [height = 0, width = 0, channels = 0] = numbersOf(valueOf(GEOMETRY), 3) ?? [];
  const [timestamp, nonce] = [valueOf(TIMESTAMP), valueOf(NONCE)];
  return {
    ...(filledRows !== undefined && { filledRows }),
    ...(height > 0 && width > 0 && channels > 0 && { geometry: { height, width, channels } }),
    ...(timestamp.length === 8 && {
      timestamp: new DataView(timestamp.buffer, timestamp.byteOffset).getBigUint64(0, true),
    }),
    ...(nonce.length >= 1 && nonce.length <= 32 && { nonce }),
    ...(fields.some(({ type, value }) => type === SEAMLESS && value.length === 0) && { seamless: true }),
  };
}

/** Type, length and value of each. */
export function fieldBytes(fields: readonly AncillaryField[]): number[] {
  return fields.flatMap(({ type, value }) => [type, value.length, ...value]);
}

/**
 * The fields from `start` to `end`: types ascend.
 *
 * @throws IsthmusError `BITSTREAM_TLV`
 */
export function parseFields(bytes: Uint8Array, start: number, end: number): FoundField[] {
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

/** @throws IsthmusError `BITSTREAM_TLV` for a critical field that is none of `known` */
export function requireKnown(fields: readonly FoundField[], known: readonly number[]): void {
  const stranger = fields.find(({ type }) => type < ANCILLARY && !known.includes(type));
  if (stranger) throw badField(stranger.offset, stranger.type, "is critical and not known to this version");
}

/** @throws IsthmusError `BITSTREAM_TLV` when there is none, with `offset`, or it is no number */
export function requiredNumber(
  fields: readonly FoundField[],
  type: number,
  offset: number,
): { readonly value: number; readonly offset: number } {
  const field = fields.find((candidate) => candidate.type === type);
  if (!field) throw badField(offset, type, "is missing");
  return { value: numberOf(field), offset: field.offset };
}

/** @throws IsthmusError `BITSTREAM_TLV` when it is not one number */
export function numberOf({ type, value, offset }: FoundField): number {
  const [number] = numbersOf(value, 1) ?? [];
  if (number === undefined) throw badField(offset, type, `is ${toHex(value)}: expected a number in its shortest form`);
  return number;
}

export function badField(offset: number, type: number, what: string): Error {
  const name = `0x${type.toString(16).padStart(2, "0")}`;
  return bitstreamError("BITSTREAM_TLV", offset, `field ${name} ${what}`, { type });
}
