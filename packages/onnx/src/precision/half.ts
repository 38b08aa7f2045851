import { halfBits, nearestHalf } from "../data-types.ts";
import type { LazyBytes } from "../lazy-bytes.ts";
import type { WrittenTensor } from "../messages.ts";
import { asBytes, floatsOf } from "./floats.ts";

/**
 * Whether halves hold the numbers as well as they hold any: what rounding loses is at most 2^-11 of them, in energy. Not so
 * where numbers beyond 65504, or a share worth mentioning of numbers below 2^-14, are among them.
 */
export function fitsHalf(values: Float32Array): boolean {
  let lost = 0;
  let energy = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    const off = nearestHalf(value) - value;
    energy += value * value;
    lost += off * off;
  }
  return lost <= energy * 2 ** -22;
}

/** The halves of a tensor of float32, made when they are written. */
export function lazyHalves(tensor: WrittenTensor): LazyBytes {
  return { length: tensor.data.length / 2, make: () => asHalves(floatsOf(tensor)) };
}

function asHalves(values: Float32Array): Uint8Array {
  const out = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) out[i] = halfBits(values[i]!);
  return asBytes(out);
}
