import { bytesOf } from "../lazy-bytes.ts";
import type { WrittenTensor } from "../messages.ts";

/** The elements of a tensor of float32 whose length was checked, to be read; copied where bytes of a file lie as no array may. */
export function floatsOf({ data }: Pick<WrittenTensor, "data">): Float32Array {
  const bytes = bytesOf(data);
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  return new Float32Array(buffer, byteOffset, byteLength / 4);
}

/** Little-endian. */
export function asBytes({
  buffer,
  byteOffset,
  byteLength,
}: Float32Array | Int32Array | Uint16Array | Int8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
