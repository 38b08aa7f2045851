/** Codes of TensorProto.DataType that are called by name. */
export const FLOAT = 1;
export const UINT8 = 2;
export const INT8 = 3;
export const INT32 = 6;
export const INT64 = 7;
export const TEXT = 8;
export const BOOL = 9;
export const FLOAT16 = 10;

/** One of TensorProto.DataType: its name, the bytes of an element, and how one is read and written, little-endian. */
export interface DataType {
  readonly name: string;
  readonly bytes: number;
  readonly kind: "float" | "integer" | "bool";
  /** An integer beyond 2^53 is rounded. */
  read(view: DataView, at: number): number;
  /** Writes what a file spells out as a number of its own: of the 16-bit floats, their bits. */
  write(view: DataView, at: number, value: number): void;
}

const LARGEST_INT64 = 2n ** 63n - 1n;

/** As BigInt, where 2^63, to which the largest integer was rounded, is that again. */
function int64(value: number): bigint {
  const exact = BigInt(value);
  return exact > LARGEST_INT64 ? LARGEST_INT64 : exact;
}

/** IEEE 754 binary16: a sign, 5 bits of exponent, 10 of significand. */
export function halfFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return exponent ? sign * 2 ** (exponent - 25) * (1024 + fraction) : sign * 2 ** -24 * fraction;
}

const asSingle = new Float32Array(1);
const asBits = new Uint32Array(asSingle.buffer);

/** The binary16 numbers around one are 2^(n - 24) apart: n is at least 0, for what lies below 2^-13, and at most 29. */
function halfSpacing(value: number): number {
  asSingle[0] = value;
  return Math.max(((asBits[0]! >>> 23) & 255) - 113, 0);
}

const halfSteps = Float64Array.from({ length: 30 }, (_, n) => 2 ** (n - 24));
const stepsIn = halfSteps.map((step) => 1 / step);

/** Numbers of this size are 1 apart: added and taken away again, it leaves the nearest integer, of two the even one. */
const ROUNDER = 1.5 * 2 ** 52;

/** From here on a number rounds to infinity. */
const HALF_OVERFLOW = 65_520;

/** The bits of the nearest binary16, of two the even one; those beyond its largest are infinite. */
export function halfBits(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const size = Math.abs(value);
  const n = halfSpacing(value);
  const sign = (asBits[0]! >>> 16) & 0x8000;
  if (size >= HALF_OVERFLOW) return sign | 0x7c00;
  // A rounding up to 2048 steps carries into the exponent; fewer than 1024 are subnormal.
  return sign | ((n << 10) + (size * stepsIn[n]! + ROUNDER - ROUNDER));
}

/** The nearest binary16 as a number: `halfFloat(halfBits(value))`. */
export function nearestHalf(value: number): number {
  const size = Math.abs(value);
  if (!(size < HALF_OVERFLOW)) return value * Number.POSITIVE_INFINITY;
  const n = halfSpacing(value);
  return Math.sign(value) * (size * stepsIn[n]! + ROUNDER - ROUNDER) * halfSteps[n]!;
}

const asFloat = new DataView(new ArrayBuffer(4));

/** The upper half of a float32. */
function brainFloat(bits: number): number {
  asFloat.setUint32(0, bits * 0x10000);
  return asFloat.getFloat32(0);
}

type Describe = Omit<DataType, "bytes" | "kind" | "name">;

const described = (name: string, bytes: number, kind: DataType["kind"], access: Describe): DataType => ({
  name,
  bytes,
  kind,
  ...access,
});

const bits16 = (view: DataView, at: number, value: number): void => view.setUint16(at, value, true);

/** TensorProto.DataType, as far as networks have them; 8 is text, 14 and 15 are complex numbers. */
export const dataTypes: Readonly<Record<number, DataType | undefined>> = {
  1: described("float32", 4, "float", {
    read: (view, at) => view.getFloat32(at, true),
    write: (view, at, value) => view.setFloat32(at, value, true),
  }),
  2: described("uint8", 1, "integer", {
    read: (view, at) => view.getUint8(at),
    write: (view, at, value) => view.setUint8(at, value),
  }),
  3: described("int8", 1, "integer", {
    read: (view, at) => view.getInt8(at),
    write: (view, at, value) => view.setInt8(at, value),
  }),
  4: described("uint16", 2, "integer", { read: (view, at) => view.getUint16(at, true), write: bits16 }),
  5: described("int16", 2, "integer", { read: (view, at) => view.getInt16(at, true), write: bits16 }),
  6: described("int32", 4, "integer", {
    read: (view, at) => view.getInt32(at, true),
    write: (view, at, value) => view.setInt32(at, value, true),
  }),
  7: described("int64", 8, "integer", {
    read: (view, at) => Number(view.getBigInt64(at, true)),
    write: (view, at, value) => view.setBigInt64(at, int64(value), true),
  }),
  9: described("bool", 1, "bool", {
    read: (view, at) => (view.getUint8(at) ? 1 : 0),
    write: (view, at, value) => view.setUint8(at, value ? 1 : 0),
  }),
  10: described("float16", 2, "float", { read: (view, at) => halfFloat(view.getUint16(at, true)), write: bits16 }),
  11: described("float64", 8, "float", {
    read: (view, at) => view.getFloat64(at, true),
    write: (view, at, value) => view.setFloat64(at, value, true),
  }),
  12: described("uint32", 4, "integer", {
    read: (view, at) => view.getUint32(at, true),
    write: (view, at, value) => view.setUint32(at, value, true),
  }),
  13: described("uint64", 8, "integer", {
    read: (view, at) => Number(view.getBigUint64(at, true)),
    write: (view, at, value) => view.setBigUint64(at, BigInt.asUintN(64, BigInt(value)), true),
  }),
  16: described("bfloat16", 2, "float", { read: (view, at) => brainFloat(view.getUint16(at, true)), write: bits16 }),
};

/** The type of that name. */
export function typeNamed(name: string): DataType | undefined {
  return Object.values(dataTypes).find((type) => type?.name === name);
}

/** The name of an element type, such as `float32`; `type 8` for one that is not a number. */
export function typeName(code: number): string {
  return dataTypes[code]?.name ?? `type ${code}`;
}
