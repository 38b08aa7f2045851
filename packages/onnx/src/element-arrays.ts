/** Numbers as runtimes take them: arrays of the elements of an ONNX type, and the bytes of those. */
import { halfBits, typeNamed } from "./data-types.ts";

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  bool: Uint8Array,
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  uint64: BigUint64Array,
  int64: BigInt64Array,
} as const satisfies Record<ElementName, unknown>;

/** The types that numbers are written in and read of. */
export type ElementName =
  | ("float32" | "float64" | "float16" | "bool")
  | ("uint8" | "int8" | "uint16" | "int16" | "uint32" | "int32" | "uint64" | "int64");

/** Elements of one of them, as onnxruntime has them in JavaScript; of float16 their bits. */
export type ElementArray =
  | (Float32Array | Float64Array)
  | (Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array)
  | (BigUint64Array | BigInt64Array);

/** Whether numbers can be had as elements of that type. */
export function isElementName(dtype: string): dtype is ElementName {
  return Object.hasOwn(arrays, dtype);
}

/** Bytes of one element. */
export function elementSize(dtype: ElementName): number {
  return arrays[dtype].BYTES_PER_ELEMENT;
}

/** Numbers as elements of a type: as they are where they are such already; of `float16` the nearest. */
export function elementArray(dtype: ElementName, numbers: ArrayLike<number>): ElementArray {
  if (numbers instanceof arrays[dtype] && dtype !== "float16") return numbers as ElementArray;
  const type = typeNamed(dtype)!;
  const view = new DataView(new ArrayBuffer(numbers.length * type.bytes));
  const stored = dtype === "float16" ? halfBits : (value: number): number => value;
  for (let i = 0; i < numbers.length; i++) type.write(view, i * type.bytes, stored(numbers[i]!));
  return elementsOf(dtype, new Uint8Array(view.buffer));
}

/** The numbers that elements stand for; integers beyond 2^53 are rounded. What is numbers already stays as it is. */
export function elementNumbers(dtype: ElementName, elements: ElementArray): ArrayLike<number> {
  const isHalf = dtype === "float16" && elements.BYTES_PER_ELEMENT === 2;
  if (!isHalf && !(elements instanceof BigInt64Array || elements instanceof BigUint64Array)) return elements;
  const type = typeNamed(dtype)!;
  const view = new DataView(elements.buffer, elements.byteOffset, elements.byteLength);
  return Float64Array.from({ length: elements.length }, (_, i) => type.read(view, i * type.bytes));
}

/**
 * The elements that little-endian bytes hold.
 *
 * @throws RangeError bytes that are no whole number of elements
 */
export function elementsOf(dtype: ElementName, bytes: Uint8Array): ElementArray {
  return new arrays[dtype](bytes.slice().buffer);
}

/** The same bytes as the elements have, little-endian. */
export function bytesOfElements({ buffer, byteOffset, byteLength }: ElementArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
