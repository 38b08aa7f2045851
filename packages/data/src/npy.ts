import { IsthmusError } from "@isthmus/math";

/**
 * NPY, NumPy's array file (NEP 1; versions 1.0, 2.0 and 3.0): magic, version, a header that is a Python dict literal,
 * then the elements.
 */
export type NpyType = "u8" | "i8" | "u16" | "i16" | "u32" | "i32" | "u64" | "i64" | "f32" | "f64";

export type NpyValues =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

export interface NpyArray {
  /** Kind (u unsigned, i signed, f float) and bits per element. */
  readonly type: NpyType;
  /** `[]` for a scalar. */
  readonly shape: readonly number[];
  /** `prod(shape)` elements, row-major (last dimension fastest), in the machine's byte order. */
  readonly values: NpyValues;
}

interface Layout {
  /** NumPy's own name counts bytes. */
  readonly code: string;
  readonly bytes: number;
  readonly create: (buffer: ArrayBuffer) => NpyValues;
}

const LAYOUTS: Readonly<Record<NpyType, Layout>> = {
  u8: { code: "u1", bytes: 1, create: (buffer) => new Uint8Array(buffer) },
  i8: { code: "i1", bytes: 1, create: (buffer) => new Int8Array(buffer) },
  u16: { code: "u2", bytes: 2, create: (buffer) => new Uint16Array(buffer) },
  i16: { code: "i2", bytes: 2, create: (buffer) => new Int16Array(buffer) },
  u32: { code: "u4", bytes: 4, create: (buffer) => new Uint32Array(buffer) },
  i32: { code: "i4", bytes: 4, create: (buffer) => new Int32Array(buffer) },
  u64: { code: "u8", bytes: 8, create: (buffer) => new BigUint64Array(buffer) },
  i64: { code: "i8", bytes: 8, create: (buffer) => new BigInt64Array(buffer) },
  f32: { code: "f4", bytes: 4, create: (buffer) => new Float32Array(buffer) },
  f64: { code: "f8", bytes: 8, create: (buffer) => new Float64Array(buffer) },
};

const TYPES = Object.keys(LAYOUTS) as NpyType[];
/** NumPy's own limit for files it does not trust. */
const MAX_HEADER_BYTES = 10_000;
const MAGIC = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59);
const LITTLE_ENDIAN_MACHINE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

interface Header {
  readonly type: NpyType;
  readonly swap: boolean;
  readonly columnMajor: boolean;
  readonly shape: readonly number[];
  /** Where the elements begin, in bytes. */
  readonly start: number;
  readonly count: number;
}

/**
 * Reads an NPY file: whole numbers of 8 to 64 bits, float32 and float64, in either byte order, row-major or column-major
 * (which is converted).
 *
 * @param name where the bytes came from, for messages.
 * @throws IsthmusError `DATA_NPY` (with `name`, `offset`) when the file is not NPY, holds another type, or its header
 * and length disagree. Nothing is allocated from what a header claims before it is checked.
 */
export function parseNpy(bytes: Uint8Array, name?: string): NpyArray {
  const header = parseHeader(bytes, name);
  const { type, shape, start, count } = header;
  const width = LAYOUTS[type].bytes;
  const total = start + count * width;
  if (bytes.length !== total) {
    throw corrupt(`expected ${total} bytes for ${type} [${shape.join(", ")}], got ${bytes.length}`, start, name);
  }
  const data = new Uint8Array(bytes.subarray(start));
  if (header.swap) swapBytes(data, width);
  const values = LAYOUTS[type].create(data.buffer);
  return { type, shape, values: header.columnMajor ? toRowMajor(values, shape) : values };
}

/**
 * An NPY file, version 1.0, little-endian, row-major.
 *
 * @throws TypeError when the values are not an array NPY can hold; RangeError when the shape does not describe them.
 */
export function writeNpy(array: Pick<NpyArray, "shape" | "values">): Uint8Array<ArrayBuffer> {
  const { shape, values } = array;
  const type = typeOf(values);
  checkShape(shape, values.length);
  const header = headerText(type, shape);
  const start = MAGIC.length + 4 + header.length;
  const width = LAYOUTS[type].bytes;
  const bytes = new Uint8Array(start + values.byteLength);
  bytes.set(MAGIC);
  bytes.set([1, 0, header.length & 0xff, header.length >> 8], MAGIC.length);
  bytes.set(new TextEncoder().encode(header), MAGIC.length + 4);
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), start);
  if (!LITTLE_ENDIAN_MACHINE) swapBytes(bytes.subarray(start), width);
  return bytes;
}

function typeOf(values: NpyValues): NpyType {
  const empty = new ArrayBuffer(0);
  const type = TYPES.find((known) => LAYOUTS[known].create(empty).constructor === values.constructor);
  if (type) return type;
  throw new TypeError(`values: expected a typed array of numbers NPY can hold, got ${values.constructor.name}`);
}

function checkShape(shape: readonly number[], length: number): void {
  const valid = shape.every((size) => Number.isInteger(size) && size >= 0);
  if (valid && product(shape) === length && shape.length <= 32) return;
  throw new RangeError(`shape: expected at most 32 dimensions with the product ${length}, got [${shape.join(", ")}]`);
}

