import { IsthmusError } from "@isthmus/math";

/** One tensor of a `.safetensors` file. The kind of array decides the dtype: F32, I32, U8. */
export interface StoredTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | Uint8Array;
}

export interface Safetensors {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: Readonly<Record<string, StoredTensor>>;
}

const HEADER_LIMIT = 64 * 1024 * 1024;
const dtypes = {
  F32: { array: Float32Array, bytes: 4 },
  I32: { array: Int32Array, bytes: 4 },
  U8: { array: Uint8Array, bytes: 1 },
} as const;
type StoredDType = keyof typeof dtypes;

function dtypeOf({ data }: StoredTensor): StoredDType {
  if (data instanceof Float32Array) return "F32";
  return data instanceof Int32Array ? "I32" : "U8";
}

/**
 * The bytes of a `.safetensors` file: u64 header length, JSON header padded with spaces to 8 bytes, tensors without
 * gaps. Names are sorted, four-byte types first, so equal contents give equal bytes and every tensor is aligned.
 */
export function writeSafetensors({ metadata, tensors }: Safetensors): Uint8Array {
  const order = Object.entries(tensors).sort(([a, x], [b, y]) => {
    const width = dtypes[dtypeOf(y)].bytes - dtypes[dtypeOf(x)].bytes;
    return width || (a < b ? -1 : 1);
  });
  const header: Record<string, unknown> = { __metadata__: Object.fromEntries(Object.entries(metadata).sort(byName)) };
  let end = 0;
  for (const [name, tensor] of order) {
    const start = end;
    end += tensor.data.byteLength;
    header[name] = { dtype: dtypeOf(tensor), shape: tensor.shape, data_offsets: [start, end] };
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const headerBytes = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerBytes + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.fill(0x20, 8, 8 + headerBytes).set(text, 8);
  let offset = 8 + headerBytes;
  for (const [, { data }] of order) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return bytes;
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

function invalid(message: string, offset: number): IsthmusError {
  return new IsthmusError("SAFETENSORS_INVALID", `not a valid safetensors file: ${message} (at byte ${offset})`, { offset });
}

/**
 * Reads a `.safetensors` file, checking every length before it is used. Tensors are copies.
 *
 * @throws IsthmusError `SAFETENSORS_INVALID` with the byte offset
 */
export function readSafetensors(bytes: Uint8Array): Safetensors {
  const { header, start } = readHeader(bytes);
  const metadata: Record<string, string> = {};
  const tensors: Record<string, StoredTensor> = {};
  let covered = 0;
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") {
      Object.assign(metadata, readMetadata(entry));
      continue;
    }
    const tensor = readTensor(name, entry, bytes, start);
    covered += tensor.data.byteLength;
    tensors[name] = tensor;
  }
  if (covered !== bytes.length - start) {
    throw invalid(`tensors cover ${covered} of ${bytes.length - start} data bytes`, start);
  }
  return { metadata, tensors };
}

function readHeader(bytes: Uint8Array): { header: Record<string, unknown>; start: number } {
  if (bytes.length < 8) throw invalid(`${bytes.length} bytes are too few`, 0);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > HEADER_LIMIT || length > bytes.length - 8) throw invalid(`header of ${length} bytes does not fit`, 0);
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, 8 + length));
    const header = JSON.parse(text) as unknown;
    if (typeof header !== "object" || header === null || Array.isArray(header)) throw new Error("not an object");
    return { header: header as Record<string, unknown>, start: 8 + length };
  } catch {
    throw invalid("the header is not a JSON object", 8);
  }
}

function readMetadata(entry: unknown): Record<string, string> {
  const pairs = Object.entries((entry ?? {}) as Record<string, unknown>);
  if (pairs.some(([, value]) => typeof value !== "string")) throw invalid("metadata values must be strings", 8);
  return Object.fromEntries(pairs) as Record<string, string>;
}

function readTensor(name: string, entry: unknown, bytes: Uint8Array, start: number): StoredTensor {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  const kind = dtypes[dtype as StoredDType];
  if (!kind) throw invalid(`tensor "${name}" has dtype ${String(dtype)}; known: ${Object.keys(dtypes).join(", ")}`, 8);
  if (!isSizes(shape)) throw invalid(`tensor "${name}" has a bad shape`, 8);
  if (!isSizes(offsets) || offsets.length !== 2) throw invalid(`tensor "${name}" has bad offsets`, 8);
  const [from, to] = offsets as [number, number];
  const size = shape.reduce((product, dim) => product * dim, kind.bytes);
  if (to - from !== size || start + to > bytes.length) {
    throw invalid(`tensor "${name}" of ${size} bytes lies at ${from}..${to} of ${bytes.length - start}`, start + from);
  }
  const copy = bytes.slice(start + from, start + to);
  return { shape, data: new kind.array(copy.buffer, 0, size / kind.bytes) };
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.length <= 8 && value.every((item) => Number.isSafeInteger(item) && (item as number) >= 0);
}
