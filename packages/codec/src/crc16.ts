const POLYNOMIAL = 0x1021; // x^16 + x^12 + x^5 + 1 (CCITT)

/**
 * CRC-16 as ITU-T V.41 divides, not reflected, start ffff, no final XOR (known as CCITT-FALSE, or IBM-3740). The check
 * value of the ASCII text `123456789` is `29b1`. Packets are short, so no table is worth its place.
 *
 * @param previous the CRC of the bytes before these
 */
export function crc16(bytes: Uint8Array, previous = 0xffff): number {
  let crc = previous;
  for (let i = 0; i < bytes.length; i++) {
    crc ^= bytes[i]! << 8;
    for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ (crc & 0x8000 ? POLYNOMIAL : 0)) & 0xffff;
  }
  return crc;
}
