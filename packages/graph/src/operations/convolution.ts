import type { NdArray } from "@isthmus/math";
import type { JsonObject } from "../ir.ts";
import type { Primitive } from "../operation.ts";
import {
  type Convolution,
  convolve,
  convolveFilterGrad,
  convolveInputGrad,
  denseLinks,
  depthwiseLinks,
  type Link,
} from "./convolution-reference.ts";
import { type Axes, axesOf, requireFilter, requireImage, requireShape, slidOver } from "./window.ts";

type Pair = readonly [number, number];

/** What tells a dense convolution from a depthwise one: how the last two axes of a filter follow from the channels. */
interface Kind {
  /** Names of the convolution and of its derivatives by input and filter. */
  readonly names: readonly [string, string, string];
  /** Channels of the result, of a filter `[rows, columns, inputs, last]`. */
  outputs(inputs: number, last: number): number;
  /** The filter's last axis; a fraction when there is none. */
  last(inputs: number, outputs: number): number;
  links(inputs: number, last: number): Link[];
}

const pair = (attributes: JsonObject, key: string): Pair => attributes[key] as unknown as Pair;

/** The attributes that all three share. */
function moving({ strides, dilations, pads }: JsonObject): JsonObject {
  return { strides: strides!, dilations: dilations!, pads: pads! };
}

/**
 * A convolution and its derivatives by input and by filter. The sum of g * conv(x, filter) is linear in x, in filter
 * and in g, so that each of the three has the other two as its derivatives.
 */
function convolutions(kind: Kind): readonly [Primitive, Primitive, Primitive] {
  const [forward, byInput, byFilter] = kind.names;
  const moves = { strides: "pair", dilations: "pair", pads: "pads" } as const;

  function geometry(axes: Axes, x: NdArray["shape"], filter: NdArray["shape"], y: NdArray["shape"]): Convolution {
    return { axes, x, filter, y, links: kind.links(filter[2]!, filter[3]!) };
  }

  const conv: Primitive = {
    name: forward,
    version: 1,
    tier: "primitive",
    operands: ["x", "filter"],
    attributes: moves,
    infer: (inputs, attributes) => {
      const x = requireImage(forward, "x", inputs[0]!);
      const [rows, columns, channels, last] = requireFilter(forward, inputs[1]!);
      requireShape(forward, "filter", inputs[1]!.shape, [rows, columns, x.channels, last]);
      const size = slidOver(forward, axesOf(attributes, [rows, columns]), x.size);
      return { shape: [x.batch, ...size, kind.outputs(channels, last)], dtype: "f32" };
    },
    derivative: (build, node, [x, filter], cotangent) => {
      const g = build.broadcastTo(cotangent, node.shape);
      const [, height, width] = x!.shape;
      const [rows, columns] = filter!.shape;
      return [
        build.emit(byInput, [g, filter!], { ...node.attributes, size: [height!, width!] }),
        build.emit(byFilter, [x!, g], { ...node.attributes, window: [rows!, columns!] }),
      ];
    },
    reference: ([x, filter], node) => {
      const y = [x!.shape[0]!, ...(node.shape.slice(1) as number[])];
      const axes = axesOf(node.attributes, filter!.shape as unknown as Pair);
      return convolve(geometry(axes, x!.shape, filter!.shape, y), x!, filter!);
    },
  };

  const inputGrad: Primitive = {
    name: byInput,
    version: 1,
    tier: "primitive",
    operands: ["g", "filter"],
    attributes: { ...moves, size: "pair" },
    infer: (inputs, attributes) => {
      const g = requireImage(byInput, "g", inputs[0]!);
      const [rows, columns, channels, last] = requireFilter(byInput, inputs[1]!);
      const size = pair(attributes, "size");
      const slid = slidOver(byInput, axesOf(attributes, [rows, columns]), size);
      requireShape(byInput, "g", g.shape, [g.batch, ...slid, kind.outputs(channels, last)]);
      return { shape: [g.batch, ...size, channels], dtype: "f32" };
    },
    derivative: (build, node, [g, filter], cotangent) => {
      const u = build.broadcastTo(cotangent, node.shape);
      const attributes = moving(node.attributes);
      const [rows, columns] = filter!.shape;
      return [
        build.emit(forward, [u, filter!], attributes),
        build.emit(byFilter, [u, g!], { ...attributes, window: [rows!, columns!] }),
      ];
    },
    reference: ([g, filter], node) => {
      const x = [g!.shape[0]!, ...(node.shape.slice(1) as number[])];
      const axes = axesOf(node.attributes, filter!.shape as unknown as Pair);
      return convolveInputGrad(geometry(axes, x, filter!.shape, g!.shape), g!, filter!);
    },
  };

  const filterGrad: Primitive = {
    name: byFilter,
    version: 1,
    tier: "primitive",
    operands: ["x", "g"],
    attributes: { ...moves, window: "pair" },
    infer: (inputs, attributes) => {
      const x = requireImage(byFilter, "x", inputs[0]!);
      const g = requireImage(byFilter, "g", inputs[1]!);
      const window = pair(attributes, "window");
      const slid = slidOver(byFilter, axesOf(attributes, window), x.size);
      requireShape(byFilter, "g", g.shape, [x.batch, ...slid, g.channels]);
      const last = kind.last(x.channels, g.channels);
      if (!Number.isInteger(last)) {
        throw new RangeError(`${byFilter}: "g" expected a multiple of ${x.channels} channels, got ${g.channels}`);
      }
      return { shape: [...window, x.channels, last], dtype: "f32" };
    },
    derivative: (build, node, [x, g], cotangent) => {
      const u = build.broadcastTo(cotangent, node.shape);
      const attributes = moving(node.attributes);
      const [, height, width] = x!.shape;
      return [
        build.emit(byInput, [g!, u], { ...attributes, size: [height!, width!] }),
        build.emit(forward, [x!, u], attributes),
      ];
    },
    reference: ([x, g], node) => {
      const axes = axesOf(node.attributes, pair(node.attributes, "window"));
      return convolveFilterGrad(geometry(axes, x!.shape, node.shape as readonly number[], g!.shape), x!, g!);
    },
  };

  return [conv, inputGrad, filterGrad];
}

