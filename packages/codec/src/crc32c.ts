const POLYNOMIAL = 0x82f63b78; // 0x1edc6f41 (Castagnoli, Bräuer, Herrmann 1993) with its bits reversed

const REMAINDERS: Uint32Array = /* @__PURE__ */ remainders();

/** Of each byte when 0, 1, 2 and 3 more have followed it, 256 numbers each: four bytes are divided at once (Kounavis and Berry 2005). */
function remainders(): Uint32Array {
  const all = new Uint32Array(1024);
  for (let i = 0; i < all.length; i++) {
    let remainder = i < 256 ? i : all[i - 256]!;
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? POLYNOMIAL : 0);
    all[i] = remainder;
  }
  return all;
}

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
  let i = from;
  for (; i + 4 <= to; i += 4) {
    crc =
      REMAINDERS[768 + ((crc ^ bytes[i]!) & 0xff)]! ^
      REMAINDERS[512 + (((crc >>> 8) ^ bytes[i + 1]!) & 0xff)]! ^
      REMAINDERS[256 + (((crc >>> 16) ^ bytes[i + 2]!) & 0xff)]! ^
      REMAINDERS[(crc >>> 24) ^ bytes[i + 3]!]!;
  }
  for (; i < to; i++) crc = REMAINDERS[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8);
  return ~crc;
}
