import { IsthmusError } from "@isthmus/math";
import { brief } from "./attributes.ts";
import { elementCount, formatShape } from "./shape.ts";

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
const METADATA = "__metadata__";
const arrays = { F32: Float32Array, I32: Int32Array, U8: Uint8Array } as const;
type StoredDType = keyof typeof arrays;

/**
 * The bytes of a `.safetensors` file: u64 header length, JSON header padded with spaces to 8 bytes, tensors without
 * gaps. Names are sorted, four-byte types first, so equal contents give equal bytes and every tensor is aligned.
 *
 * @throws TypeError data of another kind; RangeError data that do not fill their shape, or a tensor of a reserved name
 */
export function writeSafetensors({ metadata, tensors }: Safetensors): Uint8Array {
  const order = Object.entries(tensors).sort(([a, x], [b, y]) => {
    const width = y.data.BYTES_PER_ELEMENT - x.data.BYTES_PER_ELEMENT;
    return width || (a < b ? -1 : 1);
  });
  let end = 0;
  const entries = order.map(([name, tensor]) => {
    const start = end;
    end += tensor.data.byteLength;
    return [name, { dtype: dtypeOf(name, tensor), shape: tensor.shape, data_offsets: [start, end] }] as const;
  });
  const sorted = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  const header = Object.fromEntries<unknown>([[METADATA, Object.fromEntries(sorted)], ...entries]);
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

function dtypeOf(name: string, { shape, data }: StoredTensor): StoredDType {
  if (name === METADATA) throw new RangeError(`writeSafetensors: a tensor cannot be called "${METADATA}"`);
  const found = Object.entries(arrays).find(([, kind]) => data instanceof kind);
  if (!found)
    throw new TypeError(`writeSafetensors: tensor "${name}" expected a Float32Array, Int32Array or Uint8Array`);
  if (!isSizes(shape) || elementCount(shape) !== data.length) {
    throw new RangeError(`writeSafetensors: tensor "${name}" of shape ${formatShape(shape)} has ${data.length} values`);
  }
  return found[0] as StoredDType;
}

function invalid(message: string, offset: number): IsthmusError {
  return new IsthmusError("SAFETENSORS_INVALID", `not a valid safetensors file: ${message} (at byte ${offset})`, {
    offset,
  });
}

/**
 * Reads a `.safetensors` file, checking every length before it is used and that tensors cover the data without gaps
 * or overlaps, as the format demands. Tensors are copies, together no larger than the file.
 *
 * @throws IsthmusError `SAFETENSORS_INVALID` with the byte offset
 */
export function readSafetensors(bytes: Uint8Array): Safetensors {
  const { header, start } = readHeader(bytes);
  const { [METADATA]: metadata, ...entries } = header;
  const places = Object.entries(entries).map(([name, entry]) => readPlace(name, entry));
  checkCover(places, bytes.length - start, start);
  const tensors = places.map((place) => [place.name, readTensor(place, bytes, start)] as const);
  return { metadata: readMetadata(metadata), tensors: Object.fromEntries(tensors) };
}

function readHeader(bytes: Uint8Array): { header: Record<string, unknown>; start: number } {
  if (bytes.length < 8) throw invalid(`${bytes.length} bytes are too few`, 0);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > HEADER_LIMIT || length > bytes.length - 8) throw invalid(`a header of ${length} bytes does not fit`, 0);
  const header = bytes[8] === 0x7b ? parseJson(bytes.subarray(8, 8 + length)) : undefined;
  if (!isRecord(header)) throw invalid("the header is not a JSON object", 8);
  return { header, start: 8 + length };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readMetadata(entry: unknown = {}): Record<string, string> {
  if (!isRecord(entry)) throw invalid("the metadata are not an object", 8);
  if (Object.values(entry).some((value) => typeof value !== "string"))
    throw invalid("metadata values must be strings", 8);
  return entry as Record<string, string>;
}

/** Where a tensor says it lies, in bytes after the header. */
interface Place {
  readonly name: string;
  readonly dtype: StoredDType;
  readonly shape: readonly number[];
  readonly from: number;
  readonly to: number;
}

function readPlace(name: string, entry: unknown): Place {
  const { dtype, shape, data_offsets: offsets } = isRecord(entry) ? entry : {};
  const where = `tensor ${brief(name)}`;
  if (!isDType(dtype)) throw invalid(`${where} has dtype ${brief(dtype)}; known: ${Object.keys(arrays).join(", ")}`, 8);
  if (!isSizes(shape)) throw invalid(`${where} has a bad shape`, 8);
  if (!isSizes(offsets) || offsets.length !== 2) throw invalid(`${where} has bad offsets`, 8);
  const [from, to] = offsets as [number, number];
  const size = elementCount(shape) * arrays[dtype].BYTES_PER_ELEMENT;
  if (to - from !== size) throw invalid(`${where} of ${size} bytes lies at ${from}..${to}`, 8);
  return { name, dtype, shape, from, to };
}

function isDType(value: unknown): value is StoredDType {
  return typeof value === "string" && Object.hasOwn(arrays, value);
}

function isSizes(value: unknown): value is number[] {
  return (
    Array.isArray(value) &&
    value.length <= 8 &&
    value.every((item) => Number.isSafeInteger(item) && (item as number) >= 0)
  );
}

function checkCover(places: readonly Place[], length: number, start: number): void {
  let end = 0;
  for (const { name, from, to } of [...places].sort((a, b) => a.from - b.from || a.to - b.to)) {
    if (from !== end || to > length) {
      throw invalid(
        `tensor ${brief(name)} at ${from}..${to} expected to start at ${end} and end by ${length}`,
        start + end,
      );
    }
    end = to;
  }
  if (end !== length) throw invalid(`tensors cover ${end} of ${length} data bytes`, start + end);
}

function readTensor({ dtype, shape, from, to }: Place, bytes: Uint8Array, start: number): StoredTensor {
  const copy = new Uint8Array(bytes.subarray(start + from, start + to));
  return { shape, data: new arrays[dtype](copy.buffer) };
}
