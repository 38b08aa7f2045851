/**
 * What treats each channel by itself, four at a time and what is left over singly: pools and depthwise convolutions (one filter for
 * each channel).
 */
import { activate } from "./gemm";
import { choose, f32s, multiplyAdd } from "./simd";
import {
  batchOf, channelsOf, columnDilationOf, columnsOf, columnStrideOf, endInside, firstInside, heightOf, leftOf, rowDilationOf, rowsOf,
  rowStrideOf, topOf, widthOf, yHeightOf, yWidthOf,
} from "./window";

const enum Task { MaxPick, MaxGrad, Avg, AvgGrad, Depthwise, DepthwiseGrad }

@inline
function get(x: usize, count: i32): v128 {
  return count == 4 ? v128.load(x) : v128.load32_zero(x);
}

@inline
function put(x: usize, value: v128, count: i32): void {
  if (count == 4) v128.store(x, value);
  else v128.store_lane<u32>(x, value, 0);
}

/** Where x takes over from the best so far: it is greater, or the first NaN. */
@inline
function wins(x: v128, best: v128): v128 {
  return v128.andnot(f32x4.eq(best, best), f32x4.le(x, best));
}

/**
 * One window for up to four channels. It starts at `x` (and `other`, which has x's layout) and has rows x columns elements inside the
 * image, `down` and `right` bytes apart; those of `filter` are `filterDown` and `filterRight` apart. Reads or makes y.
 */
@inline
function visit(
  task: Task, x: usize, other: usize, y: usize, rows: i32, columns: i32, down: usize, right: usize,
  filter: usize, filterDown: usize, filterRight: usize, bias: usize, count: i32,
): void {
  const size = f32s(<f32>(rows * columns));
  let best = f32s(0), value = f32s(0), at = i32x4.splat(0);
  if (task == Task.MaxPick || task == Task.MaxGrad) best = get(x, count);
  if (task == Task.MaxPick) value = get(other, count);
  if (task == Task.Depthwise && bias) value = get(bias, count);
  if (task == Task.AvgGrad) value = f32x4.div(get(y, count), size);
  if (task == Task.DepthwiseGrad) value = get(y, count);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const offset = <usize>i * down + <usize>j * right;
      const weight = filter + <usize>i * filterDown + <usize>j * filterRight;
      if (task == Task.MaxPick || task == Task.MaxGrad) {
        const element = get(x + offset, count);
        const won = wins(element, best);
        best = choose(won, element, best);
        if (task == Task.MaxPick) value = choose(won, get(other + offset, count), value);
        if (task == Task.MaxGrad) at = choose(won, i32x4.splat(i * columns + j), at);
      }
      if (task == Task.Avg) value = f32x4.add(value, get(x + offset, count));
      if (task == Task.AvgGrad) put(x + offset, f32x4.add(get(x + offset, count), value), count);
      if (task == Task.Depthwise) value = multiplyAdd(get(x + offset, count), get(weight, count), value);
      if (task == Task.DepthwiseGrad) put(x + offset, multiplyAdd(value, get(weight, count), get(x + offset, count)), count);
    }
  }
  if (task == Task.Avg) put(y, f32x4.div(value, size), count);
  if (task == Task.MaxPick || task == Task.Depthwise) put(y, value, count);
  if (task == Task.MaxGrad) {
    const g = get(y, count);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        const to = other + <usize>i * down + <usize>j * right;
        const own = v128.and(g, i32x4.eq(at, i32x4.splat(i * columns + j)));
        put(to, f32x4.add(get(to, count), own), count);
      }
    }
  }
}

/** Every window of every image; x and `other` are images before, y after. */
@inline
function slide(task: Task, w: usize, x: usize, other: usize, y: usize, filter: usize, bias: usize): void {
  const channels = channelsOf(w);
  const pixel = <usize>channels << 2;
  const line = <usize>widthOf(w) * pixel;
  const down = <usize>rowDilationOf(w) * line;
  const right = <usize>columnDilationOf(w) * pixel;
  const filterDown = <usize>columnsOf(w) * pixel;
  for (let b = 0; b < batchOf(w); b++) {
    const image = <usize>b * <usize>heightOf(w) * line;
    for (let oy = 0; oy < yHeightOf(w); oy++) {
      const top = oy * rowStrideOf(w) - topOf(w);
      const i0 = firstInside(top, rowDilationOf(w));
      const rows = max(endInside(top, rowDilationOf(w), heightOf(w), rowsOf(w)) - i0, 0);
      for (let ox = 0; ox < yWidthOf(w); ox++) {
        const left = ox * columnStrideOf(w) - leftOf(w);
        const j0 = firstInside(left, columnDilationOf(w));
        const columns = max(endInside(left, columnDilationOf(w), widthOf(w), columnsOf(w)) - j0, 0);
        const y0 = top + i0 * rowDilationOf(w);
        const x0 = left + j0 * columnDilationOf(w);
        const corner = image + <usize>y0 * line + <usize>x0 * pixel;
        const weight = filter + <usize>i0 * filterDown + <usize>j0 * pixel;
        let c: usize = 0;
        for (; c + 16 <= pixel; c += 16) {
          visit(task, x + corner + c, other + corner + c, y + c, rows, columns, down, right, weight + c, filterDown, pixel, bias ? bias + c : 0, 4);
        }
        for (; c < pixel; c += 4) {
          visit(task, x + corner + c, other + corner + c, y + c, rows, columns, down, right, weight + c, filterDown, pixel, bias ? bias + c : 0, 1);
        }
        y += pixel;
      }
    }
  }
}

