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
   * To int8, the first `length` floats: round(x / scale) + zero, halves to the even integer, within int8.
   * Returns `length`, or 0 where one of them is not finite.
   */
  readonly quantise: (x: number, y: number, length: number, scale: number, zero: number) => number;
  /**
   * Opens the bundle that lies from `file` on, at least 8,192 bytes from the beginning of a memory that is zero before it. Where the
   * encoder lies, see `ENCODER`; 0 where anything is not as it must be, or there is no memory.
   */
  readonly open: (file: number, length: number, maxMemory: number, maxProducts: number) => number;
  /** Makes room for so many items, which may make the memory larger; 0 where there is none. */
  readonly begin: (encoder: number, items: number) => number;
  /** The symbols of the item in `given`: 0, or 1 where a number of `item` is not finite, or 2 where none stands for number `refused` of `output`. */
  readonly encodeItem: (encoder: number, index: number, areBytes: number) => number;
  /** Writes a stream of one frame of the first `items` items to `written`; its length in bytes. */
  readonly writeFrame: (encoder: number, items: number) => number;
  /** Likewise what a session sends of them: how many they are, then their payload. */
  readonly writeMessage: (encoder: number, items: number) => number;
}

/**
 * Int32 of an encoder that `open` made: its quality, symbols of an item, samples of an item; addresses of these samples (float64), of the
 * same as the network is given them and of what the network makes (float32), of the model's id, of what was written; whether that is coded
 * by tables (0) or as raw integers (1); which output was refused.
 */
export const ENCODER: Readonly<Record<EncoderField, number>> = {
  ...{ quality: 0, dims: 1, samples: 2, given: 3, item: 4, output: 5 },
  ...{ modelId: 6, written: 7, coding: 8, refused: 9 },
};

export type EncoderField =
  | ("quality" | "dims" | "samples" | "given" | "item" | "output")
  | ("modelId" | "written" | "coding" | "refused");

/** The WebAssembly binary of the kernels of plans, a fresh copy. It imports its memory as `env.memory`. */
export function planKernelBytes(): Uint8Array<ArrayBuffer> {
  const hex = generated as string;
  const view = new DataView(new ArrayBuffer(hex.length / 2 + 3));
  // Four bytes at a time: this runs once, before anything has been compiled for speed.
  for (let i = 0; 2 * i < hex.length; i += 4)
    view.setUint32(i, parseInt(hex.slice(2 * i, 2 * i + 8).padEnd(8, "0"), 16));
  return new Uint8Array(view.buffer.slice(0, hex.length / 2));
}
