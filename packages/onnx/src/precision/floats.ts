import { bytesOf } from "../lazy-bytes.ts";
import type { WrittenTensor } from "../messages.ts";

/** The elements of a tensor of float32 whose length was checked; copied, because bytes of a file lie anywhere. */
export function floatsOf({ data }: Pick<WrittenTensor, "data">): Float32Array {
  return new Float32Array(new Uint8Array(bytesOf(data)).buffer);
}

/** Little-endian. */
export function asBytes({ buffer, byteOffset, byteLength }: Float32Array | Int32Array | Int8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
