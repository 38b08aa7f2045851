/**
 * Convolutions, pools and their derivatives from kernels that are right on every backend: tfjs has no derivatives by the filter
 * on WebAssembly, forgets dilations in those it has, and picks wrong elements where the largest is not positive.
 */
import type { JsonObject } from "@isthmus/graph";
import type { Value } from "./device.ts";
import type { KernelOps } from "./kernel-ops.ts";

type Pair = readonly [number, number];

/** One axis of a window over an image, as the attributes of a node say. */
interface Axis {
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly after: number;
}
type Axes = readonly [Axis, Axis];

function pairOf(attributes: JsonObject, key: string): Pair {
  return attributes[key] as unknown as Pair;
}

function axesOf(attributes: JsonObject): Axes {
  const strides = pairOf(attributes, "strides");
  const dilations = (attributes["dilations"] ?? [1, 1]) as unknown as Pair;
  const pads = attributes["pads"] as readonly number[];
  const axis = (i: 0 | 1): Axis => ({
    stride: strides[i],
    dilation: dilations[i],
    before: pads[2 * i]!,
    after: pads[2 * i + 1]!,
  });
  return [axis(0), axis(1)];
}

const both = <R>(f: (axis: 0 | 1) => R): [R, R] => [f(0), f(1)];
const none: Pair = [0, 0];

/** Rows and columns added around an image, or cut away. */
const framed = (ops: KernelOps, x: Value, [rows, columns]: readonly [Pair, Pair], fill = 0): Value =>
  ops.resize(x, [none, rows, columns, none], fill);

/** Zeros between the rows and columns of an image, so that neighbours are `strides` apart. */
function spread(ops: KernelOps, x: Value, strides: Pair): Value {
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  if (strides[0] === 1 && strides[1] === 1) return x;
  const between = (inner: Value, stride: number) => ops.resize(inner, [none, [0, stride - 1], none]);
  const wide = between(ops.reshape(x, [batch * height * width, 1, channels]), strides[1]);
  const row = width * strides[1] * channels;
  const tall = between(ops.reshape(wide, [batch * height, 1, row]), strides[0]);
  const image = ops.reshape(tall, [batch, height * strides[0], width * strides[1], channels]);
  return framed(
    ops,
    image,
    both((i) => [0, 1 - strides[i]] as const),
  );
}

/**
 * A convolution without padding, by the kernel: dense or of each channel by itself. That of each channel refuses strides beside
 * dilations: then every position is computed, and those between are left out.
 */
function slide(
  ops: KernelOps,
  kernel: "Conv2D" | "DepthwiseConv2dNative",
  x: Value,
  filter: Value,
  strides: Pair,
  dilations: Pair,
): Value {
  const refused = kernel !== "Conv2D" && Math.max(...strides) > 1 && Math.max(...dilations) > 1;
  const moves = { strides: refused ? [1, 1] : [...strides], dilations: [...dilations] };
  const made = ops.device.call(kernel, { x, filter }, { ...moves, pad: "valid", dataFormat: "NHWC" });
  if (!refused) return made;
  const [batch, height, width, channels] = made.shape as [number, number, number, number];
  const size = [batch, Math.ceil(height / strides[0]), Math.ceil(width / strides[1]), channels];
  return ops.pick(made, { begin: [0, 0, 0, 0], size, strides: [1, ...strides, 1] });
}

const stridesOf = (axes: Axes): Pair => both((i) => axes[i].stride);
const dilationsOf = (axes: Axes): Pair => both((i) => axes[i].dilation);
const padsOf = (axes: Axes): [Pair, Pair] => both((i) => [axes[i].before, axes[i].after] as const);

/** x `[batch, height, width, in]`, filter `[rows, columns, in, out]`. */
export function conv2d(ops: KernelOps, x: Value, filter: Value, attributes: JsonObject): Value {
  const axes = axesOf(attributes);
  return slide(ops, "Conv2D", framed(ops, x, padsOf(axes)), filter, stridesOf(axes), dilationsOf(axes));
}

/** Each channel with filters `[rows, columns, in, multiplier]` of its own. */
export function depthwiseConv2d(ops: KernelOps, x: Value, filter: Value, attributes: JsonObject): Value {
  const axes = axesOf(attributes);
  const image = framed(ops, x, padsOf(axes));
  return slide(ops, "DepthwiseConv2dNative", image, filter, stridesOf(axes), dilationsOf(axes));
}

