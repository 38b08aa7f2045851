import type { Node } from "@isthmus/graph";
import { ACTIVATIONS, WINDOW_FIELDS, type WindowField } from "@isthmus/kernels";
import type { DenseLayer } from "./dense-layers.ts";
import type { Lowering, Operand, PlanBuilder } from "./plan-builder.ts";
import type { Argument, Buffer } from "./plan.ts";
import { broadcastView, denseView, reshapeView, sizeOf, type View } from "./view.ts";

/** What a kernel reads at `window`. */
type Window = Readonly<Record<WindowField, number>>;

/** The window of `node` over images of shape `x`, which makes images of shape `y`. */
function windowOf(node: Node, window: readonly number[], x: readonly number[], y: readonly number[]): Window {
  const numbers = (key: string) => node.attributes[key] as readonly number[];
  const [batch, height, width, channels] = x as [number, number, number, number];
  const [, yHeight, yWidth, yChannels] = y as [number, number, number, number];
  const [rows, columns] = window as [number, number];
  const [rowStride, columnStride] = numbers("strides") as [number, number];
  const [rowDilation, columnDilation] = ("dilations" in node.attributes ? numbers("dilations") : [1, 1]) as [
    number,
    number,
  ];
  const [top, , left] = numbers("pads") as [number, number, number];
  const sizes = { batch, height, width, channels, yHeight, yWidth, yChannels, rows, columns };
  const moves = { rowStride, columnStride, rowDilation, columnDilation, top, left };
  return { ...sizes, ...moves };
}

const numbersOf = (window: Window): readonly number[] => WINDOW_FIELDS.map((field) => window[field]);

const fieldsOf = (plan: PlanBuilder, window: Window): Buffer => plan.table(numbersOf(window));

/** Terms of all sums that one tap of every window adds to, for one pair of channels. */
const tapsOf = ({ batch, yHeight, yWidth, rows, columns }: Window): number => batch * yHeight * yWidth * rows * columns;

const room = (plan: PlanBuilder, bytes: number): Argument => (bytes > 0 ? plan.workspace(bytes) : 0);

/** Bias and activation as a kernel takes them. */
function epilogue(plan: PlanBuilder, layer: DenseLayer, bias: Operand | undefined): Argument[] {
  return [bias ? plan.dense(bias).buffer : 0, ACTIVATIONS[layer.activation ?? "none"]];
}

/** `activation(conv2d(x, filter) + bias)`, or with the images' roles exchanged its transpose, in one call. */
export function lowerConvolution(
  plan: PlanBuilder,
  layer: DenseLayer,
  from: Operand,
  filter: Operand,
  bias?: Operand,
): View {
  const { product } = layer;
  const y = plan.result(layer.nodes.at(-1)!);
  const images = [from.view.shape, y.shape] as const;
  const [before, after] = product.op === "conv2d" ? images : [images[1], images[0]];
  const window = windowOf(product, filter.view.shape, before, after);
  const { channels, yChannels } = window;
  const bytes = plan.scratch[product.op === "conv2d" ? "conv2dScratch" : "conv2dInputGradScratch"];
  const operands = [fieldsOf(plan, window), plan.dense(from).buffer, plan.dense(filter).buffer, y.buffer];
  const args = [...operands, ...epilogue(plan, layer, bias), room(plan, bytes(...numbersOf(window)))];
  plan.call(product.op, args, { output: y.buffer, flops: 2 * tapsOf(window) * channels * yChannels });
  return y;
}

const lowerFilterGrad: Lowering = (plan, node, [x, g]) => {
  const filter = plan.result(node);
  const window = windowOf(node, filter.shape, x!.view.shape, g!.view.shape);
  const { yChannels, channels } = window;
  const scratch = room(plan, plan.scratch.conv2dFilterGradScratch(...numbersOf(window)));
  const args = [fieldsOf(plan, window), plan.dense(x!).buffer, plan.dense(g!).buffer, filter.buffer, scratch];
  plan.call(node.op, args, { output: filter.buffer, flops: 2 * tapsOf(window) * channels * yChannels });
  return filter;
};

