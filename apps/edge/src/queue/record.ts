import { crc32c } from "@isthmus/codec";

/** What a segment of the queue holds of each frame: the parcel that is sent, and where its source was behind it, in one piece. */
export interface QueueRecord {
  readonly parcel: Uint8Array;
  /** Where the source goes on after this frame, in its own words; empty where it cannot. */
  readonly cursor: string;
}

/*
 * c9 51 | u16 0 | u32 CRC32C of all else | u32 length of the parcel | u32 length of the cursor | cursor, UTF-8 | parcel
 */
const MAGIC = [0xc9, 0x51] as const;
const HEADER_BYTES = 16;
const CRC_AT = 4;

export function writeRecord({ parcel, cursor }: QueueRecord): Uint8Array {
  const text = new TextEncoder().encode(cursor);
  const bytes = new Uint8Array(HEADER_BYTES + text.length + parcel.length);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint32(12, text.length, true);
  view.setUint32(8, parcel.length, true);
  bytes.set(text, HEADER_BYTES);
  bytes.set(parcel, HEADER_BYTES + text.length);
  view.setUint32(CRC_AT, checksum(bytes), true);
  return bytes;
}

function checksum(record: Uint8Array): number {
  return crc32c(record.subarray(CRC_AT + 4), crc32c(record.subarray(0, CRC_AT)));
}

/** A record where it was found. */
export class FoundRecord implements QueueRecord {
  readonly offset: number;
  readonly length: number;
  /** A view. */
  readonly parcel: Uint8Array;
  readonly #cursor: Uint8Array;

  constructor(offset: number, record: Uint8Array, cursorBytes: number) {
    this.offset = offset;
    this.length = record.length;
    this.parcel = record.subarray(HEADER_BYTES + cursorBytes);
    this.#cursor = record.subarray(HEADER_BYTES, HEADER_BYTES + cursorBytes);
  }

  get cursor(): string {
    return new TextDecoder().decode(this.#cursor);
  }
}

/** The record that begins at `at`; `undefined` where no whole one does. */
export function recordAt(bytes: Uint8Array, at: number): FoundRecord | undefined {
  if (bytes[at] !== MAGIC[0] || bytes[at + 1] !== MAGIC[1] || bytes.length - at < HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, HEADER_BYTES);
  const cursorBytes = view.getUint32(12, true);
  const length = HEADER_BYTES + cursorBytes + view.getUint32(8, true);
  if (length > bytes.length - at) return undefined;
  const record = bytes.subarray(at, at + length);
  return checksum(record) === view.getUint32(CRC_AT, true) ? new FoundRecord(at, record, cursorBytes) : undefined;
}

/** All whole records in the bytes; what is damaged between them is passed over. */
export function* recordsIn(bytes: Uint8Array): Generator<FoundRecord> {
  for (let at = 0; at >= 0 && at < bytes.length;) {
    const record = recordAt(bytes, at);
    if (record) yield record;
    at = record ? at + record.length : bytes.indexOf(MAGIC[0], at + 1);
  }
}
