import { IsthmusError } from "@isthmus/math";

export interface GunzipOptions {
  /** Where the bytes came from, for messages. */
  readonly name?: string;
  /** Refuse more than this many uncompressed bytes, in bytes. */
  readonly maxBytes: number;
}

/** Whether `bytes` begin like a gzip member (RFC 1952: 1f 8b). */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * All uncompressed bytes.
 *
 * Memory is bounded by what actually arrives and by `maxBytes`, never by what a header claims.
 *
 * @throws IsthmusError `DATA_GZIP` when the stream is damaged, cut short or larger than `maxBytes`.
 */
export async function gunzip(bytes: Uint8Array, options: GunzipOptions): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of inflate(bytes, options.name)) {
    length += chunk.length;
    if (length > options.maxBytes) throw tooLarge(options);
    chunks.push(chunk);
  }
  return concat(chunks, length);
}

/** The first uncompressed bytes, at most `length`; the rest is not inflated. */
export async function gunzipHead(bytes: Uint8Array, length: number, name?: string): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let got = 0;
  for await (const chunk of inflate(bytes, name)) {
    chunks.push(chunk);
    got += chunk.length;
    if (got >= length) break;
  }
  return concat(chunks, got).subarray(0, length);
}

async function* inflate(bytes: Uint8Array, name?: string): AsyncGenerator<Uint8Array, void, undefined> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream("gzip"));
  const reader = stream.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } catch (cause) {
    const message = `${name ?? "gzip data"}: damaged or cut short (gzip)`;
    throw new IsthmusError("DATA_GZIP", message, { name, bytes: bytes.length }, { cause });
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function tooLarge({ name, maxBytes }: GunzipOptions): IsthmusError {
  const message = `${name ?? "gzip data"}: inflates to more than the ${maxBytes} bytes expected`;
  return new IsthmusError("DATA_GZIP", message, { name, maxBytes });
}

function concat(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    out.set(chunk, offset);
    offset += chunk.length;
  }
  return out;
}
