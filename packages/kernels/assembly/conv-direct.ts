/**
 * Convolutions of few images without packing: one place of the window at a time, 32 channels of y in eight registers. With a multiply-add
 * instruction that measured faster than packing wherever the filter stays in the second-level cache; without one, an older V8 spills registers and
 * it is half as fast.
 */
import { f32s, multiplyAdd } from "./simd";
import {
  batchOf, channelsOf, columnDilationOf, columnsOf, columnStrideOf, endInside, firstInside, heightOf, leftOf, rowDilationOf, rowsOf,
  rowStrideOf, topOf, widthOf, yChannelsOf, yHeightOf, yWidthOf,
} from "./window";

/** Most elements of a filter: 384 KiB. */
// @ts-ignore: decorator
@inline const MOST: i32 = 98304;

/** Whether this is the fastest way. A window of one element is a plain matrix product, whose packing costs least. */
@inline
export function isDirect(w: usize): bool {
  if (!ASC_FEATURE_RELAXED_SIMD) return false;
  const taps = rowsOf(w) * columnsOf(w);
  return taps > 1 && (yChannelsOf(w) & 31) == 0 && taps * channelsOf(w) <= MOST / yChannelsOf(w);
}

/** 32 channels of y at one place: the sum over rows x columns taps of `run` elements of x each times their rows of the filter. */
function place(
  x: usize, filter: usize, y: usize, bias: usize, rows: i32, columns: i32, run: i32, down: usize, right: usize,
  filterDown: usize, filterRight: usize, stride: usize,
): void {
  let c0 = f32s(0), c1 = f32s(0), c2 = f32s(0), c3 = f32s(0), c4 = f32s(0), c5 = f32s(0), c6 = f32s(0), c7 = f32s(0);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let from = x + <usize>i * down + <usize>j * right;
      let weight = filter + <usize>i * filterDown + <usize>j * filterRight;
      const end = from + (<usize>run << 2);
      while (from < end) {
        const value = v128.load32_splat(from);
        c0 = multiplyAdd(value, v128.load(weight), c0);
        c1 = multiplyAdd(value, v128.load(weight, 16), c1);
        c2 = multiplyAdd(value, v128.load(weight, 32), c2);
        c3 = multiplyAdd(value, v128.load(weight, 48), c3);
        c4 = multiplyAdd(value, v128.load(weight, 64), c4);
        c5 = multiplyAdd(value, v128.load(weight, 80), c5);
        c6 = multiplyAdd(value, v128.load(weight, 96), c6);
        c7 = multiplyAdd(value, v128.load(weight, 112), c7);
        from += 4;
        weight += stride;
      }
    }
  }
  if (bias) {
    c0 = f32x4.add(v128.load(bias), c0);
    c1 = f32x4.add(v128.load(bias, 16), c1);
    c2 = f32x4.add(v128.load(bias, 32), c2);
    c3 = f32x4.add(v128.load(bias, 48), c3);
    c4 = f32x4.add(v128.load(bias, 64), c4);
    c5 = f32x4.add(v128.load(bias, 80), c5);
    c6 = f32x4.add(v128.load(bias, 96), c6);
    c7 = f32x4.add(v128.load(bias, 112), c7);
  }
  v128.store(y, c0);
  v128.store(y, c1, 16);
  v128.store(y, c2, 32);
  v128.store(y, c3, 48);
  v128.store(y, c4, 64);
  v128.store(y, c5, 80);
  v128.store(y, c6, 96);
  v128.store(y, c7, 112);
}

/** y's channels are a multiple of 32. */
export function convolveDirectly(w: usize, x: usize, filter: usize, y: usize, bias: usize): void {
  const pixel = <usize>channelsOf(w) << 2;
  const line = <usize>widthOf(w) * pixel;
  const stride = <usize>yChannelsOf(w) << 2;
  const filterRight = <usize>channelsOf(w) * stride;
  const filterDown = <usize>columnsOf(w) * filterRight;
  const merged = columnDilationOf(w) == 1;
  for (let b = 0; b < batchOf(w); b++) {
    const image = x + <usize>b * <usize>heightOf(w) * line;
    for (let oy = 0; oy < yHeightOf(w); oy++) {
      const top = oy * rowStrideOf(w) - topOf(w);
      const i0 = firstInside(top, rowDilationOf(w));
      const rows = max(endInside(top, rowDilationOf(w), heightOf(w), rowsOf(w)) - i0, 0);
      for (let ox = 0; ox < yWidthOf(w); ox++) {
        const left = ox * columnStrideOf(w) - leftOf(w);
        const j0 = firstInside(left, columnDilationOf(w));
        const columns = max(endInside(left, columnDilationOf(w), widthOf(w), columnsOf(w)) - j0, 0);
        const from = image + <usize>(top + i0 * rowDilationOf(w)) * line + <usize>(left + j0 * columnDilationOf(w)) * pixel;
        const weight = filter + <usize>i0 * filterDown + <usize>j0 * filterRight;
        for (let o: usize = 0; o < stride; o += 128) {
          place(
            from, weight + o, y + o, bias ? bias + o : 0, rows, merged ? 1 : columns, channelsOf(w) * (merged ? columns : 1),
            <usize>rowDilationOf(w) * line, <usize>columnDilationOf(w) * pixel, filterDown, filterRight, stride,
          );
        }
        y += stride;
      }
    }
  }
}
