/** Pooling in float64 by the plainest loops. */
import { type NdArray, ndArray } from "@isthmus/math";
import type { Axes } from "./window.ts";

/** Shapes of images before and after, `[batch, height, width, channels]`. */
export interface Pool {
  readonly axes: Axes;
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/** Calls `visit` with the index of every result and the indices of the elements in its window, row by row, without padding. */
function eachWindow({ axes, x, y }: Pool, visit: (result: number, members: readonly number[]) => void): void {
  const [rows, columns] = axes;
  const [batch, height, width, channels] = x as [number, number, number, number];
  const [, yHeight, yWidth] = y as [number, number, number, number];
  let result = 0;
  for (let b = 0; b < batch; b++)
    for (let oy = 0; oy < yHeight; oy++)
      for (let ox = 0; ox < yWidth; ox++)
        for (let c = 0; c < channels; c++) {
          const members: number[] = [];
          for (let ky = 0; ky < rows.window; ky++)
            for (let kx = 0; kx < columns.window; kx++) {
              const iy = oy * rows.stride + ky - rows.before;
              const ix = ox * columns.stride + kx - columns.before;
              if (iy < 0 || iy >= height || ix < 0 || ix >= width) continue;
              members.push(((b * height + iy) * width + ix) * channels + c);
            }
          visit(result++, members);
        }
}

const zeros = (shape: readonly number[]): Float64Array => new Float64Array(shape.reduce((a, b) => a * b, 1));

/** The first of the largest; a NaN counts as the largest. */
function firstLargest(x: NdArray, members: readonly number[]): number {
  return members.reduce((best, at) => (x.data[at]! <= x.data[best]! || Number.isNaN(x.data[best]!) ? best : at));
}

/** Of each window the element of `u` that stands where `x` is largest. */
export function pickLargest(pool: Pool, x: NdArray, u: NdArray): NdArray {
  const y = zeros(pool.y);
  eachWindow(pool, (result, members) => (y[result] = u.data[firstLargest(x, members)]!));
  return ndArray(pool.y, y);
}

/** Adds each element of `g` to the place where `x` is largest in its window. */
export function spreadLargest(pool: Pool, x: NdArray, g: NdArray): NdArray {
  const dx = zeros(pool.x);
  eachWindow(pool, (result, members) => (dx[firstLargest(x, members)]! += g.data[result]!));
  return ndArray(pool.x, dx);
}

export function average(pool: Pool, x: NdArray): NdArray {
  const y = zeros(pool.y);
  eachWindow(pool, (result, members) => {
    y[result] = members.reduce((sum, at) => sum + x.data[at]!, 0) / members.length;
  });
  return ndArray(pool.y, y);
}

/** Shares each element of `g` among its window. */
export function spreadEvenly(pool: Pool, g: NdArray): NdArray {
  const dx = zeros(pool.x);
  eachWindow(pool, (result, members) => {
    for (const at of members) dx[at]! += g.data[result]! / members.length;
  });
  return ndArray(pool.x, dx);
}
