import { isPair, PAIR } from "../attributes.ts";
import type { JsonObject, Shape, TensorType } from "../ir.ts";
import { formatShape } from "../shape.ts";
import { requireFloat } from "./require.ts";

type Pair = readonly [number, number];

/**
 * Rows and columns of zeros around an image: `same` pads so that the result has `ceil(size / stride)` rows and columns,
 * the odd one at the bottom and right (as TensorFlow does); `valid` pads nothing; else `[[top, bottom], [left, right]]`.
 */
export type Padding = "same" | "valid" | readonly [Pair, Pair];

/** How a window moves over an image: one number for both axes, or one for rows and one for columns. */
export interface WindowOptions {
  /** Default 1. */
  readonly strides?: number | Pair;
  /** Distance of the window's neighbouring elements. Default 1. */
  readonly dilations?: number | Pair;
  /** Default `valid`. */
  readonly padding?: Padding;
}

/** One axis of a window over an image. */
interface Axis {
  readonly window: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly after: number;
}

/** Rows, then columns. */
export type Axes = readonly [Axis, Axis];

/** Rows and columns, both `value` if it is one number, 1 if it is none. Throws `RangeError` unless they are integers from 1 up. */
export function pairOf(operation: string, argument: string, value: number | Pair | undefined): Pair {
  const pair = typeof value === "object" ? value : ([value ?? 1, value ?? 1] as const);
  if (isPair(pair)) return pair;
  throw new RangeError(`${operation}: "${argument}" expected ${PAIR}, got ${formatShape(pair)}`);
}

/** From the first to the last element of a window. */
function extentOf({ window, dilation }: Axis): number {
  return (window - 1) * dilation + 1;
}

/** How often the window fits; at most 0 if it does not. */
function fits(axis: Axis, size: number): number {
  return Math.floor((size + axis.before + axis.after - extentOf(axis)) / axis.stride) + 1;
}

/** The attributes `strides`, `dilations` and `pads` ([top, bottom, left, right]) of a window over an image of `size`. */
export function windowAttributes(
  operation: string,
  window: Pair,
  size: Pair,
  { strides, dilations, padding = "valid" }: WindowOptions,
): { readonly strides: Pair; readonly dilations: Pair; readonly pads: readonly number[] } {
  const stride = pairOf(operation, "strides", strides);
  const dilation = pairOf(operation, "dilations", dilations);
  const pads = [0, 1].flatMap((axis) => {
    if (padding === "valid") return [0, 0];
    if (padding !== "same") return requirePads(operation, padding)[axis]!;
    const wanted =
      (Math.ceil(size[axis]! / stride[axis]!) - 1) * stride[axis]! + (window[axis]! - 1) * dilation[axis]! + 1;
    const total = Math.max(0, wanted - size[axis]!);
    return [total >> 1, total - (total >> 1)];
  });
  return { strides: stride, dilations: dilation, pads };
}

function requirePads(operation: string, padding: Exclude<Padding, string>): readonly [Pair, Pair] {
  if (
    Array.isArray(padding) &&
    padding.length === 2 &&
    padding.every((pair) => Array.isArray(pair) && pair.length === 2)
  ) {
    return padding;
  }
  throw new TypeError(`${operation}: "padding" expected same, valid or [[top, bottom], [left, right]]`);
}

/** Size of the image that a transposed convolution makes of one of `size`, as TensorFlow's does for `same` and `valid`. */
export function transposedSize(window: Pair, size: Pair, options: WindowOptions): Pair {
  const stride = pairOf("conv2dTranspose", "strides", options.strides);
  const dilation = pairOf("conv2dTranspose", "dilations", options.dilations);
  const { padding = "valid" } = options;
  const one = (axis: 0 | 1): number => {
    const extent = (window[axis] - 1) * dilation[axis] + 1;
    if (padding === "same") return size[axis] * stride[axis];
    if (padding === "valid") return size[axis] * stride[axis] + Math.max(extent - stride[axis], 0);
    const [before, after] = requirePads("conv2dTranspose", padding)[axis];
    return (size[axis] - 1) * stride[axis] + extent - before - after;
  };
  return [one(0), one(1)];
}

/** A window with the attributes that `windowAttributes` makes; a pool's has no `dilations`. */
export function axesOf(attributes: JsonObject, window: Pair): Axes {
  const [strides, dilations] = [attributes["strides"], attributes["dilations"] ?? [1, 1]] as unknown as [Pair, Pair];
  const pads = attributes["pads"] as readonly number[];
  const axis = (i: 0 | 1): Axis => ({
    window: window[i],
    stride: strides[i],
    dilation: dilations[i],
    before: pads[2 * i]!,
    after: pads[2 * i + 1]!,
  });
  return [axis(0), axis(1)];
}

/** Rows and columns of the result of a window over `size`. Throws `RangeError` when it does not fit once. */
export function slidOver(operation: string, axes: Axes, size: Pair): Pair {
  const result = axes.map((axis, i) => fits(axis, size[i]!)) as unknown as Pair;
  if (Math.min(...result) >= 1) return result;
  const window = axes.map(extentOf);
  throw new RangeError(
    `${operation}: a window of ${formatShape(window)} does not fit into ${formatShape(size)} and its padding`,
  );
}

/** `[batch, height, width, channels]` in float32, all but the batch fixed. */
export interface Image extends TensorType {
  readonly batch: Shape[number];
  readonly size: Pair;
  readonly channels: number;
}

export function requireImage(operation: string, argument: string, type: TensorType): Image {
  const { shape, dtype } = requireFloat(operation, argument, type);
  const [batch, ...rest] = shape;
  if (shape.length !== 4 || rest.includes("batch")) {
    throw new RangeError(
      `${operation}: "${argument}" expected [batch, height, width, channels], got ${formatShape(shape)}`,
    );
  }
  const [height, width, channels] = rest as [number, number, number];
  return { shape, dtype, batch: batch!, size: [height, width], channels };
}

/** Rows, columns and the two numbers of channels of a filter. */
export function requireFilter(operation: string, type: TensorType): readonly [number, number, number, number] {
  const { shape } = requireFloat(operation, "filter", type);
  if (shape.length === 4 && !shape.includes("batch"))
    return shape as unknown as readonly [number, number, number, number];
  throw new RangeError(
    `${operation}: "filter" expected [rows, columns, channels, channels], got ${formatShape(shape)}`,
  );
}

/** Throws `RangeError` naming the argument unless the shapes are one. */
export function requireShape(operation: string, argument: string, shape: Shape, expected: Shape): void {
  if (shape.length === expected.length && shape.every((dim, axis) => dim === expected[axis])) return;
  throw new RangeError(`${operation}: "${argument}" expected ${formatShape(expected)}, got ${formatShape(shape)}`);
}
