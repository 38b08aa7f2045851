/**
 * Bytes that are made when they are asked for, anew each time, and that nobody keeps: of a large model one tensor's are there
 * at a time.
 */
export interface LazyBytes {
  readonly length: number;
  make(): Uint8Array;
}

/** Bytes that are there, or that will be. */
export type Bytes = Uint8Array | LazyBytes;

/** The bytes themselves. */
export function bytesOf(bytes: Bytes): Uint8Array {
  return bytes instanceof Uint8Array ? bytes : bytes.make();
}
