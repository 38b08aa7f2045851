/** The size of the memory. */

const PAGE_BITS = 16;
const MOST: u64 = 1 << 32;

/** Makes the memory hold so many bytes; whether it does. */
export function reserve(bytes: u64): bool {
  const pages = <i32>((bytes + 65535) >> PAGE_BITS);
  return bytes < MOST && (pages <= memory.size() || memory.grow(pages - memory.size()) >= 0);
}