/** g with zeros between its elements, and around it what makes a convolution without strides as large as `size`. */
function backwards(ops: KernelOps, g: Value, filter: Value, attributes: JsonObject): { image: Value; axes: Axes } {
  const axes = axesOf(attributes);
  const size = pairOf(attributes, "size");
  const image = spread(ops, g, stridesOf(axes));
  const frame = both((i): Pair => {
    const reach = (filter.shape[i]! - 1) * axes[i].dilation;
    const before = reach - axes[i].before;
    return [before, size[i] + reach - image.shape[i + 1]! - before];
  });
  return { image: framed(ops, image, frame), axes };
}

/** The convolution of the spread g with the filter turned around, channels exchanged. */
export function conv2dInputGrad(ops: KernelOps, g: Value, filter: Value, attributes: JsonObject): Value {
  const { image, axes } = backwards(ops, g, filter, attributes);
  const turned = ops.transpose(ops.reverse(filter, [0, 1]), [0, 1, 3, 2]);
  return slide(ops, "Conv2D", image, turned, [1, 1], dilationsOf(axes));
}

export function depthwiseConv2dInputGrad(ops: KernelOps, g: Value, filter: Value, attributes: JsonObject): Value {
  const [rows, columns, channels, multiplier] = filter.shape as [number, number, number, number];
  const { image, axes } = backwards(ops, g, filter, attributes);
  const turned = ops.reshape(ops.reverse(filter, [0, 1]), [rows, columns, channels * multiplier, 1]);
  const parts = slide(ops, "DepthwiseConv2dNative", image, turned, [1, 1], dilationsOf(axes));
  const apart = ops.reshape(parts, [parts.shape[0]! * parts.shape[1]!, parts.shape[2]!, channels, multiplier]);
  return ops.reshape(ops.sum(apart, { axes: [3] }), [...parts.shape.slice(0, 3), channels]);
}

/** As a convolution of x with g, whose elements are `strides` apart, at steps of the dilations; the rest of it is cut away. */
function byFilter(
  ops: KernelOps,
  kernel: "Conv2D" | "DepthwiseConv2dNative",
  x: Value,
  g: Value,
  attributes: JsonObject,
): Value {
  const axes = axesOf(attributes);
  const window = pairOf(attributes, "window");
  const made = slide(ops, kernel, x, g, dilationsOf(axes), stridesOf(axes));
  return framed(
    ops,
    made,
    both((i) => [0, window[i] - made.shape[i + 1]!] as const),
  );
}

/** The batch is what is summed over: it takes the place of the channels. */
export function conv2dFilterGrad(ops: KernelOps, x: Value, g: Value, attributes: JsonObject): Value {
  const image = ops.transpose(framed(ops, x, padsOf(axesOf(attributes))), [3, 1, 2, 0]);
  const made = byFilter(ops, "Conv2D", image, ops.transpose(g, [1, 2, 0, 3]), attributes);
  return ops.transpose(made, [1, 2, 0, 3]);
}

/** Every channel of every item by itself, then the sum over items. */
export function depthwiseConv2dFilterGrad(ops: KernelOps, x: Value, g: Value, attributes: JsonObject): Value {
  const padded = ops.transpose(framed(ops, x, padsOf(axesOf(attributes))), [1, 2, 0, 3]);
  const [height, width, batch, channels] = padded.shape as [number, number, number, number];
  const multiplier = g.shape[3]! / channels;
  const [, rows, columns] = g.shape as [number, number, number, number];
  const image = ops.reshape(padded, [1, height, width, batch * channels]);
  const filter = ops.reshape(ops.transpose(g, [1, 2, 0, 3]), [rows, columns, batch * channels, multiplier]);
  const made = byFilter(ops, "DepthwiseConv2dNative", image, filter, attributes);
  const window = pairOf(attributes, "window");
  const apart = ops.reshape(made, [window[0] * window[1], batch, channels * multiplier]);
  return ops.reshape(ops.sum(apart, { axes: [1] }), [...window, channels, multiplier]);
}

/** A pool's window by its elements: of each the image of what stands there for every result. */
interface Taps {
  readonly axes: Axes;
  readonly window: Pair;
  /** Rows and columns of the results. */
  readonly size: Pair;
}

function tapsOf(attributes: JsonObject, [height, width]: Pair): Taps {
  const axes = axesOf(attributes);
  const window = pairOf(attributes, "window");
  const fits = (axis: Axis, extent: number, long: number) =>
    Math.floor((long + axis.before + axis.after - extent) / axis.stride) + 1;
  return { axes, window, size: [fits(axes[0], window[0], height), fits(axes[1], window[1], width)] };
}

