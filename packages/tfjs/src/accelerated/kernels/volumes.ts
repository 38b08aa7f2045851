import { backend_util, type TensorInfo } from "@tensorflow/tfjs-core";
import { sizeOf } from "../../engine/sizes.ts";
import type { Kernel, Kernels } from "./kernel.ts";
import { placeWindow, sizesOf, type WindowSizes } from "./window.ts";

type Shape5D = [number, number, number, number, number];
type Triple = number | [number, number, number];

interface Convolution {
  readonly strides: Triple;
  readonly pad: "valid" | "same";
  readonly inputShape: Shape5D;
}

/** The gradient of a volume: of each slice of dy through each slice of the filter an image, added where it belongs. */
const inputGradient: Kernel<Convolution> = (heap, { dy, filter }, { strides, pad, inputShape }) => {
  const info = backend_util.computeConv3DInfo(inputShape, filter!.shape as Shape5D, strides, 1, pad);
  const window = sliceWindow(info);
  const image = heap.output([window.height, window.width, window.channels]);
  const dx = heap.output(inputShape);
  const [from, weights, part, to] = [dy!, filter!, image, dx].map((tensor) => heap.address(tensor)) as [
    number,
    ...[number, number, number],
  ];
  const { add, conv2dInputGrad, conv2dInputGradScratch, fill } = heap.kernels;
  fill(to, 0, sizeOf(inputShape));
  const place = placeWindow(heap, window, conv2dInputGradScratch(...sizesOf(window)));
  const size = sizeOf(image.shape);
  const above = 4 * window.yHeight * window.yWidth * window.yChannels;
  const tap = 4 * window.rows * window.columns * window.channels * window.yChannels;
  for (let slice = 0; slice < info.batchSize * info.outDepth; slice++) {
    const batch = Math.floor(slice / info.outDepth);
    const first = (slice % info.outDepth) * info.strideDepth - info.padInfo.front;
    for (let k = 0; k < info.filterDepth; k++) {
      const depth = first + k;
      if (depth < 0 || depth >= info.inDepth) continue;
      conv2dInputGrad(place.window, from + slice * above, weights + k * tap, part, 0, 0, place.scratch);
      const target = to + 4 * size * (batch * info.inDepth + depth);
      add(target, part, target, 1, size, 0, 1, 0, 1);
    }
  }
  heap.release(image);
  return dx;
};

/** Of one slice of one volume. */
function sliceWindow(info: backend_util.Conv3DInfo): WindowSizes {
  return {
    batch: 1,
    height: info.inHeight,
    width: info.inWidth,
    channels: info.inChannels,
    yHeight: info.outHeight,
    yWidth: info.outWidth,
    yChannels: info.outChannels,
    rows: info.filterHeight,
    columns: info.filterWidth,
    rowStride: info.strideHeight,
    columnStride: info.strideWidth,
    rowDilation: info.dilationHeight,
    columnDilation: info.dilationWidth,
    top: info.padInfo.top,
    left: info.padInfo.left,
  };
}

interface Pooling {
  readonly filterSize: Triple;
  readonly strides: Triple;
  readonly pad: "valid" | "same" | number;
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
  readonly dataFormat?: "NDHWC" | "NCDHW";
}

function poolOf(x: TensorInfo, { filterSize, strides, pad, dimRoundingMode, dataFormat }: Pooling): backend_util.Conv3DInfo {
  return backend_util.computePool3DInfo(x.shape as Shape5D, filterSize, strides, 1, pad, dimRoundingMode, dataFormat);
}

/** Calls `found` with each element of y and the place in x of the greatest of its window, the last of equals; -1 where there is none. */
function eachGreatest(x: Float32Array | Int32Array, info: backend_util.Conv3DInfo, found: (y: number, x: number) => void): void {
  const { inDepth, inHeight, inWidth, inChannels: channels, padInfo } = info;
  const { outDepth, outHeight, outWidth, strideDepth, strideHeight, strideWidth } = info;
  for (let y = 0; y < sizeOf(info.outShape); y++) {
    const [column, row, depth] = [
      Math.floor(y / channels) % outWidth,
      Math.floor(y / channels / outWidth) % outHeight,
      Math.floor(y / channels / outWidth / outHeight) % outDepth,
    ];
    const batch = Math.floor(y / channels / outWidth / outHeight / outDepth);
    const [d0, r0, c0] = [depth * strideDepth - padInfo.front, row * strideHeight - padInfo.top, column * strideWidth - padInfo.left];
    let [greatest, place] = [-Infinity, -1];
    for (let d = Math.max(d0, 0); d < Math.min(d0 + info.filterDepth, inDepth); d++) {
      for (let r = Math.max(r0, 0); r < Math.min(r0 + info.filterHeight, inHeight); r++) {
        for (let c = Math.max(c0, 0); c < Math.min(c0 + info.filterWidth, inWidth); c++) {
          const at = (((batch * inDepth + d) * inHeight + r) * inWidth + c) * channels + (y % channels);
          if (x[at]! >= greatest) [greatest, place] = [x[at]!, at];
        }
      }
    }
    found(y, place);
  }
}

const maxPool: Kernel<Pooling> = (heap, { x }, attrs) => {
  const info = poolOf(x!, attrs);
  const y = heap.output(info.outShape, x!.dtype);
  const [from, to] = [heap.backend.typedArrayFromHeap(x!), heap.backend.typedArrayFromHeap(y)] as [Float32Array, Float32Array];
  eachGreatest(from, info, (i, place) => void (to[i] = place < 0 ? -Infinity : from[place]!));
  return y;
};

const maxPoolGradient: Kernel<Pooling> = (heap, { dy, input }, attrs) => {
  const dx = heap.output(input!.shape);
  const [x, above, to] = [input!, dy!, dx].map((tensor) => heap.valuesOf(tensor)) as [Float32Array, Float32Array, Float32Array];
  to.fill(0);
  eachGreatest(x, poolOf(input!, attrs), (i, place) => void (place >= 0 && (to[place]! += above[i]!)));
  return dx;
};

/** Right, and not fast: networks of volumes are not what this is for. */
export const volumes: Kernels = {
  Conv3DBackpropInputV2: inputGradient,
  MaxPool3D: maxPool,
  MaxPool3DGrad: maxPoolGradient,
};