/** Images with every channel repeated for each of its filters, since the kernels have one filter for each channel. */
function repeated(plan: PlanBuilder, x: Operand, multiplier: number): View {
  if (multiplier === 1) return plan.dense(x);
  const { buffer, shape } = plan.dense(x);
  const column = reshapeView(denseView(buffer, shape), [...shape, 1])!;
  const copy = plan.dense({ view: broadcastView(column, [...shape, multiplier]) });
  return denseView(copy.buffer, [...shape.slice(0, 3), shape[3]! * multiplier]);
}

/** `activation(depthwiseConv2d(x, filter) + bias)` in one call, and a copy where channels have several filters. */
export function lowerDepthwise(
  plan: PlanBuilder,
  layer: DenseLayer,
  from: Operand,
  filter: Operand,
  bias?: Operand,
): View {
  const x = repeated(plan, from, filter.view.shape[3]!);
  const y = plan.result(layer.nodes.at(-1)!);
  const window = windowOf(layer.product, filter.view.shape, x.shape, y.shape);
  const args = [fieldsOf(plan, window), x.buffer, plan.dense(filter).buffer, y.buffer, ...epilogue(plan, layer, bias)];
  plan.call("depthwiseConv2d", args, { output: y.buffer, flops: 2 * tapsOf(window) * window.channels });
  return y;
}

const lowerDepthwiseInputGrad: Lowering = (plan, node, [g, filter]) => {
  const shape = plan.shapeOf(node);
  const multiplier = filter!.view.shape[3]!;
  const wide = [...shape.slice(0, 3), shape[3]! * multiplier];
  const window = windowOf(node, filter!.view.shape, wide, g!.view.shape);
  const each = denseView(plan.workspace(sizeOf(wide) * 4), wide);
  const args = [fieldsOf(plan, window), plan.dense(g!).buffer, plan.dense(filter!).buffer, each.buffer];
  plan.call(node.op, args, { output: each.buffer, flops: 2 * tapsOf(window) * window.channels });
  if (multiplier === 1) return denseView(each.buffer, shape);
  const x = plan.result(node);
  plan.call("sum", [each.buffer, x.buffer, sizeOf(shape), multiplier, 1], { output: x.buffer, flops: sizeOf(wide) });
  return x;
};

const lowerDepthwiseFilterGrad: Lowering = (plan, node, [operand, g]) => {
  const filter = plan.result(node);
  const x = repeated(plan, operand!, filter.shape[3]!);
  const window = windowOf(node, filter.shape, x.shape, g!.view.shape);
  const args = [fieldsOf(plan, window), x.buffer, plan.dense(g!).buffer, filter.buffer];
  plan.call(node.op, args, { output: filter.buffer, flops: 2 * tapsOf(window) * window.channels });
  return filter;
};

/** A pool, or a gradient of one that makes an image of the size before. */
const lowerPool: Lowering = (plan, node, operands) => {
  const result = plan.result(node);
  const first = operands[0]!.view.shape;
  const second = operands[1]?.view.shape;
  const [x, y] =
    node.op === "avgPool2dGrad" ? [result.shape, first] : [first, node.op === "maxPool2dGrad" ? second! : result.shape];
  const window = windowOf(node, node.attributes["window"] as readonly number[], x, y);
  const args = [fieldsOf(plan, window), ...operands.map((operand) => plan.dense(operand).buffer), result.buffer];
  plan.call(node.op, args, { output: result.buffer, flops: tapsOf(window) * window.channels });
  return result;
};

/** Pools, and those convolutions that take no bias and no activation. */
export const windowLowerings: Readonly<Record<string, Lowering>> = {
  conv2dFilterGrad: lowerFilterGrad,
  depthwiseConv2dInputGrad: lowerDepthwiseInputGrad,
  depthwiseConv2dFilterGrad: lowerDepthwiseFilterGrad,
  ...{ maxPool2d: lowerPool, maxPool2dGrad: lowerPool, maxPool2dPick: lowerPool },
  ...{ avgPool2d: lowerPool, avgPool2dGrad: lowerPool },
};
