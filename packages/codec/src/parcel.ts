/** A stream on its way from a device to a service: who sent it, which it is, and when. `docs/protocol.md` is the specification. */
import { IsthmusError } from "@isthmus/math";
import { crcOfRange } from "./crc32c.ts";
import { checkInteger } from "./frame.ts";

export interface Parcel {
  /** 1 to 64 of `A-Z a-z 0-9 . _ -`, the first no dot. */
  readonly device: string;
  /** 0 to 2^53 - 1. A device gives each parcel another. */
  readonly sequence: number;
  /** When its samples began, in microseconds since 1970-01-01T00:00Z by the device's clock; 0 where it does not know. */
  readonly time: number;
  /** One `.isth` stream, of 1 byte or more. */
  readonly stream: Uint8Array;
}

/** A parcel, or what stands where one should. */
export type FoundParcel =
  | { readonly offset: number; readonly length: number; readonly parcel: Parcel }
  | { readonly offset: number; readonly error: IsthmusError };

export const PARCEL_HEADER_BYTES = 28;
/** The most bytes of a stream, unless a reader says otherwise. */
export const PARCEL_STREAM_BYTES: number = 2 ** 24;

const MAGIC = [0xc9, 0x50] as const;
const VERSION = 0x10;
const CRC_AT = 4;
const DEVICE = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/;

/** Whether a name can be a device's. */
export function isDeviceId(name: string): boolean {
  return DEVICE.test(name);
}

/** @throws RangeError a device, sequence, time or stream that a parcel cannot hold */
export function writeParcel({ device, sequence, time, stream }: Parcel): Uint8Array<ArrayBuffer> {
  if (!isDeviceId(device)) {
    throw new RangeError(
      `"device" expected 1 to 64 of A-Z a-z 0-9 . _ -, the first no dot, got ${JSON.stringify(device)}`,
    );
  }
  checkInteger("sequence", sequence, 0, Number.MAX_SAFE_INTEGER);
  checkInteger("time", time, 0, Number.MAX_SAFE_INTEGER);
  checkInteger("stream.length", stream.length, 1, 0xffff_ffff);
  const bytes = new Uint8Array(PARCEL_HEADER_BYTES + device.length + stream.length);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  bytes[2] = VERSION;
  bytes[3] = device.length;
  view.setUint32(8, stream.length, true);
  setU64(view, 12, sequence);
  setU64(view, 20, time);
  for (let i = 0; i < device.length; i++) bytes[PARCEL_HEADER_BYTES + i] = device.charCodeAt(i);
  bytes.set(stream, PARCEL_HEADER_BYTES + device.length);
  view.setUint32(CRC_AT, checksum(bytes, 0, bytes.length), true);
  return bytes;
}

/** Of a parcel from `from` up to `to`, without the checksum's own four bytes. */
function checksum(bytes: Uint8Array, from: number, to: number): number {
  return crcOfRange(bytes, from + CRC_AT + 4, to, crcOfRange(bytes, from, from + CRC_AT)) >>> 0;
}

function setU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % 2 ** 32, true);
  view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
}

function u64(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
}

/**
 * The parcels that the bytes are, one after the other; streams are views of them. Damage within one parcel is that one's error and the
 * next is read, where its lengths still lead to another parcel or to the end; otherwise the rest is not read.
 *
 * A length is believed only where the checksum holds, so that `PARCEL_LIMIT` is said of whole parcels and never of damaged ones.
 *
 * Errors are `PARCEL_MAGIC`, `PARCEL_VERSION`, `PARCEL_TRUNCATED`, `PARCEL_LIMIT`, `PARCEL_CRC`, `PARCEL_FIELD`, with `details.offset`.
 */
export function* readParcels(bytes: Uint8Array, streamBytes: number = PARCEL_STREAM_BYTES): Generator<FoundParcel> {
  for (let at = 0; at < bytes.length;) {
    const found = parcelAt(bytes, at, streamBytes);
    yield found.result;
    if (found.end === undefined) return;
    at = found.end;
  }
}

/** What stands at `at`, and where the next may begin. */
function parcelAt(bytes: Uint8Array, at: number, limit: number): { result: FoundParcel; end?: number } {
  const broken = (code: string, what: string, end?: number) => ({
    result: { offset: at, error: new IsthmusError(code, `byte ${at}: ${what}`, { offset: at }) },
    ...(end !== undefined && startsOrEnds(bytes, end) && { end }),
  });
  const left = bytes.length - at;
  if (bytes[at] !== MAGIC[0] || (left > 1 && bytes[at + 1] !== MAGIC[1]))
    return broken("PARCEL_MAGIC", "no parcel begins here");
  if (left > 2 && bytes[at + 2]! >>> 4 !== VERSION >>> 4) {
    return broken(
      "PARCEL_VERSION",
      `parcel version ${bytes[at + 2]! >>> 4}: this reader knows version ${VERSION >>> 4}`,
    );
  }
  if (left < PARCEL_HEADER_BYTES)
    return broken("PARCEL_TRUNCATED", `a parcel has ${PARCEL_HEADER_BYTES} bytes at least, ${left} are left`);
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, left);
  const streamAt = PARCEL_HEADER_BYTES + bytes[at + 3]!;
  const length = streamAt + view.getUint32(8, true);
  if (length > left) return broken("PARCEL_TRUNCATED", `a parcel of ${length} bytes, ${left} are left`);
  if (view.getUint32(CRC_AT, true) !== checksum(bytes, at, at + length)) {
    return broken("PARCEL_CRC", "the checksum does not hold: the parcel is damaged", at + length);
  }
  if (length - streamAt > limit)
    return broken("PARCEL_LIMIT", `a stream of ${length - streamAt} bytes, at most ${limit} are accepted`, at + length);
  const device = String.fromCharCode(...bytes.subarray(at + PARCEL_HEADER_BYTES, at + streamAt));
  const [sequence, time] = [u64(view, 12), u64(view, 20)];
  if (!isDeviceId(device) || !Number.isSafeInteger(sequence) || !Number.isSafeInteger(time) || length === streamAt) {
    return broken("PARCEL_FIELD", "a device, sequence, time or stream that no parcel has", at + length);
  }
  const parcel = { device, sequence, time, stream: bytes.subarray(at + streamAt, at + length) };
  return { result: { offset: at, length, parcel }, end: at + length };
}

/** Whether another parcel seems to begin at `at`, or nothing is left. */
function startsOrEnds(bytes: Uint8Array, at: number): boolean {
  return at === bytes.length || (bytes[at] === MAGIC[0] && bytes[at + 1] === MAGIC[1]);
}
