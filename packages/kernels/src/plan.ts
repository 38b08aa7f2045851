// @ts-ignore: made by scripts/build.mjs, absent from a fresh checkout
import { hex as generated } from "./generated/plan.ts";

/** Fields of a call as `run` reads it, int32 in this order. `records` is where the channels are; `weights` is the table of a lookup. */
export const CALL_FIELDS: readonly string[] = (
  "kernel x y weights records padding scratch zero low high wide length " +
  "height width channels yHeight yWidth yChannels rows columns rowStride columnStride rowDilation columnDilation top left"
).split(" ");

/** By their numbers in the field `kernel`: those of int8, those of float32, functions of one float, functions of two. */
export const KERNELS: readonly string[] = (
  "conv2d depthwise maxPool lookup conv2dTranspose floatConv2d floatDepthwise floatMaxPool " +
  "abs sqrt exp expm1 erf sigmoid tanh softplus add sub mul div maximum minimum"
).split(" ");

export interface PlanKernelExports {
  /** Makes `count` calls that lie side by side from the address `calls`. Up to 15 bytes behind an x may be read. */
  readonly run: (calls: number, count: number) => void;
  /**
   * To int8, the first `length` floats, an even number: round(x / scale) + zero, halves to the even integer, within int8.
   * Returns `length`, or 0 where one of them is not finite.
   */
  readonly quantise: (x: number, y: number, length: number, scale: number, zero: number) => number;
  /** Of CRC32C, after the bytes from `at` up to `end`, without the XOR at its start and end; as int32. Its table takes 4,096 bytes, which are zero before. */
  readonly remainder: (table: number, at: number, end: number, crc: number) => number;
}

/** The WebAssembly binary of the kernels of plans, a fresh copy. It imports its memory as `env.memory`. */
export function planKernelBytes(): Uint8Array<ArrayBuffer> {
  const hex = generated as string;
  const view = new DataView(new ArrayBuffer(hex.length / 2 + 3));
  // Four bytes at a time: this runs once, before anything has been compiled for speed.
  for (let i = 0; 2 * i < hex.length; i += 4)
    view.setUint32(i, parseInt(hex.slice(2 * i, 2 * i + 8).padEnd(8, "0"), 16));
  return new Uint8Array(view.buffer.slice(0, hex.length / 2));
}
