import type { Tensor } from "../messages.ts";

/** The elements of a tensor of float32 whose length was checked; copied, because bytes of a file lie anywhere. */
export function floatsOf({ data }: Tensor): Float32Array {
  return new Float32Array(new Uint8Array(data).buffer);
}

/** Little-endian. */
export function bytesOf(values: Float32Array | Int32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
