/** CRC32C (Castagnoli), reflected, as in RFC 3720. */

const POLYNOMIAL: u32 = 0x82f63b78;

/**
 * The remainder after the bytes from `at` up to `end`, without the XOR at start and end.
 *
 * @param table 4,096 bytes, which it writes where they are zero: of each byte when 0, 1, 2 and 3 more have followed it (Kounavis and
 *   Berry 2005)
 */
export function remainder(table: usize, at: usize, end: usize, crc: u32): u32 {
  if (load<u32>(table, 4) == 0) writeTable(table);
  for (; at + 4 <= end; at += 4) {
    crc ^= load<u32>(at);
    crc = entry(table, crc, 3072) ^ entry(table, crc >> 8, 2048) ^ entry(table, crc >> 16, 1024) ^ entry(table, crc >> 24, 0);
  }
  for (; at < end; at++) crc = entry(table, crc ^ load<u8>(at), 0) ^ (crc >> 8);
  return crc;
}

@inline
function writeTable(table: usize): void {
  for (let i: u32 = 0; i < 1024; i++) {
    let left: u32 = i < 256 ? i : load<u32>(table + <usize>((i - 256) << 2));
    for (let bit = 0; bit < 8; bit++) left = (left >> 1) ^ (left & 1 ? POLYNOMIAL : 0);
    store<u32>(table + <usize>(i << 2), left);
  }
}

@inline
function entry(table: usize, byte: u32, behind: usize): u32 {
  return load<u32>(table + <usize>((byte & 255) << 2) + behind);
}
