/** Convolutions in float64 by the plainest loops. */
import { type NdArray, ndArray } from "@isthmus/math";
import type { Axes } from "./window.ts";

/** An input channel, an output channel, and the weight between them in one tap of the filter. */
export interface Link {
  readonly input: number;
  readonly output: number;
  readonly weight: number;
}

/** Every output channel reads every input channel: a tap of the filter is `[inputs, outputs]`. */
export function denseLinks(inputs: number, outputs: number): Link[] {
  const link = (i: number): Link => ({ input: Math.floor(i / outputs), output: i % outputs, weight: i });
  return Array.from({ length: inputs * outputs }, (_, i) => link(i));
}

/** Every input channel has `multiplier` output channels of its own: a tap of the filter is `[inputs, multiplier]`. */
export function depthwiseLinks(inputs: number, multiplier: number): Link[] {
  const link = (i: number): Link => ({ input: Math.floor(i / multiplier), output: i, weight: i });
  return Array.from({ length: inputs * multiplier }, (_, i) => link(i));
}

/** Shapes of the three: x `[batch, height, width, inputs]`, filter `[rows, columns, ...]`, y `[batch, height, width, outputs]`. */
export interface Convolution {
  readonly axes: Axes;
  readonly x: readonly number[];
  readonly filter: readonly number[];
  readonly y: readonly number[];
  readonly links: readonly Link[];
}

/** Calls `visit` with the indices of all x, weight and y whose product is a term of the convolution. */
function eachTerm(
  { axes, x, filter, y, links }: Convolution,
  visit: (x: number, weight: number, y: number) => void,
): void {
  const [rows, columns] = axes;
  const [batch, height, width, inputs] = x as [number, number, number, number];
  const [, yHeight, yWidth, outputs] = y as [number, number, number, number];
  const [kernelHeight, kernelWidth] = filter as [number, number];
  for (let b = 0; b < batch; b++)
    for (let oy = 0; oy < yHeight; oy++)
      for (let ox = 0; ox < yWidth; ox++)
        for (let ky = 0; ky < kernelHeight; ky++)
          for (let kx = 0; kx < kernelWidth; kx++) {
            const iy = oy * rows.stride + ky * rows.dilation - rows.before;
            const ix = ox * columns.stride + kx * columns.dilation - columns.before;
            if (iy < 0 || iy >= height || ix < 0 || ix >= width) continue;
            const xAt = ((b * height + iy) * width + ix) * inputs;
            const yAt = ((b * yHeight + oy) * yWidth + ox) * outputs;
            const tap = (ky * kernelWidth + kx) * links.length;
            for (const { input, output, weight } of links) visit(xAt + input, tap + weight, yAt + output);
          }
}

const zeros = (shape: readonly number[]): Float64Array => new Float64Array(shape.reduce((a, b) => a * b, 1));

export function convolve(conv: Convolution, x: NdArray, filter: NdArray): NdArray {
  const y = zeros(conv.y);
  eachTerm(conv, (i, j, k) => (y[k]! += x.data[i]! * filter.data[j]!));
  return ndArray(conv.y, y);
}

export function convolveInputGrad(conv: Convolution, g: NdArray, filter: NdArray): NdArray {
  const x = zeros(conv.x);
  eachTerm(conv, (i, j, k) => (x[i]! += g.data[k]! * filter.data[j]!));
  return ndArray(conv.x, x);
}

export function convolveFilterGrad(conv: Convolution, x: NdArray, g: NdArray): NdArray {
  const filter = zeros(conv.filter);
  eachTerm(conv, (i, j, k) => (filter[j]! += x.data[i]! * g.data[k]!));
  return ndArray(conv.filter, filter);
}
