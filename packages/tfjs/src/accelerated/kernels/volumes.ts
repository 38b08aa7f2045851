import { backend_util, type TensorInfo } from "@tensorflow/tfjs-core";
import { sizeOf } from "../../engine/sizes.ts";
import type { Heap } from "../heap.ts";
import type { Kernel, Kernels } from "./kernel.ts";
import { placeWindow, sizesOf, type WindowSizes } from "./window.ts";

type Shape5D = [number, number, number, number, number];
type Triple = number | [number, number, number];

interface Moves {
  readonly strides: Triple;
  readonly pad: "valid" | "same";
}

/** Calls `visit` with each slice of y, of the filter and of x that meet, each counted through all volumes. */
function eachMeeting(info: backend_util.Conv3DInfo, visit: (y: number, tap: number, x: number) => void): void {
  for (let y = 0; y < info.batchSize * info.outDepth; y++) {
    const volume = Math.floor(y / info.outDepth) * info.inDepth;
    const first = (y % info.outDepth) * info.strideDepth - info.padInfo.front;
    for (let tap = 0; tap < info.filterDepth; tap++) {
      const depth = first + tap;
      if (depth >= 0 && depth < info.inDepth) visit(y, tap, volume + depth);
    }
  }
}

/** Bytes of one slice of x, of y and of the filter. */
function sliceBytes(w: WindowSizes): { x: number; y: number; filter: number } {
  return {
    x: 4 * w.height * w.width * w.channels,
    y: 4 * w.yHeight * w.yWidth * w.yChannels,
    filter: 4 * w.rows * w.columns * w.channels * w.yChannels,
  };
}

/** The gradient by a volume: of each slice of dy through each slice of the filter an image, added where it belongs. */
const inputGradient: Kernel<Moves & { inputShape: Shape5D }> = (heap, { dy, filter }, { strides, pad, inputShape }) => {
  const info = backend_util.computeConv3DInfo(inputShape, filter!.shape as Shape5D, strides, 1, pad);
  const window = sliceWindow(info);
  const bytes = sliceBytes(window);
  const { conv2dInputGrad, conv2dInputGradScratch } = heap.kernels;
  return summedSlices(heap, inputShape, bytes.x, (part, add) => {
    const [above, weights] = [heap.address(dy!), heap.address(filter!)];
    const place = placeWindow(heap, window, conv2dInputGradScratch(...sizesOf(window)));
    eachMeeting(info, (y, tap, x) => {
      conv2dInputGrad(place.window, above + y * bytes.y, weights + tap * bytes.filter, part, 0, 0, place.scratch);
      add(x);
    });
  });
};

/** The gradient by the filter, slice by slice as well. */
const filterGradient: Kernel<Moves & { filterShape: Shape5D }> = (heap, { x, dy }, { strides, pad, filterShape }) => {
  const info = backend_util.computeConv3DInfo(x!.shape as Shape5D, filterShape, strides, 1, pad);
  const window = sliceWindow(info);
  const bytes = sliceBytes(window);
  const { conv2dFilterGrad, conv2dFilterGradScratch } = heap.kernels;
  return summedSlices(heap, filterShape, bytes.filter, (part, add) => {
    const [from, above] = [heap.address(x!), heap.address(dy!)];
    const place = placeWindow(heap, window, conv2dFilterGradScratch(...sizesOf(window)));
    eachMeeting(info, (y, tap, slice) => {
      conv2dFilterGrad(place.window, from + slice * bytes.x, above + y * bytes.y, part, place.scratch);
      add(tap);
    });
  });
};

/** A tensor of the sums of what `body` puts at `part` and then adds to a slice. */
function summedSlices(
  heap: Heap,
  shape: Shape5D,
  bytes: number,
  body: (part: number, add: (slice: number) => void) => void,
): TensorInfo {
  const [part, total] = [heap.output([bytes / 4]), heap.output(shape)];
  const [from, to] = [heap.address(part), heap.address(total)];
  heap.kernels.fill(to, 0, sizeOf(shape));
  body(from, (slice) => heap.kernels.add(to + slice * bytes, from, to + slice * bytes, 1, bytes / 4, 0, 1, 0, 1));
  heap.release(part);
  return total;
}

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

function poolOf(
  x: TensorInfo,
  { filterSize, strides, pad, dimRoundingMode, dataFormat }: Pooling,
): backend_util.Conv3DInfo {
  return backend_util.computePool3DInfo(x.shape as Shape5D, filterSize, strides, 1, pad, dimRoundingMode, dataFormat);
}

/** Calls `found` with each element of y and the place in x of the greatest of its window, the last of equals; -1 where there is none. */
function eachGreatest(
  x: Float32Array | Int32Array,
  info: backend_util.Conv3DInfo,
  found: (y: number, x: number) => void,
): void {
  const { inDepth, inHeight, inWidth, inChannels: channels, padInfo } = info;
  const { outDepth, outHeight, outWidth, strideDepth, strideHeight, strideWidth } = info;
  for (let y = 0; y < sizeOf(info.outShape); y++) {
    const [column, row, depth] = [
      Math.floor(y / channels) % outWidth,
      Math.floor(y / channels / outWidth) % outHeight,
      Math.floor(y / channels / outWidth / outHeight) % outDepth,
    ];
    const batch = Math.floor(y / channels / outWidth / outHeight / outDepth);
    const [d0, r0, c0] = [
      depth * strideDepth - padInfo.front,
      row * strideHeight - padInfo.top,
      column * strideWidth - padInfo.left,
    ];
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
  const [from, to] = [heap.backend.typedArrayFromHeap(x!), heap.backend.typedArrayFromHeap(y)] as [
    Float32Array,
    Float32Array,
  ];
  eachGreatest(from, info, (i, place) => void (to[i] = place < 0 ? -Infinity : from[place]!));
  return y;
};

const maxPoolGradient: Kernel<Pooling> = (heap, { dy, input }, attrs) => {
  const dx = heap.output(input!.shape);
  const [x, above, to] = [input!, dy!, dx].map((tensor) => heap.valuesOf(tensor)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  to.fill(0);
  eachGreatest(x, poolOf(input!, attrs), (i, place) => void (place >= 0 && (to[place]! += above[i]!)));
  return dx;
};

/** Right, and not fast: networks of volumes are not what this is for. */
export const volumes: Kernels = {
  Conv3DBackpropFilterV2: filterGradient,
  Conv3DBackpropInputV2: inputGradient,
  MaxPool3D: maxPool,
  MaxPool3DGrad: maxPoolGradient,
};