const imageSize = (x: Value): Pair => [x.shape[1]!, x.shape[2]!];

/** Row by row, as a tie is decided. */
const eachTap = <R>({ window }: Taps, f: (row: number, column: number) => R): R[] =>
  Array.from({ length: window[0] * window[1] }, (_, i) => f(Math.floor(i / window[1]), i % window[1]));

function tapImages(ops: KernelOps, x: Value, taps: Taps, fill: number): Value[] {
  const [batch, , , channels] = x.shape as [number, number, number, number];
  const image = framed(ops, x, padsOf(taps.axes), fill);
  return eachTap(taps, (row, column) =>
    ops.pick(image, {
      begin: [0, row, column, 0],
      size: [batch, ...taps.size, channels],
      strides: [1, ...stridesOf(taps.axes), 1],
    }),
  );
}

/** The transpose of `tapImages`: each image back to where it was taken from, added up. */
function gathered(ops: KernelOps, parts: readonly Value[], taps: Taps, size: Pair): Value {
  const placed = eachTap(taps, (row, column) => [row, column] as const).map((tap, i) => {
    const image = spread(ops, parts[i]!, stridesOf(taps.axes));
    const frame = both((axis): Pair => {
      const before = tap[axis] - taps.axes[axis].before;
      return [before, size[axis] - image.shape[axis + 1]! - before];
    });
    return framed(ops, image, frame);
  });
  return placed.reduce((sum, part) => ops.add(sum, part));
}

/** For each tap 1 where it is the first of the largest of its window, else 0; a NaN counts as the largest. */
function firstLargest(ops: KernelOps, x: Value, taps: Taps): Value[] {
  const images = tapImages(ops, x, taps, -Infinity);
  const one = ops.scalar(1);
  const isNumber = (value: Value) => ops.equal(value, value);
  const largest = images.reduce((best, image) => ops.maximum(best, image));
  const isLargest = (image: Value) => ops.maximum(ops.equal(image, largest), ops.sub(one, isNumber(image)));
  let free = ops.broadcastTo(one, largest.shape);
  return images.map((image) => {
    const here = ops.mul(free, isLargest(image));
    free = ops.sub(free, here);
    return here;
  });
}

export function maxPool2d(ops: KernelOps, x: Value, attributes: JsonObject): Value {
  const images = tapImages(ops, x, tapsOf(attributes, imageSize(x)), -Infinity);
  return images.reduce((best, image) => ops.maximum(best, image));
}

export function maxPool2dGrad(ops: KernelOps, x: Value, g: Value, attributes: JsonObject): Value {
  const taps = tapsOf(attributes, imageSize(x));
  const zero = ops.scalar(0);
  const shares = firstLargest(ops, x, taps).map((here) => ops.select(here, g, zero));
  return gathered(ops, shares, taps, imageSize(x));
}

export function maxPool2dPick(ops: KernelOps, x: Value, u: Value, attributes: JsonObject): Value {
  const taps = tapsOf(attributes, imageSize(x));
  const images = tapImages(ops, u, taps, 0);
  const zero = ops.scalar(0);
  const parts = firstLargest(ops, x, taps).map((here, i) => ops.select(here, images[i]!, zero));
  return parts.reduce((sum, part) => ops.add(sum, part));
}

/** How many elements of each window lie in the image, `[1, rows, columns, 1]`. */
function counts(ops: KernelOps, { axes, window, size }: Taps, image: Pair): Value {
  const along = both((i) =>
    Array.from({ length: size[i] }, (_, at) => {
      const begin = at * axes[i].stride - axes[i].before;
      return Math.min(image[i], begin + window[i]) - Math.max(0, begin);
    }),
  );
  const values = along[0].flatMap((rows) => along[1].map((columns) => rows * columns));
  return ops.constant([1, ...size, 1], values);
}

export function avgPool2d(ops: KernelOps, x: Value, attributes: JsonObject): Value {
  const taps = tapsOf(attributes, imageSize(x));
  const total = tapImages(ops, x, taps, 0).reduce((sum, image) => ops.add(sum, image));
  return ops.div(total, counts(ops, taps, imageSize(x)));
}

export function avgPool2dGrad(ops: KernelOps, g: Value, attributes: JsonObject): Value {
  const size = pairOf(attributes, "size");
  const taps = tapsOf(attributes, size);
  const share = ops.div(g, counts(ops, taps, size));
  return gathered(
    ops,
    eachTap(taps, () => share),
    taps,
    size,
  );
}