const dense = convolutions({
  names: ["conv2d", "conv2dInputGrad", "conv2dFilterGrad"],
  outputs: (_, last) => last,
  last: (_, outputs) => outputs,
  links: denseLinks,
});

const depthwise = convolutions({
  names: ["depthwiseConv2d", "depthwiseConv2dInputGrad", "depthwiseConv2dFilterGrad"],
  outputs: (inputs, last) => inputs * last,
  last: (inputs, outputs) => outputs / inputs,
  links: depthwiseLinks,
});

/**
 * Cross-correlation of x `[batch, height, width, in]` with a filter `[rows, columns, in, out]` -> `[batch, height', width', out]`.
 * Attributes: `strides`, `dilations` (rows, columns), `pads` (top, bottom, left, right; of zeros).
 */
export const conv2d: Primitive = dense[0];

/**
 * Derivative of `conv2d` by its input, and with g an image and a filter `[rows, columns, out, in]` the transposed convolution.
 * Attributes: those of `conv2d`, and `size` (height, width) of the result.
 */
export const conv2dInputGrad: Primitive = dense[1];

/** Derivative of `conv2d` by its filter. Attributes: those of `conv2d`, and `window` (rows, columns) of the filter. */
export const conv2dFilterGrad: Primitive = dense[2];

/**
 * Each channel of x `[batch, height, width, in]` with the filters `[rows, columns, in, multiplier]` of its own:
 * result `[batch, height', width', in * multiplier]`, a channel's results side by side. Attributes: those of `conv2d`.
 */
export const depthwiseConv2d: Primitive = depthwise[0];

/** Derivative of `depthwiseConv2d` by its input. Attributes: those of `conv2dInputGrad`. */
export const depthwiseConv2dInputGrad: Primitive = depthwise[1];

/** Derivative of `depthwiseConv2d` by its filter. Attributes: those of `conv2dFilterGrad`. */
export const depthwiseConv2dFilterGrad: Primitive = depthwise[2];
