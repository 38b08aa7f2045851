import { kindOf } from "../arguments.ts";
import type { NdArray, Nested } from "../nd-array.ts";
import { fromNested, ndArray } from "../nd-array.ts";

/** A number, numbers in brackets as deep as the rank, a typed array (rank 1), or brackets around typed arrays. */
export type Numbers = number | Float64Array | Float32Array | readonly Numbers[];

/**
 * The array that the numbers make.
 *
 * @throws TypeError naming the argument when something in it is no number; RangeError when it is ragged.
 */
export function arrayOf(name: string, numbers: Numbers): NdArray {
  if (isTyped(numbers)) return ndArray([numbers.length], Float64Array.from(numbers));
  return fromNested(nestedOf(name, numbers), name);
}

function nestedOf(name: string, numbers: Numbers): Nested {
  if (typeof numbers === "number") return numbers;
  if (isTyped(numbers)) return Array.from(numbers);
  if (Array.isArray(numbers)) return numbers.map((inner: Numbers) => nestedOf(name, inner));
  throw new TypeError(`"${name}" expected numbers or arrays of numbers, got ${kindOf(numbers)}`);
}

const isTyped = (value: unknown): value is Float64Array | Float32Array =>
  kindOf(value) === "Float64Array" || kindOf(value) === "Float32Array";
