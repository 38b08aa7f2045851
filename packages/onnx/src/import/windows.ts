import type { Node, Padding } from "@isthmus/graph";
import { CHANNELS_LAST } from "./columns.ts";
import { type Flow, flow, sequence, shapeOf, type Value } from "./flow.ts";
import { reshapeKnown, takeKnown, transposeKnown } from "./known.ts";
import type { NodeReader } from "./node-reader.ts";
import type { Translation, Translations } from "./translations.ts";

type Pair = readonly [number, number];

/** More groups of channels than this are refused, unless each channel is its own: each becomes a node of the graph. */
const GROUPS = 64;

/** An image as the graph has it, [batch, height, width, channels]; a signal [batch, channels, length] is one of width 1. */
interface Image {
  readonly node: Node;
  readonly size: Pair;
  readonly channels: number;
  readonly isSignal: boolean;
}

function imageOf(read: NodeReader, value: Value): Image {
  const shape = shapeOf(value);
  const isSignal = shape.length === 3;
  if ((shape.length !== 4 && !isSignal) || shape.slice(1).includes("batch")) {
    read.refuse(
      `slides over [${shape.join(", ")}]; known are [batch, channels, length] and [batch, channels, height, width]`,
    );
  }
  const x = read.asFlow(value);
  const whole = isSignal ? flow(read.build.expandDims(read.plain(x), 3), x.elementType) : x;
  const node = read.arranged(whole, CHANNELS_LAST);
  const [, height, width, channels] = node.shape as readonly [unknown, number, number, number];
  return { node, size: [height, width], channels, isSignal };
}

/** What came of an image, as the file has it. */
function result({ build }: NodeReader, node: Node, { isSignal }: Pick<Image, "isSignal">, elementType: number): Flow {
  const image: Flow = { kind: "flow", node, order: CHANNELS_LAST, elementType };
  if (!isSignal) return image;
  return {
    kind: "flow",
    node: build.reshape(node, [...node.shape.slice(0, 2), node.shape[3]!]),
    order: [0, 2, 1],
    elementType,
  };
}

/** How a window moves, as the node says it: per axis of the image. */
interface Window {
  readonly window: Pair;
  readonly strides: Pair;
  readonly dilations: Pair;
  readonly pads: readonly [Pair, Pair];
}

/** Numbers per axis, of a signal one and what a width of 1 is to have. */
function pairOf(read: NodeReader, numbers: readonly number[], { isSignal }: Image, alone: number): Pair {
  const pair = isSignal ? [...numbers, alone] : numbers;
  return pair.length === 2 ? (pair as unknown as Pair) : read.refuse(`has ${numbers.length} numbers, not one per axis`);
}

function windowOf(read: NodeReader, image: Image, kernel: readonly number[]): Omit<Window, "pads"> {
  const ones = sequence(image.isSignal ? 1 : 2).map(() => 1);
  return {
    window: pairOf(read, kernel, image, 1),
    strides: pairOf(read, read.ints("strides") ?? ones, image, 1),
    dilations: pairOf(read, read.ints("dilations") ?? ones, image, 1),
  };
}

const extentOf = ({ window, dilations }: Pick<Window, "window" | "dilations">, axis: 0 | 1): number =>
  (window[axis] - 1) * dilations[axis] + 1;

/** Pads that are written out, or follow from `auto_pad` and the size. */
function padsOf(read: NodeReader, image: Image, moves: Omit<Window, "pads">): readonly [Pair, Pair] {
  const auto = read.string("auto_pad", "NOTSET");
  if (auto === "SAME_UPPER" || auto === "SAME_LOWER") {
    const one = (axis: 0 | 1): Pair => {
      const [size, stride] = [image.size[axis], moves.strides[axis]];
      const total = Math.max(0, (Math.ceil(size / stride) - 1) * stride + extentOf(moves, axis) - size);
      return halved(total, auto === "SAME_UPPER");
    };
    return [one(0), one(1)];
  }
  return auto === "VALID"
    ? [
        [0, 0],
        [0, 0],
      ]
    : writtenPads(read, image);
}

/** The odd one at the end (upper) or at the beginning. */
function halved(total: number, upper: boolean): Pair {
  const [less, more] = [total >> 1, total - (total >> 1)];
  return upper ? [less, more] : [more, less];
}

function writtenPads(read: NodeReader, image: Image): readonly [Pair, Pair] {
  const rank = image.isSignal ? 1 : 2;
  const pads = read.ints("pads") ?? sequence(2 * rank).map(() => 0);
  const [top, left] = pairOf(read, pads.slice(0, rank), image, 0);
  const [bottom, right] = pairOf(read, pads.slice(rank), image, 0);
  return [
    [top, bottom],
    [left, right],
  ];
}

