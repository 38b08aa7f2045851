/** How a file has the items of a data set, and items brought to that. */
import { elementCount, type HostArray } from "@isthmus/graph";
import type { OnnxDescription } from "./describe.ts";
import type { Feed } from "./feeds.ts";
import { storedJson } from "./stored-json.ts";
import type { Units } from "./units.ts";

export interface ItemForm {
  /** Shape of an item as data sets have it, `[height, width, channels]` of an image. */
  readonly shape: readonly number[];
  readonly layout: "rows" | "nhwc" | "nchw";
  /** Bytes, k for k / 255. */
  readonly uint8: boolean;
  /** The user's numbers, where the file takes those. */
  readonly units?: Pick<Units, "offsets" | "scales">;
  /** What the numbers are, in words. */
  readonly values: string;
}

/**
 * Of an input, by what the file's metadata say (`isthmus.inputs`), else by its shape: an image has its channels last where
 * only the last axis can be them (1, 3 or 4), else first. Undefined where there is no such input, or its axes are open.
 */
export function itemForm({ inputs, metadata }: OnnxDescription, name: string): ItemForm | undefined {
  const port = inputs.find((input) => input.name === name);
  const sizes = port?.shape.slice(1);
  if (!port || !sizes!.every((size) => typeof size === "number")) return undefined;
  const feeds = (storedJson(metadata, "isthmus.inputs") ?? {}) as Readonly<Record<string, Feed | undefined>>;
  const { shape, layout, units, values = "the network's own numbers" } = feeds[name] ?? {};
  const form = { uint8: port.dtype === "uint8", ...(units && { units }), values };
  return shape && layout ? { ...form, shape, layout } : { ...form, ...imageOf(sizes as number[]) };
}

function imageOf(sizes: readonly number[]): Pick<ItemForm, "shape" | "layout"> {
  const [first, second, third] = sizes as [number, number, number];
  if (sizes.length !== 3) return { shape: sizes, layout: "rows" };
  const isLast = mayBeChannels(third) && !mayBeChannels(first);
  return isLast ? { shape: sizes, layout: "nhwc" } : { shape: [second, third, first], layout: "nchw" };
}

function mayBeChannels(size: number): boolean {
  return size === 1 || size === 3 || size === 4;
}

/** Rows of the network's numbers, an image's channels last, as the file has them. */
export function itemsIn({ shape, layout, uint8, units }: ItemForm, rows: Float32Array): HostArray {
  const numbers = units ? inUnits(rows, units) : rows;
  const turned = layout === "nchw" ? channelsFirst(numbers, shape) : numbers;
  return uint8 ? Uint8Array.from(turned, (value) => Math.min(Math.max(Math.round(value * 255), 0), 255)) : turned;
}

function inUnits(rows: Float32Array, { offsets, scales }: Pick<Units, "offsets" | "scales">): Float32Array {
  return rows.map((value, i) => value * scales[i % scales.length]! + offsets[i % offsets.length]!);
}

function channelsFirst(values: Float32Array, shape: readonly number[]): Float32Array {
  const [size, channels] = [elementCount(shape), shape.at(-1)!];
  const pixels = size / channels;
  return values.map((_, i) => {
    const [item, at] = [i - (i % size), i % size];
    return values[item + (at % pixels) * channels + Math.floor(at / pixels)]!;
  });
}
