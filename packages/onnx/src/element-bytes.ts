/** Numbers as the bytes of an ONNX tensor, little-endian, and back. */
import { type DataType, halfBits, typeNamed } from "./data-types.ts";

/**
 * The bytes of numbers of a type, such as `float32`. Those of `float16` are rounded to the nearest.
 *
 * @throws RangeError a type that is no number, or `bfloat16`
 */
export function elementBytes(dtype: string, numbers: ArrayLike<number>): Uint8Array {
  const type = numberType(dtype);
  const bytes = new Uint8Array(numbers.length * type.bytes);
  const view = new DataView(bytes.buffer);
  const stored = type.name === "float16" ? halfBits : (value: number) => value;
  for (let i = 0; i < numbers.length; i++) type.write(view, i * type.bytes, stored(numbers[i]!));
  return bytes;
}

/**
 * The numbers that bytes stand for; integers beyond 2^53 are rounded.
 *
 * @throws RangeError as `elementBytes` does, or bytes that are no whole number of elements
 */
export function elementNumbers(dtype: string, bytes: Uint8Array): Float64Array {
  const type = numberType(dtype);
  const count = bytes.length / type.bytes;
  if (!Number.isInteger(count))
    throw new RangeError(`"bytes" expected a multiple of ${type.bytes}, got ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Float64Array.from({ length: count }, (_, i) => type.read(view, i * type.bytes));
}

function numberType(dtype: string): DataType {
  const type = typeNamed(dtype);
  if (type && dtype !== "bfloat16") return type;
  throw new RangeError(`"dtype" expected float32, float16, float64, bool or an integer type, got ${dtype}`);
}
