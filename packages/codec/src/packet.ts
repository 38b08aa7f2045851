/** One packet of a session, the short form: 8 bytes and a body. `docs/format.md` is the specification. */
import { bitstreamError } from "./bitstream-error.ts";
import { crc16 } from "./crc16.ts";
import { checkInteger, type PayloadCoding } from "./frame.ts";

type PacketKind = "data" | "fragment" | "parity" | "hello";

export interface Packet {
  readonly kind: PacketKind;
  /** Of the message's payload. */
  readonly coding: PayloadCoding;
  /** 1 to 255; 0 where the message is a whole `.isth` stream. */
  readonly session: number;
  /** 0 to 65535, then from 0 again: one more with each packet. */
  readonly sequence: number;
  readonly body: Uint8Array;
}

export const PACKET_HEADER_BYTES = 8;
const CRC_AT = 6;
const MAJOR = 1;
const KINDS: readonly PacketKind[] = ["data", "fragment", "parity", "hello"];
const CODINGS: readonly PayloadCoding[] = ["learned", "raw", "deflated"];

export function writePacket({ kind, coding, session, sequence, body }: Packet): Uint8Array<ArrayBuffer> {
  checkInteger("session", session, 0, 255);
  checkInteger("body.length", body.length, 0, 0xffff);
  const bytes = new Uint8Array(PACKET_HEADER_BYTES + body.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = (MAJOR << 4) | (CODINGS.indexOf(coding) << 2) | KINDS.indexOf(kind);
  bytes[1] = session;
  view.setUint16(2, sequence, true);
  view.setUint16(4, body.length, true);
  bytes.set(body, PACKET_HEADER_BYTES);
  view.setUint16(CRC_AT, checksum(bytes), true);
  return bytes;
}

function checksum(packet: Uint8Array): number {
  return crc16(packet.subarray(PACKET_HEADER_BYTES), crc16(packet.subarray(0, CRC_AT)));
}

/**
 * The packet that the bytes are; `body` is a view of them.
 *
 * @throws IsthmusError `BITSTREAM_TRUNCATED`, `_VERSION`, `_END` for bytes after it, `_CRC` or `_UNSUPPORTED`
 */
export function readPacket(bytes: Uint8Array): Packet {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`packet: expected a Uint8Array, got ${typeof bytes}`);
  if (bytes.length < PACKET_HEADER_BYTES) {
    throw bitstreamError("BITSTREAM_TRUNCATED", bytes.length, `a packet has ${PACKET_HEADER_BYTES} bytes at least`);
  }
  const first = bytes[0]!;
  if (first >>> 4 !== MAJOR) {
    const what = `packet version ${first >>> 4}: this reader knows version ${MAJOR}`;
    throw bitstreamError("BITSTREAM_VERSION", 0, what, { major: first >>> 4 });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint16(4, true);
  const left = bytes.length - PACKET_HEADER_BYTES - length;
  if (left < 0) throw bitstreamError("BITSTREAM_TRUNCATED", bytes.length, `a body of ${length} bytes lacks ${-left}`);
  if (left > 0) throw bitstreamError("BITSTREAM_END", bytes.length - left, `${left} bytes left after the packet`);
  const [stored, computed] = [view.getUint16(CRC_AT, true), checksum(bytes)];
  if (stored !== computed) {
    const what = `checksum ${stored} does not match the packet, which gives ${computed}`;
    throw bitstreamError("BITSTREAM_CRC", CRC_AT, what, { stored, computed });
  }
  const coding = CODINGS[(first >>> 2) & 3];
  if (!coding) throw bitstreamError("BITSTREAM_UNSUPPORTED", 0, "a payload of a coding that is not known");
  return {
    kind: KINDS[first & 3]!,
    coding,
    session: bytes[1]!,
    sequence: view.getUint16(2, true),
    body: bytes.subarray(PACKET_HEADER_BYTES),
  };
}
