import { backend_util, type TensorInfo } from "@tensorflow/tfjs-core";
import type { Heap } from "../heap.ts";
import type { Moves } from "./convolutions.ts";
import type { Kernel, Kernels } from "./kernel.ts";
import { placeWindow, windowOf, type WindowSizes } from "./window.ts";

type Shape4D = [number, number, number, number];

/** Each channel of x as often as it has filters, so that every filter has a channel of its own. */
function windowFor(x: readonly number[], filter: readonly number[], moves: Moves): WindowSizes {
  const { strides, pad, dilations, dimRoundingMode } = moves;
  const depthwise = true;
  const info = backend_util.computeConv2DInfo(
    ...([x, filter, strides, dilations ?? 1, pad, dimRoundingMode, depthwise] as unknown as Parameters<
      typeof backend_util.computeConv2DInfo
    >),
  );
  return { ...windowOf(info), channels: info.outChannels };
}

/** [..., channels] to [..., channels x times]. */
function repeated(heap: Heap, x: TensorInfo, channels: number, times: number): TensorInfo {
  const [batch, height, width] = x.shape as Shape4D;
  const y = heap.output([batch, height, width, channels * times]);
  const pixels = batch * height * width;
  heap.kernels.copyStrided(heap.address(x), heap.address(y), 1, pixels, channels, times, 0, channels, 1, 0);
  return y;
}

const inputGradient: Kernel<Moves & { inputShape: Shape4D }> = (heap, { dy, filter }, { inputShape, ...moves }) => {
  const window = windowFor(inputShape, filter!.shape, moves);
  const { batch, height, width, channels } = window;
  const wide = heap.output([batch, height, width, channels]);
  const [from, weights, to] = [dy!, filter!, wide].map((tensor) => heap.address(tensor)) as [number, number, number];
  heap.kernels.depthwiseConv2dInputGrad(placeWindow(heap, window).window, from, weights, to);
  const times = filter!.shape[3]!;
  if (times === 1) return wide;
  const dx = heap.output(inputShape);
  heap.kernels.sum(heap.address(wide), heap.address(dx), batch * height * width * inputShape[3], times, 1);
  heap.release(wide);
  return dx;
};

const filterGradient: Kernel<Moves & { filterShape: Shape4D }> = (heap, { x, dy }, { filterShape, ...moves }) => {
  const window = windowFor(x!.shape, filterShape, moves);
  const [, , channels, times] = filterShape;
  const wide = times === 1 ? x! : repeated(heap, x!, channels, times);
  const dFilter = heap.output(filterShape);
  const [from, above, to] = [wide, dy!, dFilter].map((tensor) => heap.address(tensor)) as [number, number, number];
  heap.kernels.depthwiseConv2dFilterGrad(placeWindow(heap, window).window, from, above, to);
  if (times !== 1) heap.release(wide);
  return dFilter;
};

export const depthwise: Kernels = {
  DepthwiseConv2dNativeBackpropInput: inputGradient,
  DepthwiseConv2dNativeBackpropFilter: filterGradient,
};
