import { floatFunctions } from "./float-functions.ts";
import { gather, isInside } from "./gather.ts";
import {
  type ElementwiseCall,
  type FloatCall,
  type FloatConvolutionCall,
  type FloatPoolCall,
  floatRow,
} from "./plan.ts";

const f = Math.fround;

/** The kernels of floats in plain JavaScript, over a memory whose size is a multiple of 4. The WebAssembly build leaves the same bytes. */
export class FloatKernels {
  private readonly bytes: Int8Array;
  private readonly floats: Float32Array;

  constructor(memory: ArrayBuffer) {
    this.bytes = new Int8Array(memory);
    this.floats = new Float32Array(memory);
  }

  run(call: FloatCall): void {
    switch (call.kernel) {
      case "floatConv2d":
        return this.conv2d(call);
      case "floatDepthwise":
      case "floatMaxPool":
        return this.channelwise(call);
      default:
        return this.elementwise(call);
    }
  }

  private conv2d(call: FloatConvolutionCall): void {
    const { yHeight, yWidth, yChannels } = call.window;
    for (let i = 0, to = call.y >> 2; i < yHeight; i++) {
      for (let j = 0; j < yWidth; j++, to += yChannels) {
        gather(this.bytes, call, 0, i, j, 4);
        this.sums(call, to);
      }
    }
  }

  /** Of all channels, four at once: what stands behind the last one the next pixel writes anew. */
  private sums({ window, scratch, weights, biases }: FloatConvolutionCall, to: number): void {
    const { rows, columns, channels } = window;
    const { floats } = this;
    const row = floatRow(window.yChannels);
    const from = scratch >> 2;
    const end = from + rows * columns * channels;
    for (let c = 0; c < row; c += 4) {
      const bias = (biases >> 2) + c;
      let s0 = floats[bias]!;
      let s1 = floats[bias + 1]!;
      let s2 = floats[bias + 2]!;
      let s3 = floats[bias + 3]!;
      for (let p = from, w = (weights >> 2) + c; p < end; p++, w += row) {
        const x = floats[p]!;
        s0 = f(s0 + f(x * floats[w]!));
        s1 = f(s1 + f(x * floats[w + 1]!));
        s2 = f(s2 + f(x * floats[w + 2]!));
        s3 = f(s3 + f(x * floats[w + 3]!));
      }
      floats[to + c] = s0;
      floats[to + c + 1] = s1;
      floats[to + c + 2] = s2;
      floats[to + c + 3] = s3;
    }
  }

  private channelwise(call: FloatConvolutionCall | FloatPoolCall): void {
    const { yHeight, yWidth, yChannels } = call.window;
    for (let i = 0, to = call.y >> 2; i < yHeight; i++) {
      for (let j = 0; j < yWidth; j++) {
        for (let c = 0; c < yChannels; c++, to++) this.under(call, i, j, c, to);
      }
    }
  }

  /** The sum of the products under a window of one channel, or the largest number there. What lies beside the image is left out. */
  private under(call: FloatConvolutionCall | FloatPoolCall, i: number, j: number, c: number, to: number): void {
    const { x, window } = call;
    const { height, width, channels, yChannels, rows, columns, rowDilation, columnDilation } = window;
    const { floats } = this;
    const isPool = call.kernel === "floatMaxPool";
    const top = i * window.rowStride - window.top;
    const left = j * window.columnStride - window.left;
    const channel = (x >> 2) + Math.floor((c * channels) / yChannels);
    floats[to] = isPool ? -Infinity : floats[(call.biases >> 2) + c]!;
    for (let r = 0, w = isPool ? 0 : (call.weights >> 2) + c; r < rows; r++) {
      const row = top + r * rowDilation;
      for (let k = 0; k < columns; k++, w += yChannels) {
        const column = left + k * columnDilation;
        if (!isInside(row, height) || !isInside(column, width)) continue;
        const value = floats[channel + (row * width + column) * channels]!;
        floats[to] = isPool ? Math.max(floats[to]!, value) : floats[to]! + f(value * floats[w]!);
      }
    }
  }

  /** Operands begin anew after as many numbers as they have. */
  private elementwise({ kernel, x, y, other, length, xLength, otherLength }: ElementwiseCall): void {
    const { floats } = this;
    const run = floatFunctions[kernel]!;
    const [a, b] = [x >> 2, other >> 2];
    for (let i = 0, k = 0, l = 0, to = y >> 2; i < length; i++, to++) {
      run(floats, to, a + k, b + l);
      if (++k === xLength) k = 0;
      if (++l === otherLength) l = 0;
    }
  }
}
