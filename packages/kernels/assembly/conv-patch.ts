/**
 * The matrix behind a convolution, one row for each element of y's images and one column for each (row, column, channel) of the
 * window: rows are read from, and added to, the image without the matrix ever being whole.
 *
 * What lies side by side both in the image and in a row is a run: a row of the window when columns are not dilated, else one tap.
 */
import { f32s, loadPart, storePart } from "./simd";
import {
  channelsOf, columnDilationOf, columnsOf, columnStrideOf, heightOf, leftOf, rowDilationOf, rowsOf, rowStrideOf, topOf, widthOf, yHeightOf, yWidthOf,
} from "./window";

/** What moves between image and row: `Gather` into a row, `Scatter` adds a row to the image. */
const enum Move { Gather, Scatter }

/** n zeros into the row, and where it goes on. */
@inline
function clear(move: Move, row: usize, n: i32): usize {
  const bytes = <usize>max(n, 0) << 2;
  if (move == Move.Gather && n > 0) {
    let to = row;
    for (; n >= 4; n -= 4) {
      v128.store(to, f32s(0));
      to += 16;
    }
    if (n) storePart(to, f32s(0), n);
  }
  return row + bytes;
}

/** n elements between image and row, and where the row goes on. */
@inline
function transfer(move: Move, image: usize, row: usize, n: i32): usize {
  for (; n >= 4; n -= 4) {
    if (move == Move.Gather) v128.store(row, v128.load(image));
    else v128.store(image, f32x4.add(v128.load(image), v128.load(row)));
    image += 16;
    row += 16;
  }
  if (n > 0) {
    if (move == Move.Gather) storePart(row, loadPart(image, n), n);
    else storePart(image, f32x4.add(loadPart(image, n), loadPart(row, n)), n);
    row += <usize>n << 2;
  }
  return row;
}

/** Elements `from` up to `end` of the row of matrix that belongs to the window at (top, left) of `image`. */
@inline
function movePatch(move: Move, w: usize, image: usize, top: i32, left: i32, from: i32, end: i32, row: usize): void {
  const channels = channelsOf(w);
  const height = heightOf(w);
  const width = widthOf(w);
  const dilation = columnDilationOf(w);
  const merged = dilation == 1;
  const runs = merged ? 1 : columnsOf(w);
  const length = merged ? columnsOf(w) * channels : channels;
  // Of a merged run, the elements inside the image.
  const low = merged ? min(max(-left, 0), columnsOf(w)) * channels : 0;
  const high = merged ? max(min(width - left, columnsOf(w)), 0) * channels : 0;
  let run = from / length;
  let start = from - run * length;
  let ky = run / runs;
  let kx = run - ky * runs;
  for (let k = from; k < end; ) {
    const stop = min(length, start + end - k);
    const y = top + ky * rowDilationOf(w);
    const x = merged ? left : left + kx * dilation;
    let inside = y >= 0 && y < height;
    let first = low;
    let last = high;
    if (!merged) {
      inside = inside && x >= 0 && x < width;
      last = length;
    }
    first = inside ? min(max(first, start), stop) : stop;
    last = inside ? max(min(last, stop), first) : stop;
    row = clear(move, row, first - start);
    row = transfer(move, image + (<usize>((y * width + x) * channels + first) << 2), row, last - first);
    row = clear(move, row, stop - last);
    k += stop - start;
    start = 0;
    kx++;
    if (kx == runs) {
      kx = 0;
      ky++;
    }
  }
}

/** The whole row of a window inside the image whose columns are not dilated. */
@inline
function moveInside(move: Move, w: usize, image: usize, top: i32, left: i32, row: usize): void {
  const length = columnsOf(w) * channelsOf(w);
  const down = <usize>(rowDilationOf(w) * widthOf(w) * channelsOf(w)) << 2;
  image += <usize>((top * widthOf(w) + left) * channelsOf(w)) << 2;
  for (let ky = rowsOf(w); ky > 0; ky--) {
    row = transfer(move, image, row, length);
    image += down;
  }
}

/** Elements `from` up to `end` of `count` consecutive rows of the matrix, from row number `index`; rows lie `stride` bytes apart. */
@inline
function moveRows(move: Move, w: usize, x: usize, index: i32, count: i32, from: i32, end: i32, to: usize, stride: usize): void {
  const plane = yHeightOf(w) * yWidthOf(w);
  const imageBytes = <usize>(heightOf(w) * widthOf(w) * channelsOf(w)) << 2;
  const b = index / plane;
  let oy = (index - b * plane) / yWidthOf(w);
  let ox = index - b * plane - oy * yWidthOf(w);
  let image = x + <usize>b * imageBytes;
  const isWhole = columnDilationOf(w) == 1 && from == 0 && end == rowsOf(w) * columnsOf(w) * channelsOf(w);
  const lastTop = heightOf(w) - (rowsOf(w) - 1) * rowDilationOf(w) - 1;
  const lastLeft = widthOf(w) - columnsOf(w);
  for (let i = 0; i < count; i++) {
    const top = oy * rowStrideOf(w) - topOf(w);
    const left = ox * columnStrideOf(w) - leftOf(w);
    const isInside = top >= 0 && top <= lastTop && left >= 0 && left <= lastLeft;
    if (isWhole && isInside) moveInside(move, w, image, top, left, to);
    else movePatch(move, w, image, top, left, from, end, to);
    to += stride;
    ox++;
    if (ox == yWidthOf(w)) {
      ox = 0;
      oy++;
      if (oy == yHeightOf(w)) {
        oy = 0;
        image += imageBytes;
      }
    }
  }
}

export function gatherPatches(w: usize, x: usize, index: i32, count: i32, from: i32, end: i32, to: usize, stride: usize): void {
  moveRows(Move.Gather, w, x, index, count, from, end, to, stride);
}

/** Adds rows to the image. */
export function scatterPatches(w: usize, x: usize, index: i32, count: i32, from: i32, end: i32, rows: usize, stride: usize): void {
  moveRows(Move.Scatter, w, x, index, count, from, end, rows, stride);
}
