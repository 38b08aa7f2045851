const POLYNOMIAL = 0x82f63b78; // 0x1edc6f41 (Castagnoli, Bräuer, Herrmann 1993) with its bits reversed

function remainderOf(byte: number): number {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? POLYNOMIAL : 0);
  return remainder >>> 0;
}

const REMAINDERS: Uint32Array = /* @__PURE__ */ Uint32Array.from({ length: 256 }, (_, byte) => remainderOf(byte));

/**
 * CRC32C (Castagnoli) as in RFC 3720, section 12.1: reflected, start and final XOR 0xffffffff.
 * The check value of the ASCII text `123456789` is `0xe3069283`.
 *
 * @param bytes what to check
 * @param previous the CRC of the bytes before these: `crc32c(b, crc32c(a))` is the CRC of `a` followed by `b`
 * @returns an unsigned 32-bit integer
 */
export function crc32c(bytes: Uint8Array, previous = 0): number {
  return crcOfRange(bytes, 0, bytes.length, previous) >>> 0;
}

/** Of the bytes from `from` up to, without, `to`; the same 32 bits, as a signed integer, which engines keep without allocating. */
export function crcOfRange(bytes: Uint8Array, from: number, to: number, previous = 0): number {
  let crc = ~previous;
  for (let i = from; i < to; i++) crc = REMAINDERS[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8);
  return ~crc;
}
