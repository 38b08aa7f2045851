/** Bytes of a file whose length is known before they are made; they are made anew each time they are gone through. */
export interface Chunked {
  readonly length: number;
  chunks(): Iterable<Uint8Array>;
}

/** The bytes as one array. */
export function joined(content: Chunked): Uint8Array {
  const bytes = new Uint8Array(content.length);
  let offset = 0;
  for (const chunk of content.chunks()) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}
