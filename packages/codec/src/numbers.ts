/**
 * Whole numbers in as few bytes as they need: seven bits in each, the lowest first, the high bit set in all but the last
 * (LEB128). Each number has one form: no last byte is 0 but that of 0 itself.
 */

/** Of 0 to 2^32 - 1: 1 to 5 bytes. */
export function numberBytes(value: number): number[] {
  const bytes: number[] = [];
  let left = value;
  for (; left > 0x7f; left = Math.floor(left / 128)) bytes.push((left & 0x7f) | 0x80);
  return [...bytes, left];
}

/** The number that begins at `at` and where it ends; nothing when none does that is below 2^32 and in its one form. */
export function numberAt(bytes: Uint8Array, at: number): { readonly value: number; readonly end: number } | undefined {
  let value = 0;
  for (let i = 0; i < 5; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return value < 2 ** 32 && (byte > 0 || i === 0) ? { value, end: at + i + 1 } : undefined;
  }
  return undefined;
}

/** So many numbers, one after the other, and nothing else; nothing when the bytes are anything else. */
export function numbersOf(bytes: Uint8Array, count: number): number[] | undefined {
  const numbers: number[] = [];
  let at = 0;
  while (numbers.length < count) {
    const next = numberAt(bytes, at);
    if (!next) return undefined;
    numbers.push(next.value);
    at = next.end;
  }
  return at === bytes.length ? numbers : undefined;
}
