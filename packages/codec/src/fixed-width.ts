/** Symbols as integers of one width each: what stands in for rANS where that would be longer. */
import { bitstreamError } from "./bitstream-error.ts";

/** The bits of two's complement that all symbols need, or the first `count` of them, 1 to 32. */
export function widthOf(symbols: Int32Array, count: number = symbols.length): number {
  let used = 0;
  for (let i = 0; i < count; i++) used |= symbols[i]! ^ (symbols[i]! >> 31);
  return 33 - Math.clz32(used);
}

/** In bytes: the width, then the symbols. */
export function fixedWidthLength(symbols: number, width: number): number {
  return 1 + Math.ceil((symbols * width) / 8);
}

/** The width (1 byte), then the symbols in so many bits of two's complement, lowest bit first, filled up with 0 bits. */
export function encodeFixedWidth(symbols: Int32Array, width: number = widthOf(symbols)): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(fixedWidthLength(symbols.length, width));
  writeFixedWidth(symbols, symbols.length, width, bytes, 0);
  return bytes;
}

/** The same of the first `count` symbols, into `bytes` from `from` on. */
export function writeFixedWidth(
  symbols: Int32Array,
  count: number,
  width: number,
  bytes: Uint8Array,
  from: number,
): void {
  bytes.fill(0, from, from + fixedWidthLength(count, width));
  bytes[from] = width;
  let at = 8 * (from + 1);
  for (let i = 0; i < count; i++) {
    for (let bit = 0; bit < width; bit++, at++) bytes[at >>> 3]! |= ((symbols[i]! >>> bit) & 1) << (at & 7);
  }
}

/**
 * Whether the bytes are so many symbols as `encodeFixedWidth` writes them, whichever these are.
 *
 * @param base added to offsets in errors
 * @returns the width
 * @throws IsthmusError `BITSTREAM_STATE` for a width that is not 1 to 32, `BITSTREAM_END` for another number of bytes than
 *   the symbols take, or bits after them
 */
export function checkFixedWidth(bytes: Uint8Array, symbols: number, base = 0): number {
  const width = bytes[0] ?? 0;
  if (width < 1 || width > 32)
    throw bitstreamError("BITSTREAM_STATE", base, `symbols of ${width} bits: expected 1 to 32`);
  const expected = fixedWidthLength(symbols, width);
  if (bytes.length !== expected) {
    throw bitstreamError("BITSTREAM_END", base, `${bytes.length} bytes of raw symbols: expected ${expected}`);
  }
  const used = (symbols * width) % 8;
  if (used !== 0 && bytes.at(-1)! >>> used !== 0) {
    throw bitstreamError("BITSTREAM_END", base + bytes.length - 1, "bits are left after the last raw symbol");
  }
  return width;
}

/** Decodes what `encodeFixedWidth` made into `symbols`; throws as `checkFixedWidth`. */
export function decodeFixedWidth(bytes: Uint8Array, symbols: Int32Array, base = 0): void {
  const width = checkFixedWidth(bytes, symbols.length, base);
  let at = 8;
  for (let i = 0; i < symbols.length; i++) {
    let value = 0;
    for (let bit = 0; bit < width; bit++, at++) value |= ((bytes[at >>> 3]! >>> (at & 7)) & 1) << bit;
    symbols[i] = (value << (32 - width)) >> (32 - width);
  }
}
