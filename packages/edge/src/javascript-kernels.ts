import {
  CHANNEL_BYTES,
  type ConvolutionCall,
  type LookupCall,
  type MaxPoolCall,
  type PlanCall,
  type PlanWindow,
  rowBytes,
} from "./plan.ts";
import { gather, isInside } from "./gather.ts";
import { requantise } from "./requantise.ts";

/** The kernels in plain JavaScript, over a memory whose size is a multiple of 4. The WebAssembly build leaves the same bytes. */
export class JavascriptKernels {
  private readonly bytes: Int8Array;
  private readonly words: Int32Array;

  constructor(memory: ArrayBuffer) {
    this.bytes = new Int8Array(memory);
    this.words = new Int32Array(memory);
  }

  run(call: PlanCall): void {
    switch (call.kernel) {
      case "conv2d":
      case "conv2dTranspose":
        return this.conv2d(call);
      case "depthwise":
        return this.depthwise(call);
      case "maxPool":
        return this.maxPool(call);
      case "lookup":
        return this.lookup(call);
    }
  }

  private conv2d(call: ConvolutionCall): void {
    const { kernel, window, weights } = call;
    const { yHeight, yWidth, yChannels, rows, columns, channels } = window;
    const taps = rows * columns * channels;
    const stride = rowBytes(taps);
    for (let i = 0, at = 0; i < yHeight; i++) {
      for (let j = 0; j < yWidth; j++) {
        if (kernel === "conv2d") gather(this.bytes, call, call.padding, i, j);
        else this.gatherApart(call, i, j);
        for (let c = 0; c < yChannels; c++, at++)
          this.store(call, at, c, this.dot(call.scratch, weights + c * stride, taps));
      }
    }
  }

  /** As {@link gather} where the pixels stand a stride apart, with the padding between them. */
  private gatherApart({ window, x, padding, scratch }: ConvolutionCall, i: number, j: number): void {
    const { height, width, channels, rows, columns, rowStride, columnStride, rowDilation, columnDilation } = window;
    const { bytes } = this;
    for (let r = 0, to = scratch; r < rows; r++) {
      const row = (i + window.top - r * rowDilation) / rowStride;
      for (let k = 0; k < columns; k++, to += channels) {
        const column = (j + window.left - k * columnDilation) / columnStride;
        const from = x + (row * width + column) * channels;
        if (isPixel(row, height) && isPixel(column, width)) bytes.copyWithin(to, from, from + channels);
        else bytes.fill(padding, to, to + channels);
      }
    }
  }

  private dot(a: number, b: number, length: number): number {
    const { bytes } = this;
    let sum = 0;
    for (let i = 0; i < length; i++) sum = (sum + bytes[a + i]! * bytes[b + i]!) | 0;
    return sum;
  }

  private depthwise(call: ConvolutionCall): void {
    const { yHeight, yWidth, yChannels } = call.window;
    for (let i = 0, at = 0; i < yHeight; i++) {
      for (let j = 0; j < yWidth; j++) {
        for (let c = 0; c < yChannels; c++, at++) this.store(call, at, c, this.under(call, i, j, c));
      }
    }
  }

  /** The sum of the products under a window of one channel. */
  private under({ window, x, weights, padding }: ConvolutionCall, i: number, j: number, c: number): number {
    const { height, width, channels, yChannels, rows, columns, rowDilation, columnDilation } = window;
    const { bytes } = this;
    const top = i * window.rowStride - window.top;
    const left = j * window.columnStride - window.left;
    const channel = x + Math.floor((c * channels) / yChannels);
    let sum = 0;
    for (let r = 0, w = weights + c; r < rows; r++) {
      const row = top + r * rowDilation;
      for (let k = 0; k < columns; k++, w += yChannels) {
        const column = left + k * columnDilation;
        const inside = isInside(row, height) && isInside(column, width);
        const value = inside ? bytes[channel + (row * width + column) * channels]! : padding;
        sum = (sum + value * bytes[w]!) | 0;
      }
    }
    return sum;
  }

  /** A channel's sum of products, with its bias, as the element `at` of y. */
  private store(
    { y, channels, zero, low, high, wide }: ConvolutionCall,
    at: number,
    c: number,
    products: number,
  ): void {
    const { words } = this;
    const channel = (channels + c * CHANNEL_BYTES) >> 2;
    const sum = (products + words[channel]!) | 0;
    const multiplier = sum < 0 ? words[channel + 2]! : words[channel + 1]!;
    const value = requantise(sum, multiplier, words[channel + 3]!, zero, low, high);
    if (wide) words[(y >> 2) + at] = value;
    else this.bytes[y + at] = value;
  }

  private maxPool({ window, x, y }: MaxPoolCall): void {
    const { yHeight, yWidth, channels } = window;
    for (let i = 0, at = y; i < yHeight; i++) {
      for (let j = 0; j < yWidth; j++) {
        for (let c = 0; c < channels; c++, at++) this.bytes[at] = this.largest(window, x + c, i, j);
      }
    }
  }

  private largest(window: PlanWindow, channel: number, i: number, j: number): number {
    const { height, width, channels, rows, columns, rowDilation, columnDilation } = window;
    const top = i * window.rowStride - window.top;
    const left = j * window.columnStride - window.left;
    let most = -128;
    for (let r = 0; r < rows; r++) {
      const row = top + r * rowDilation;
      for (let k = 0; k < columns; k++) {
        const column = left + k * columnDilation;
        if (!isInside(row, height) || !isInside(column, width)) continue;
        most = Math.max(most, this.bytes[channel + (row * width + column) * channels]!);
      }
    }
    return most;
  }

  private lookup({ x, y, table, length }: LookupCall): void {
    const { bytes } = this;
    for (let i = 0; i < length; i++) bytes[y + i] = bytes[table + 128 + bytes[x + i]!]!;
  }
}

/** Of a position that may lie between pixels. */
function isPixel(position: number, size: number): boolean {
  return Number.isInteger(position) && isInside(position, size);
}
