import type { LazyBytes } from "../lazy-bytes.ts";
import type { WrittenTensor } from "../messages.ts";
import { roundHalfEven } from "../round-half-even.ts";
import { floatsOf } from "./floats.ts";

/** Exponents of the smallest normal half and of its last digit. */
const SMALLEST_NORMAL = -14;
const DIGITS = 10;

/** Halfway from the largest half, 65504, to what would be the next: from here on, rounding gives infinity. */
const OVERFLOW = 65520;

/** Exponent of a positive float32, by its bits; those below the smallest normal half are all alike here. */
const asFloat = new Float32Array(1);
const asBits = new Uint32Array(asFloat.buffer);
function exponentOf(value: number): number {
  asFloat[0] = value;
  return Math.max((asBits[0]! >>> 23) - 127, SMALLEST_NORMAL);
}

/** The bits of the nearest IEEE 754 binary16 of a float32, ties to even. */
export function halfBits(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size >= OVERFLOW) return sign | 0x7c00;
  const exponent = exponentOf(size);
  const significand = roundHalfEven(size * 2 ** (DIGITS - exponent));
  return sign | (((exponent - SMALLEST_NORMAL) << DIGITS) + significand);
}

/** The nearest half of a float32, as a number. */
export function nearestHalf(value: number): number {
  const size = Math.abs(value);
  if (!(size < OVERFLOW)) return value * Number.POSITIVE_INFINITY;
  const step = 2 ** (exponentOf(size) - DIGITS);
  return Math.sign(value) * roundHalfEven(size / step) * step;
}

/**
 * Whether halves hold the numbers as well as they hold any: what rounding loses is at most 2^-11 of them, in energy. Not so
 * where numbers beyond 65504, or a share worth mentioning of numbers below 2^-14, are among them.
 */
export function fitsHalf(values: Float32Array): boolean {
  let lost = 0;
  let energy = 0;
  for (const value of values) {
    energy += value * value;
    lost += (nearestHalf(value) - value) ** 2;
  }
  return lost <= energy * 2 ** -22;
}

/** The halves of a tensor of float32, made when they are written. */
export function lazyHalves(tensor: WrittenTensor): LazyBytes {
  return { length: tensor.data.length / 2, make: () => asHalves(floatsOf(tensor)) };
}

/** Little-endian. */
function asHalves(values: Float32Array): Uint8Array {
  const out = new DataView(new ArrayBuffer(values.length * 2));
  values.forEach((value, i) => out.setUint16(i * 2, halfBits(value), true));
  return new Uint8Array(out.buffer);
}
