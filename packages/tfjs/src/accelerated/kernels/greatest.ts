import { backend_util, type TensorInfo } from "@tensorflow/tfjs-core";
import type { Kernel, Kernels } from "./kernel.ts";
import type { Pooling } from "./pools.ts";
import { windowOf, type WindowSizes } from "./window.ts";

type Shape3D = [number, number, number];
type Shape4D = [number, number, number, number];

interface Morphology {
  readonly strides: [number, number];
  readonly pad: "valid" | "same";
  readonly dilations: [number, number];
}

/**
 * Calls `found` with the place of each element of y, and with the places in the images and in the window where `value` is greatest, the first
 * of equals; -1 where a window lies outside.
 */
function eachGreatest(
  w: WindowSizes,
  value: (x: number, tap: number) => number,
  found: (y: number, x: number, tap: number) => void,
): void {
  for (let y = 0; y < w.batch * w.yHeight * w.yWidth * w.channels; y++) {
    const channel = y % w.channels;
    const pixel = Math.floor(y / w.channels);
    const left = (pixel % w.yWidth) * w.columnStride - w.left;
    const top = (Math.floor(pixel / w.yWidth) % w.yHeight) * w.rowStride - w.top;
    const image = Math.floor(pixel / w.yWidth / w.yHeight) * w.height;
    let [greatest, place, tapThere] = [-Infinity, -1, -1];
    for (let tap = 0; tap < w.rows * w.columns; tap++) {
      const row = top + Math.floor(tap / w.columns) * w.rowDilation;
      const column = left + (tap % w.columns) * w.columnDilation;
      if (row < 0 || row >= w.height || column < 0 || column >= w.width) continue;
      const x = ((image + row) * w.width + column) * w.channels + channel;
      const at = tap * w.channels + channel;
      const here = value(x, at);
      if (here > greatest) [greatest, place, tapThere] = [here, x, at];
    }
    found(y, place, tapThere);
  }
}

function morphologyOf(x: TensorInfo, filter: TensorInfo, { strides, pad, dilations }: Morphology): WindowSizes {
  const [images, taps] = [x.shape as Shape4D, filter.shape as Shape3D];
  return windowOf(backend_util.computeDilation2DInfo(images, taps, strides, pad, "NHWC", dilations));
}

const dilation: Kernel<Morphology> = (heap, inputs, attrs) => {
  const { x, filter } = inputs as { x: TensorInfo; filter: TensorInfo };
  const window = morphologyOf(x, filter, attrs);
  const y = heap.output([window.batch, window.yHeight, window.yWidth, window.channels]);
  const [from, weights, to] = [heap.valuesOf(x), heap.valuesOf(filter), heap.valuesOf(y)];
  eachGreatest(
    window,
    (i, tap) => from[i]! + weights[tap]!,
    (i, place, tap) => void (to[i] = place < 0 ? -Infinity : from[place]! + weights[tap]!),
  );
  return y;
};

/** The gradient goes where the sum was greatest: to the image there, or to that tap. */
const dilationGradient =
  (of: "x" | "filter"): Kernel<Morphology> =>
  (heap, inputs, attrs) => {
    const { x, filter, dy } = inputs as { x: TensorInfo; filter: TensorInfo; dy: TensorInfo };
    const gradient = heap.output(inputs[of]!.shape);
    const [from, weights, above, to] = [x, filter, dy, gradient].map((tensor) => heap.valuesOf(tensor)) as [
      Float32Array,
      ...[Float32Array, Float32Array, Float32Array],
    ];
    to.fill(0);
    eachGreatest(
      morphologyOf(x, filter, attrs),
      (i, tap) => from[i]! + weights[tap]!,
      (i, place, tap) => void (place >= 0 && (to[of === "x" ? place : tap]! += above[i]!)),
    );
    return gradient;
  };

const maxPoolWithArgmax: Kernel<Pooling & { includeBatchInIndex: boolean }> = (heap, inputs, attrs) => {
  const x = inputs["x"]!;
  const { filterSize, strides, pad, includeBatchInIndex } = attrs;
  const window = windowOf(backend_util.computePool2DInfo(x.shape as Shape4D, filterSize, strides, 1, pad));
  const shape = [window.batch, window.yHeight, window.yWidth, window.channels];
  const [greatest, places] = [heap.output(shape), heap.output(shape, "int32")];
  const [from, to] = [heap.valuesOf(x), heap.valuesOf(greatest)];
  const indices = heap.words(heap.address(places), to.length);
  const image = includeBatchInIndex ? from.length : window.height * window.width * window.channels;
  eachGreatest(
    window,
    (i) => from[i]!,
    (i, place) => {
      to[i] = place < 0 ? -Infinity : from[place]!;
      indices[i] = place < 0 ? -1 : place % image;
    },
  );
  return [greatest, places];
};

/** On the host: right, and not fast. */
export const greatest: Kernels = {
  Dilation2D: dilation,
  Dilation2DBackpropFilter: dilationGradient("filter"),
  Dilation2DBackpropInput: dilationGradient("x"),
  MaxPoolWithArgmax: maxPoolWithArgmax,
};
