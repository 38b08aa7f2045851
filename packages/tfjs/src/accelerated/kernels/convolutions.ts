import { backend_util, type TensorInfo } from "@tensorflow/tfjs-core";
import { IsthmusError } from "@isthmus/math";
import type { Heap } from "../heap.ts";
import { endingOf, type Fused } from "./activation.ts";
import { isFloat, type Kernel, type Kernels } from "./kernel.ts";
import { placeWindow, sizesOf, windowOf, type WindowSizes } from "./window.ts";

type Shape4D = [number, number, number, number];

/** How a window moves, in tfjs's words. */
export interface Moves {
  readonly strides: number | [number, number];
  readonly pad: "valid" | "same" | number | backend_util.ExplicitPadding;
  /** tfjs's own derivatives of convolutions know none; tfjs-layers says null for 1. */
  readonly dilations?: number | [number, number] | null;
  readonly dataFormat?: "NHWC" | "NCHW";
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
}

/** @throws IsthmusError `TFJS_LAYOUT` for channels before rows */
function windowFor(x: readonly number[], filter: readonly number[], moves: Moves): WindowSizes {
  const { strides, pad, dilations, dimRoundingMode, dataFormat = "NHWC" } = moves;
  if (dataFormat !== "NHWC") {
    const message = `convolutions of tfjs's wasm backend expected dataFormat "NHWC", got ${JSON.stringify(dataFormat)}; transpose the images`;
    throw new IsthmusError("TFJS_LAYOUT", message, { dataFormat });
  }
  return windowOf(
    backend_util.computeConv2DInfo(x as Shape4D, filter as Shape4D, strides, dilations ?? 1, pad, dimRoundingMode),
  );
}

const forward: Kernel<Moves & Fused> = (heap, inputs, attrs, stock) => {
  const { x, filter, bias } = inputs as { x: TensorInfo; filter: TensorInfo; bias?: TensorInfo };
  if (!isFloat(x, filter, bias)) return stock();
  const window = windowFor(x.shape, filter.shape, attrs);
  const ending = endingOf(heap, inputs, window.yChannels, attrs);
  const y = heap.output([window.batch, window.yHeight, window.yWidth, window.yChannels]);
  convolve(heap, window, x, filter, y, ending);
  return ending.then(y);
};

function convolve(
  heap: Heap,
  window: WindowSizes,
  x: TensorInfo,
  filter: TensorInfo,
  y: TensorInfo,
  { bias, activation }: { bias: number; activation: number },
): void {
  const { conv2d, conv2dScratch } = heap.kernels;
  const [from, weights, to] = [x, filter, y].map((tensor) => heap.address(tensor)) as [number, number, number];
  const place = placeWindow(heap, window, conv2dScratch(...sizesOf(window)));
  conv2d(place.window, from, weights, to, bias, activation, place.scratch);
}

const inputGradient: Kernel<Moves & { inputShape: Shape4D }> = (heap, { dy, filter }, { inputShape, ...moves }) => {
  const window = windowFor(inputShape, filter!.shape, moves);
  const dx = heap.output(inputShape);
  const { conv2dInputGrad, conv2dInputGradScratch } = heap.kernels;
  const [from, weights, to] = [dy!, filter!, dx].map((tensor) => heap.address(tensor)) as [number, number, number];
  const place = placeWindow(heap, window, conv2dInputGradScratch(...sizesOf(window)));
  conv2dInputGrad(place.window, from, weights, to, 0, 0, place.scratch);
  return dx;
};

const filterGradient: Kernel<Moves & { filterShape: Shape4D }> = (heap, { x, dy }, { filterShape, ...moves }) => {
  const window = windowFor(x!.shape, filterShape, moves);
  const dFilter = heap.output(filterShape);
  const { conv2dFilterGrad, conv2dFilterGradScratch } = heap.kernels;
  const [from, above, to] = [x!, dy!, dFilter].map((tensor) => heap.address(tensor)) as [number, number, number];
  const place = placeWindow(heap, window, conv2dFilterGradScratch(...sizesOf(window)));
  conv2dFilterGrad(place.window, from, above, to, place.scratch);
  return dFilter;
};

export const convolutions: Kernels = {
  Conv2D: forward,
  FusedConv2D: forward,
  Conv2DBackpropInput: inputGradient,
  Conv2DBackpropFilter: filterGradient,
};