/** Floats of all images before. */
@inline
function clearImages(w: usize, x: usize): void {
  memory.fill(x, 0, <usize>(batchOf(w) * heightOf(w) * widthOf(w) * channelsOf(w)) << 2);
}

/** y = the greatest of each window; NaN if there is one. */
export function maxPool2d(w: usize, x: usize, y: usize): void {
  maxPool2dPick(w, x, x, y);
}

/** y = of each window the element of u where x is greatest. */
export function maxPool2dPick(w: usize, x: usize, u: usize, y: usize): void {
  slide(Task.MaxPick, w, x, u, y, 0, 0);
}

/** dx = g, each element where x is greatest in its window. */
export function maxPool2dGrad(w: usize, x: usize, g: usize, dx: usize): void {
  clearImages(w, dx);
  slide(Task.MaxGrad, w, x, dx, g, 0, 0);
}

/** y = the mean of each window. */
export function avgPool2d(w: usize, x: usize, y: usize): void {
  slide(Task.Avg, w, x, 0, y, 0, 0);
}

/** dx = g, each element shared among its window. */
export function avgPool2dGrad(w: usize, g: usize, dx: usize): void {
  clearImages(w, dx);
  slide(Task.AvgGrad, w, dx, 0, g, 0, 0);
}

/** y = act(x * filter + bias), channel by channel. */
export function depthwiseConv2d(w: usize, x: usize, filter: usize, y: usize, bias: usize, activation: i32): void {
  slide(Task.Depthwise, w, x, 0, y, filter, bias);
  if (activation) activate(activation, y, batchOf(w) * yHeightOf(w) * yWidthOf(w) * channelsOf(w));
}

export function depthwiseConv2dInputGrad(w: usize, g: usize, filter: usize, dx: usize): void {
  clearImages(w, dx);
  slide(Task.DepthwiseGrad, w, dx, 0, g, filter, 0);
}

/** Sum over the windows of one row of y of x times g, for one tap and up to four channels. */
@inline
function rowProduct(x: usize, g: usize, n: i32, xStep: usize, gStep: usize, count: i32): v128 {
  let sum = f32s(0);
  for (let i = 0; i < n; i++) {
    sum = multiplyAdd(get(x, count), get(g, count), sum);
    x += xStep;
    g += gStep;
  }
  return sum;
}

/** Row by row of y, so that sums are as many as there are rows in an image, then as there are images, then short. */
export function depthwiseConv2dFilterGrad(w: usize, x: usize, g: usize, filter: usize): void {
  const channels = channelsOf(w);
  const pixel = <usize>channels << 2;
  const line = <usize>widthOf(w) * pixel;
  const step = <usize>columnStrideOf(w) * pixel;
  for (let ky = 0; ky < rowsOf(w); ky++) {
    for (let kx = 0; kx < columnsOf(w); kx++) {
      const left = kx * columnDilationOf(w) - leftOf(w);
      const first = firstInside(left, columnStrideOf(w));
      const n = endInside(left, columnStrideOf(w), widthOf(w), yWidthOf(w)) - first;
      const from = <usize>(left + first * columnStrideOf(w)) * pixel;
      for (let c = 0, count = 4; c < channels; c += count) {
        if (channels - c < 4) count = 1;
        const at = <usize>c << 2;
        let total = f32s(0);
        for (let b = 0; b < batchOf(w); b++) {
          let image = f32s(0);
          for (let oy = 0; oy < yHeightOf(w); oy++) {
            const y = oy * rowStrideOf(w) + ky * rowDilationOf(w) - topOf(w);
            if (y < 0 || y >= heightOf(w)) continue;
            const xAt = x + <usize>(b * heightOf(w) + y) * line + from + at;
            const gAt = g + <usize>((b * yHeightOf(w) + oy) * yWidthOf(w) + first) * pixel + at;
            if (count == 4) image = f32x4.add(image, rowProduct(xAt, gAt, n, step, pixel, 4));
            else image = f32x4.add(image, rowProduct(xAt, gAt, n, step, pixel, 1));
          }
          total = f32x4.add(total, image);
        }
        put(filter + at, total, count);
      }
      filter += pixel;
    }
  }
}
