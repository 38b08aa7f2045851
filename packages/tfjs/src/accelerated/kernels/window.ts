import { WINDOW_FIELDS, type WindowField } from "@isthmus/kernels";
import type { backend_util } from "@tensorflow/tfjs-core";
import type { Heap } from "../heap.ts";

/** A window as our kernels read it, from tfjs's description of the same. */
export type WindowSizes = Readonly<Record<WindowField, number>>;

export function windowOf(info: backend_util.Conv2DInfo): WindowSizes {
  return {
    batch: info.batchSize,
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

/** What a kernel takes for its scratch: the sizes. */
export function sizesOf(window: WindowSizes): number[] {
  return WINDOW_FIELDS.slice(0, 9).map((field) => window[field]);
}

const WINDOW_BYTES = 64;

/** Room for a window with `bytes` of scratch behind it, the window written there. Nothing may be allocated until the kernel has run. */
export function placeWindow(heap: Heap, window: WindowSizes, bytes = 0): { window: number; scratch: number } {
  const address = heap.scratch(WINDOW_BYTES + bytes);
  const words = heap.words(address, WINDOW_FIELDS.length);
  WINDOW_FIELDS.forEach((field, i) => void (words[i] = window[field]));
  return { window: address, scratch: address + WINDOW_BYTES };
}