/** A filter [out, in, rows, columns] or, transposed, [in, out, rows, columns] as the graph has it: [rows, columns, last but one, last]. */
function filterOf(read: NodeReader, value: Value, permutation: readonly number[]): Node {
  if (value.kind === "known") return read.place(transposeKnown(value, permutation));
  const { order } = value;
  return read.arranged({ ...read.asFlow(value), order: permutation.map((axis) => order[axis]!) }, sequence(4));
}

/** Filters of signals get a second axis of size 1. */
function asImageFilter(read: NodeReader, value: Value, image: Image): Value {
  const shape = shapeOf(value);
  if (shape.length !== (image.isSignal ? 3 : 4)) return read.refuse(`has a filter of shape [${shape.join(", ")}]`);
  if (!image.isSignal) return value;
  if (value.kind === "known") return reshapeKnown(value, [...value.shape, 1]);
  return flow(read.build.expandDims(read.plain(value), 3), value.elementType);
}

/** The channels of a value along an axis of the file's, for one group of many. */
function part(read: NodeReader, value: Value, axis: number, group: number, groups: number): Value {
  const size = shapeOf(value)[axis] as number;
  const [begin, end] = [(group * size) / groups, ((group + 1) * size) / groups];
  if (!Number.isInteger(begin) || !Number.isInteger(end)) read.refuse(`has ${groups} groups of ${size} filters`);
  if (value.kind === "known") {
    return takeKnown(
      value,
      axis,
      sequence(end - begin).map((i) => begin + i),
    );
  }
  const x = read.asFlow(value);
  return { ...x, node: read.build.slice(x.node, { axis: x.order[axis]!, begin, end }) };
}

function biased(read: NodeReader, y: Node): Node {
  return read.given[2] ? read.build.add(y, read.plain(read.flow(2))) : y;
}

/** Groups of channels that know nothing of each other, side by side. */
function grouped(read: NodeReader, image: Image, groups: number, one: (x: Node, group: number) => Node): Node {
  if (groups > GROUPS) read.refuse(`has ${groups} groups of channels; at most ${GROUPS} are read, or one per channel`);
  const each = image.channels / groups;
  if (!Number.isInteger(each)) read.refuse(`has ${groups} groups of ${image.channels} channels`);
  const { build } = read;
  const parts = sequence(groups).map((group) =>
    one(build.slice(image.node, { axis: 3, begin: group * each, end: (group + 1) * each }), group),
  );
  return build.concat(parts, 3);
}

const OUT_IN: readonly number[] = [2, 3, 1, 0];
/** A depthwise filter [channels * multiplier, 1, rows, columns] as [rows, columns, channels, multiplier]. */
function depthwiseFilter(read: NodeReader, value: Value, channels: number): Node {
  const { build } = read;
  const [out, , rows, columns] = shapeOf(value) as [number, number, number, number];
  const shape = [channels, out / channels, rows, columns];
  if (value.kind === "known") return read.place(transposeKnown(reshapeKnown(value, shape), [2, 3, 0, 1]));
  return build.transpose(build.reshape(read.plain(read.asFlow(value)), shape), [2, 3, 0, 1]);
}

function conv(read: NodeReader): Flow {
  const { build } = read;
  const image = imageOf(read, read.value(0));
  const filter = asImageFilter(read, read.value(1), image);
  const shape = shapeOf(filter) as number[];
  const moves = windowOf(read, image, shape.slice(2, image.isSignal ? 3 : 4));
  requireKernel(read, moves, image);
  const options = {
    strides: moves.strides,
    dilations: moves.dilations,
    padding: padsOf(read, image, moves) as Padding,
  };
  const groups = read.int("group", 1);
  const apply = () => {
    if (groups === 1) return build.conv2d(image.node, filterOf(read, filter, OUT_IN), options);
    if (groups === image.channels && shape[1] === 1) {
      return build.depthwiseConv2d(image.node, depthwiseFilter(read, filter, groups), options);
    }
    return grouped(read, image, groups, (x, group) =>
      build.conv2d(x, filterOf(read, part(read, filter, 0, group, groups), OUT_IN), options),
    );
  };
  return result(read, biased(read, apply()), image, read.value(0).elementType);
}

/** The window is the filter's; a file may say it again, and wrongly. */
function requireKernel(read: NodeReader, { window }: Pick<Window, "window">, image: Image): void {
  const said = read.ints("kernel_shape");
  if (said && String(pairOf(read, said, image, 1)) !== String(window)) {
    read.refuse(`says a window of [${said.join(", ")}], its filter has [${window.join(", ")}]`);
  }
}

