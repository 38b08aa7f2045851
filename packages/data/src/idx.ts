import { IsthmusError } from "@isthmus/math";
import { gunzip, gunzipHead, isGzip } from "./gzip.ts";

/**
 * IDX, the format of MNIST's files (LeCun, Cortes and Burges): two zero bytes, a type code, the rank, then one
 * big-endian u32 per dimension, then the elements, big-endian, last dimension fastest.
 */
export type IdxType = "u8" | "i8" | "i16" | "i32" | "f32" | "f64";

export type IdxValues = Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;

export interface IdxArray {
  readonly type: IdxType;
  readonly shape: readonly number[];
  /** `prod(shape)` elements in the machine's byte order. For `u8` a view of the bytes that were parsed. */
  readonly values: IdxValues;
}

interface Layout {
  readonly type: IdxType;
  readonly code: number;
  readonly bytes: number;
  readonly create: (length: number) => IdxValues;
  readonly get: (view: DataView, offset: number) => number;
  readonly set: (view: DataView, offset: number, value: number) => void;
}

const LAYOUTS: readonly Layout[] = [
  {
    type: "u8",
    code: 0x08,
    bytes: 1,
    create: (n) => new Uint8Array(n),
    get: (view, at) => view.getUint8(at),
    set: (view, at, value) => view.setUint8(at, value),
  },
  {
    type: "i8",
    code: 0x09,
    bytes: 1,
    create: (n) => new Int8Array(n),
    get: (view, at) => view.getInt8(at),
    set: (view, at, value) => view.setInt8(at, value),
  },
  {
    type: "i16",
    code: 0x0b,
    bytes: 2,
    create: (n) => new Int16Array(n),
    get: (view, at) => view.getInt16(at),
    set: (view, at, value) => view.setInt16(at, value),
  },
  {
    type: "i32",
    code: 0x0c,
    bytes: 4,
    create: (n) => new Int32Array(n),
    get: (view, at) => view.getInt32(at),
    set: (view, at, value) => view.setInt32(at, value),
  },
  {
    type: "f32",
    code: 0x0d,
    bytes: 4,
    create: (n) => new Float32Array(n),
    get: (view, at) => view.getFloat32(at),
    set: (view, at, value) => view.setFloat32(at, value),
  },
  {
    type: "f64",
    code: 0x0e,
    bytes: 8,
    create: (n) => new Float64Array(n),
    get: (view, at) => view.getFloat64(at),
    set: (view, at, value) => view.setFloat64(at, value),
  },
];

/** The longest header: rank is one byte. */
const MAX_HEADER_BYTES = 4 + 4 * 255;

interface Header {
  readonly layout: Layout;
  readonly shape: readonly number[];
  /** Where the elements begin, in bytes. */
  readonly start: number;
  readonly count: number;
  /** Length of the whole file, in bytes. */
  readonly total: number;
}

/**
 * Reads an IDX file, plain or gzip (told apart by its first bytes).
 *
 * @param name where the bytes came from, for messages.
 * @throws IsthmusError `DATA_IDX` (with `name`, `offset`) when the header and the length disagree, `DATA_GZIP` when the
 * compression is damaged. Nothing is allocated from what a header claims before it is checked.
 */
export async function readIdx(bytes: Uint8Array, name?: string): Promise<IdxArray> {
  return parseIdx(await plainIdx(bytes, name), name);
}

/** The uncompressed bytes of an IDX file, plain or gzip; see `readIdx` for what is checked. */
export async function plainIdx(bytes: Uint8Array, name?: string): Promise<Uint8Array> {
  if (!isGzip(bytes)) return bytes;
  const { total } = parseHeader(await gunzipHead(bytes, MAX_HEADER_BYTES, name), name);
  return await gunzip(bytes, { maxBytes: total, ...(name !== undefined && { name }) });
}

/** Reads a plain IDX file; see `readIdx`. */
export function parseIdx(bytes: Uint8Array, name?: string): IdxArray {
  const { layout, shape, start, count, total } = parseHeader(bytes, name);
  if (bytes.length !== total) throw wrongLength(bytes.length, total, name);
  if (layout.type === "u8") {
    return { type: "u8", shape, values: new Uint8Array(bytes.buffer, bytes.byteOffset + start, count) };
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = layout.create(count);
  for (let i = 0; i < count; i++) values[i] = layout.get(view, start + i * layout.bytes);
  return { type: layout.type, shape, values };
}

/**
 * The bytes of a plain IDX file.
 *
 * @throws RangeError when the shape does not describe the values.
 */
export function writeIdx(array: IdxArray): Uint8Array<ArrayBuffer> {
  const { type, shape, values } = array;
  const layout = LAYOUTS.find((candidate) => candidate.type === type);
  if (!layout) throw new TypeError(`type: expected ${LAYOUTS.map((known) => known.type).join(", ")}, got ${type}`);
  checkShape(shape, values.length);
  const start = 4 + 4 * shape.length;
  const bytes = new Uint8Array(start + values.length * layout.bytes);
  const view = new DataView(bytes.buffer);
  view.setUint8(2, layout.code);
  view.setUint8(3, shape.length);
  shape.forEach((size, axis) => view.setUint32(4 + 4 * axis, size));
  values.forEach((value, i) => layout.set(view, start + i * layout.bytes, value));
  return bytes;
}

function parseHeader(bytes: Uint8Array, name?: string): Header {
  if (bytes.length < 4) throw corrupt(`expected a 4-byte header, got ${bytes.length} bytes`, bytes.length, name);
  if (bytes[0] !== 0 || bytes[1] !== 0)
    throw corrupt("not an IDX file: it does not begin with two zero bytes", 0, name);
  const layout = LAYOUTS.find((candidate) => candidate.code === bytes[2]);
  if (!layout) throw corrupt(`unknown type code ${bytes[2]}`, 2, name);
  const rank = bytes[3]!;
  if (rank === 0) throw corrupt("expected at least one dimension, got 0", 3, name);
  const start = 4 + 4 * rank;
  if (bytes.length < start) throw corrupt(`ends within its ${start}-byte header`, bytes.length, name);
  const view = new DataView(bytes.buffer, bytes.byteOffset, start);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const count = shape.reduce((product, size) => product * size, 1);
  const total = start + count * layout.bytes;
  if (!Number.isSafeInteger(total)) throw corrupt(`impossible dimensions ${shape.join(" x ")}`, 4, name);
  return { layout, shape, start, count, total };
}

function checkShape(shape: readonly number[], length: number): void {
  const valid = shape.length >= 1 && shape.length <= 255 && shape.every((size) => Number.isInteger(size) && size >= 0);
  if (valid && shape.reduce((product, size) => product * size, 1) === length) return;
  throw new RangeError(`shape: expected 1 to 255 dimensions with the product ${length}, got [${shape.join(", ")}]`);
}

function wrongLength(got: number, expected: number, name?: string): IsthmusError {
  if (got < expected) return corrupt(`cut short: expected ${expected} bytes, got ${got}`, got, name);
  return corrupt(`expected ${expected} bytes, got ${got - expected} more`, expected, name);
}

function corrupt(what: string, offset: number, name?: string): IsthmusError {
  return new IsthmusError("DATA_IDX", `${name ?? "IDX data"}: ${what} (at byte ${offset})`, { name, offset });
}
