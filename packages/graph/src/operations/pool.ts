import type { NdArray } from "@isthmus/math";
import type { JsonObject, Node, Shape, TensorType } from "../ir.ts";
import type { Primitive } from "../operation.ts";
import { average, type Pool, pickLargest, spreadEvenly, spreadLargest } from "./pool-reference.ts";
import { axesOf, type Image, requireImage, requireShape, slidOver } from "./window.ts";

type Pair = readonly [number, number];
const attributes = { window: "pair", strides: "pair", pads: "pads" } as const;
const pair = (values: JsonObject, key: string): Pair => values[key] as unknown as Pair;

/** The shape after pooling. Padding narrower than the window leaves no window without an element. */
function pooled(
  operation: string,
  { batch, size, channels }: Pick<Image, "batch" | "size" | "channels">,
  values: JsonObject,
): Shape {
  const axes = axesOf(values, pair(values, "window"));
  for (const { window, before, after } of axes) {
    if (Math.max(before, after) < window) continue;
    throw new RangeError(
      `${operation}: "pads" expected less than the window's ${window}, got ${Math.max(before, after)}`,
    );
  }
  return [batch, ...slidOver(operation, axes, size), channels];
}

/** The pool of `node` on images of these shapes. */
function poolOf(node: Pick<Node, "attributes">, x: readonly number[], y: readonly number[]): Pool {
  return { axes: axesOf(node.attributes, pair(node.attributes, "window")), x, y };
}

const withBatch = (shape: Shape, { shape: [batch] }: NdArray): number[] => [batch!, ...(shape.slice(1) as number[])];

/**
 * Largest of each window of x `[batch, height, width, channels]`, padding aside. A tie belongs to the first element, row
 * by row, as in PyTorch and TensorFlow. Attributes: `window`, `strides` (rows, columns), `pads` (top, bottom, left, right).
 */
export const maxPool2d: Primitive = {
  name: "maxPool2d",
  version: 1,
  tier: "primitive",
  operands: ["x"],
  attributes,
  infer: ([x], values) => ({ shape: pooled("maxPool2d", requireImage("maxPool2d", "x", x!), values), dtype: "f32" }),
  derivative: (build, node, [x], g) => [
    build.emit("maxPool2dGrad", [x!, build.broadcastTo(g, node.shape)], node.attributes),
  ],
  reference: ([x], node) => pickLargest(poolOf(node, x!.shape, withBatch(node.shape, x!)), x!, x!),
};

/** Each element of g added to the place where x is largest in its window: the derivative of `maxPool2d`, whose attributes it has. */
export const maxPool2dGrad: Primitive = {
  name: "maxPool2dGrad",
  version: 1,
  tier: "primitive",
  operands: ["x", "g"],
  attributes,
  infer: ([x, g], values) => {
    const image = requireImage("maxPool2dGrad", "x", x!);
    requireShape(
      "maxPool2dGrad",
      "g",
      requireImage("maxPool2dGrad", "g", g!).shape,
      pooled("maxPool2dGrad", image, values),
    );
    return { shape: image.shape, dtype: "f32" };
  },
  derivative: (build, node, [x], u) => [
    undefined,
    build.emit("maxPool2dPick", [x!, build.broadcastTo(u, node.shape)], node.attributes),
  ],
  reference: ([x, g], node) => spreadLargest(poolOf(node, x!.shape, g!.shape), x!, g!),
};

/** Of each window the element of u that stands where x is largest: the transpose of `maxPool2dGrad`, whose attributes it has. */
export const maxPool2dPick: Primitive = {
  name: "maxPool2dPick",
  version: 1,
  tier: "primitive",
  operands: ["x", "u"],
  attributes,
  infer: ([x, u], values) => {
    const image = requireImage("maxPool2dPick", "x", x!);
    requireShape("maxPool2dPick", "u", requireImage("maxPool2dPick", "u", u!).shape, image.shape);
    return { shape: pooled("maxPool2dPick", image, values), dtype: "f32" };
  },
  derivative: (build, node, [x], g) => [
    undefined,
    build.emit("maxPool2dGrad", [x!, build.broadcastTo(g, node.shape)], node.attributes),
  ],
  reference: ([x, u], node) => pickLargest(poolOf(node, x!.shape, withBatch(node.shape, x!)), x!, u!),
};

/** Mean of each window of x `[batch, height, width, channels]`; padding is not counted. Attributes: those of `maxPool2d`. */
export const avgPool2d: Primitive = {
  name: "avgPool2d",
  version: 1,
  tier: "primitive",
  operands: ["x"],
  attributes,
  infer: ([x], values) => ({ shape: pooled("avgPool2d", requireImage("avgPool2d", "x", x!), values), dtype: "f32" }),
  derivative: (build, node, [x], g) => {
    const [, height, width] = x!.shape;
    const size = [height!, width!];
    return [build.emit("avgPool2dGrad", [build.broadcastTo(g, node.shape)], { ...node.attributes, size })];
  },
  reference: ([x], node) => average(poolOf(node, x!.shape, withBatch(node.shape, x!)), x!),
};

/** Each element of g shared among its window: the derivative of `avgPool2d`. Attributes: its own, and `size` (height, width). */
export const avgPool2dGrad: Primitive = {
  name: "avgPool2dGrad",
  version: 1,
  tier: "primitive",
  operands: ["g"],
  attributes: { ...attributes, size: "pair" },
  infer: ([g], values) => {
    const image = requireImage("avgPool2dGrad", "g", g as TensorType);
    const size = pair(values, "size");
    requireShape("avgPool2dGrad", "g", image.shape, pooled("avgPool2dGrad", { ...image, size }, values));
    return { shape: [image.batch, ...size, image.channels], dtype: "f32" };
  },
  derivative: (build, node, _inputs, u) => {
    const { window, strides, pads } = node.attributes;
    return [
      build.emit("avgPool2d", [build.broadcastTo(u, node.shape)], { window: window!, strides: strides!, pads: pads! }),
    ];
  },
  reference: ([g], node) => spreadEvenly(poolOf(node, withBatch(node.shape, g!), g!.shape), g!),
};
