import { backend_util } from "@tensorflow/tfjs-core";
import { isFloat, type Kernel, type Kernels } from "./kernel.ts";
import { placeWindow, windowOf } from "./window.ts";

/** How a pool moves, in tfjs's words. */
export interface Pooling {
  readonly filterSize: number | [number, number];
  readonly strides: number | [number, number];
  readonly pad: "valid" | "same" | number | backend_util.ExplicitPadding;
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
}

/** Of equals in a window the first is the greatest. */
const maxPoolGradient: Kernel<Pooling> = (heap, inputs, { filterSize, strides, pad, dimRoundingMode }, stock) => {
  const { dy, input } = inputs;
  if (!isFloat(dy, input)) return stock();
  const shape = input!.shape as [number, number, number, number];
  const info = backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
  const dx = heap.output(shape);
  const [x, above, to] = [input!, dy!, dx].map((tensor) => heap.address(tensor)) as [number, number, number];
  heap.kernels.maxPool2dGrad(placeWindow(heap, windowOf(info)).window, x, above, to);
  return dx;
};

export const pools: Kernels = { MaxPoolGrad: maxPoolGradient };
