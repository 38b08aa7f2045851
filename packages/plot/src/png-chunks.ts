/** The chunks that a PNG file is made of (PNG specification, third edition, 5). */

/** They come after so many bytes. */
export const SIGNATURE = 8;
/** Length and type before a chunk's data, the check behind them. */
const [BEFORE, AFTER] = [8, 4] as const;

export interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
}

/** The chunks of a whole file. */
export function chunksOf(png: Uint8Array): Chunk[] {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const chunks: Chunk[] = [];
  for (let at = SIGNATURE; at < png.length;) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...png.subarray(at + 4, at + BEFORE));
    chunks.push({ type, data: png.subarray(at + BEFORE, at + BEFORE + length) });
    at += BEFORE + length + AFTER;
  }
  return chunks;
}

/** A chunk as it stands in a file. */
export function chunk(type: string, data: Uint8Array): Uint8Array {
  const checked = joined([Uint8Array.from(type, (letter) => letter.charCodeAt(0)), data]);
  return joined([bigEndian(data.length), checked, bigEndian(crc32(checked))]);
}

/** Four bytes each, the highest first. */
export function bigEndian(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => view.setUint32(4 * index, value));
  return bytes;
}

/** One behind the other. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** x^32 + x^26 + x^23 + ... + 1 with its bits reversed (PNG specification, annex D). */
const POLYNOMIAL = 0xedb88320;
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? POLYNOMIAL ^ (remainder >>> 1) : remainder >>> 1;
  return remainder;
});

function crc32(bytes: Uint8Array): number {
  let remainder = 0xffffffff;
  for (const byte of bytes) remainder = TABLE[(remainder ^ byte) & 255]! ^ (remainder >>> 8);
  return (remainder ^ 0xffffffff) >>> 0;
}