function convTranspose(read: NodeReader): Flow {
  const { build } = read;
  const image = imageOf(read, read.value(0));
  const filter = asImageFilter(read, read.value(1), image);
  const shape = shapeOf(filter) as number[];
  const moves = windowOf(read, image, shape.slice(2, image.isSignal ? 3 : 4));
  requireKernel(read, moves, image);
  const { pads, size } = transposedPlace(read, image, moves);
  const attributes = { strides: moves.strides, dilations: moves.dilations, pads: pads.flat(), size };
  const groups = read.int("group", 1);
  const apply = () => {
    if (groups === 1) return build.emit("conv2dInputGrad", [image.node, filterOf(read, filter, OUT_IN)], attributes);
    return grouped(read, image, groups, (x, group) =>
      build.emit("conv2dInputGrad", [x, filterOf(read, part(read, filter, 0, group, groups), OUT_IN)], attributes),
    );
  };
  return result(read, biased(read, apply()), image, read.value(0).elementType);
}

interface Place {
  readonly pads: readonly [Pair, Pair];
  readonly size: Pair;
}

/** What is cut off a transposed convolution's result, and the size that is left: said, or made to fit `output_shape`. */
function transposedPlace(read: NodeReader, image: Image, moves: Omit<Window, "pads">): Place {
  const zeros = sequence(image.isSignal ? 1 : 2).map(() => 0);
  const extra = pairOf(read, read.ints("output_padding") ?? zeros, image, 0);
  const whole = ([0, 1] as const).map(
    (axis) => (image.size[axis] - 1) * moves.strides[axis] + extentOf(moves, axis) + extra[axis],
  ) as unknown as Pair;
  const auto = read.string("auto_pad", "NOTSET");
  const isSame = auto === "SAME_UPPER" || auto === "SAME_LOWER";
  const asked = read.ints("output_shape")?.slice(-zeros.length);
  if (!asked && !isSame) {
    const pads =
      auto === "VALID"
        ? ([
            [0, 0],
            [0, 0],
          ] as const)
        : writtenPads(read, image);
    return { pads, size: [whole[0] - pads[0][0] - pads[0][1], whole[1] - pads[1][0] - pads[1][1]] };
  }
  const wanted = asked
    ? pairOf(read, asked, image, 1)
    : (image.size.map((n, i) => n * moves.strides[i]!) as unknown as Pair);
  const pads = ([0, 1] as const).map((axis) =>
    halved(Math.max(0, whole[axis] - wanted[axis]), auto === "SAME_UPPER"),
  ) as unknown as readonly [Pair, Pair];
  return { pads, size: wanted };
}

/** The size of a pool's result, rounded up where the node says so: then the last window hangs over the end. */
function pooledPads(read: NodeReader, image: Image, moves: Omit<Window, "pads">): readonly [Pair, Pair] {
  const pads = padsOf(read, image, moves);
  if (read.int("ceil_mode", 0) === 0) return pads;
  const one = (axis: 0 | 1): Pair => {
    const [before, after] = pads[axis];
    const rest = image.size[axis] + before + after - extentOf(moves, axis);
    const over = Math.ceil(rest / moves.strides[axis]) * moves.strides[axis] - rest;
    return [before, after + over];
  };
  return [one(0), one(1)];
}

const pool =
  (name: "maxPool2d" | "avgPool2d"): Translation =>
  (read) => {
    if (read.wants(1)) read.refuse("is asked for the places of the largest, which are not read here");
    const { build } = read;
    const image = imageOf(read, read.value(0));
    const moves = windowOf(read, image, read.ints("kernel_shape") ?? read.refuse("says no window"));
    if (moves.dilations.some((dilation, axis) => dilation !== 1 && moves.window[axis] !== 1)) {
      read.refuse(`pools with dilations [${moves.dilations.join(", ")}]`);
    }
    const padding = pooledPads(read, image, moves);
    const options = { strides: moves.strides, padding };
    const { elementType } = read.value(0);
    if (name === "maxPool2d" || read.int("count_include_pad", 0) === 0) {
      return result(read, build[name](image.node, moves.window, options), image, elementType);
    }
    if (read.int("ceil_mode", 0) !== 0) read.refuse("counts its padding and hangs over the end");
    const [[top, bottom], [left, right]] = padding;
    const tall = build.pad(image.node, { axis: 1, before: top, after: bottom });
    const wide = build.pad(tall, { axis: 2, before: left, after: right });
    return result(read, build.avgPool2d(wide, moves.window, { strides: moves.strides }), image, elementType);
  };

/** Over everything but batch and channels. */
const globalPool =
  (name: "max" | "mean"): Translation =>
  (read) => {
    const x = read.flow(0);
    const axes = x.order.slice(2);
    return { ...x, node: read.build[name](x.node, { axes, keepDims: true }) };
  };

export const windows: Translations = {
  AveragePool: pool("avgPool2d"),
  Conv: conv,
  ConvTranspose: convTranspose,
  GlobalAveragePool: globalPool("mean"),
  GlobalMaxPool: globalPool("max"),
  MaxPool: pool("maxPool2d"),
};
