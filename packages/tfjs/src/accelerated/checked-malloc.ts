import { IsthmusError } from "@isthmus/math";

/** WebAssembly's addresses have 32 bits. */
const MOST_BYTES = 2 ** 32 - 2 ** 16;

/**
 * What `malloc` answers, which tfjs does not look at: beyond 4 GiB the number of bytes wraps around to a small one, and when
 * memory is out the address is 0.
 *
 * @throws IsthmusError `TFJS_OUT_OF_MEMORY`
 */
export function requireBytes(bytes: number, malloc: (bytes: number) => number): number {
  const address = bytes <= MOST_BYTES ? malloc(bytes) : 0;
  if (address !== 0 || bytes === 0) return address;
  const message = `TensorFlow.js's WebAssembly memory has no room for an array of ${bytes} bytes (4 GiB is all there can be); dispose of tensors, or use smaller ones`;
  throw new IsthmusError("TFJS_OUT_OF_MEMORY", message, { bytes, most: MOST_BYTES });
}