/** The dict as NumPy prints it, padded with spaces so that the elements begin at a multiple of 64. */
function headerText(type: NpyType, shape: readonly number[]): string {
  const descr = `${LAYOUTS[type].bytes === 1 ? "|" : "<"}${LAYOUTS[type].code}`;
  const sizes = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${sizes}, }`;
  const used = MAGIC.length + 4 + dict.length + 1;
  return `${dict}${" ".repeat((64 - (used % 64)) % 64)}\n`;
}

function parseHeader(bytes: Uint8Array, name?: string): Header {
  if (MAGIC.some((byte, i) => bytes[i] !== byte)) throw corrupt("not an NPY file", 0, name);
  const major = bytes[6];
  if (major === undefined || bytes.length < 12) throw corrupt("ends within its header", bytes.length, name);
  if (major < 1 || major > 3) throw corrupt(`unknown NPY version ${major}.${bytes[7]}`, 6, name);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const textStart = major === 1 ? 10 : 12;
  const start = textStart + (major === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (start - textStart > MAX_HEADER_BYTES) {
    throw corrupt(`header of ${start - textStart} bytes: expected at most ${MAX_HEADER_BYTES}`, 8, name);
  }
  if (bytes.length < start) throw corrupt("ends within its header", bytes.length, name);
  const fields = parseDict(new TextDecoder().decode(bytes.subarray(textStart, start)), textStart, name);
  const shape = parseShape(fields.shape, textStart, name);
  const { type, swap } = parseDescr(fields.descr, textStart, name);
  return {
    type,
    swap,
    columnMajor: parseBool(fields.fortran_order, textStart, name),
    shape,
    start,
    count: product(shape),
  };
}

interface Fields {
  readonly descr: string;
  readonly fortran_order: string;
  readonly shape: string;
}

/** The dict's three values as text. Only what NumPy itself writes is understood; it is never evaluated. */
function parseDict(text: string, offset: number, name?: string): Fields {
  const body = /^\{(.*)\}\s*$/s.exec(text)?.[1];
  if (body === undefined) throw corrupt("the header is not a dict", offset, name);
  const fields = new Map<string, string>();
  const field = /\s*'(\w+)'\s*:\s*('[^']*'|True|False|\([\d,\sL]*\)|\[.*\])\s*(?:,\s*|$)/sy;
  while (field.lastIndex < body.length) {
    const match = field.exec(body);
    if (!match || fields.has(match[1]!)) throw corrupt("the header is not a dict of NPY's fields", offset, name);
    fields.set(match[1]!, match[2]!);
  }
  const [descr, order, shape] = ["descr", "fortran_order", "shape"].map((key) => fields.get(key));
  if (fields.size === 3 && descr && order && shape) return { descr, fortran_order: order, shape };
  throw corrupt("the header must have descr, fortran_order and shape, and no more", offset, name);
}

function parseDescr(text: string, offset: number, name?: string): Pick<Header, "type" | "swap"> {
  const match = /^'([<>|=])(\w+)'$/.exec(text);
  const type = TYPES.find((known) => LAYOUTS[known].code === match?.[2]);
  if (!match || !type) throw corrupt(`element type ${text}: expected one of ${TYPES.join(", ")}`, offset, name);
  const foreign = LITTLE_ENDIAN_MACHINE ? ">" : "<";
  return { type, swap: match[1] === foreign };
}

function parseBool(text: string, offset: number, name?: string): boolean {
  if (text === "True") return true;
  if (text === "False") return false;
  throw corrupt(`fortran_order: expected True or False, got ${text}`, offset, name);
}

function parseShape(text: string, offset: number, name?: string): number[] {
  const match = /^\(\s*((?:\d+L?\s*,\s*)*(?:\d+L?)?)\s*\)$/.exec(text);
  const sizes = match?.[1]?.split(",").filter((part) => part.trim() !== "") ?? [];
  const shape = sizes.map((part) => Number.parseInt(part, 10));
  const wellFormed = match !== null && (text.includes(",") || shape.length === 0) && shape.length <= 32;
  // A product past 2^53 is caught by the largest possible element width too.
  if (wellFormed && Number.isSafeInteger(product(shape) * 8) && shape.every(Number.isSafeInteger)) return shape;
  throw corrupt(`shape ${text}: expected a tuple of at most 32 sizes`, offset, name);
}

function swapBytes(bytes: Uint8Array, width: number): void {
  for (let i = 0; i < bytes.length; i += width) bytes.subarray(i, i + width).reverse();
}

/** Element (i0, i1, ...) of a column-major array stands at i0 + shape[0] * (i1 + shape[1] * ...). */
function toRowMajor(values: NpyValues, shape: readonly number[]): NpyValues {
  const source = values as unknown as { [index: number]: number };
  const out = values.slice();
  const target = out as unknown as { [index: number]: number };
  const index = shape.map(() => 0);
  const strides = shape.map((_, axis) => product(shape.slice(0, axis)));
  for (let row = 0, from = 0; row < out.length; row++) {
    target[row] = source[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total * size, 1);
}

function corrupt(what: string, offset: number, name?: string): IsthmusError {
  return new IsthmusError("DATA_NPY", `${name ?? "NPY data"}: ${what} (at byte ${offset})`, { name, offset });
}
