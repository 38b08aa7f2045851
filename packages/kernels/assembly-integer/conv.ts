/** Convolutions, dense layers among them: a patch against rows of weights, four rows at once. */
import { Call } from "./call";
import { across, store } from "./store";

export function conv2d(call: Call): void {
  const row = <usize>((call.rows * call.columns * call.channels + 15) & -16);
  let at = 0;
  for (let i = 0; i < call.yHeight; i++) {
    for (let j = 0; j < call.yWidth; j++) {
      at = rowsOver(call, patchAt(call, i, j), row, at);
    }
  }
}

/** All channels of the element that begins at `at`; the beginning of the next. */
function rowsOver(call: Call, patch: usize, row: usize, at: i32): i32 {
  const yChannels = call.yChannels;
  let c = 0;
  for (; c + 4 <= yChannels; c += 4) fourRows(call, patch, call.weights + <usize>c * row, row, at + c, c);
  for (; c < yChannels; c++) store(call, at + c, c, oneRow(patch, call.weights + <usize>c * row, row));
  return at + yChannels;
}

/** Eight products of int8, added up in pairs: exact, for a pair is below 2^15. */
@inline
function pairs(x: v128, w: usize): v128 {
  return i32x4.dot_i16x8_s(x, v128.load_ext<i8>(w));
}

@inline
function fourRows(call: Call, patch: usize, w0: usize, row: usize, at: i32, c: i32): void {
  const w1 = w0 + row;
  const w2 = w1 + row;
  const w3 = w2 + row;
  let s0 = i32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  for (let p: usize = 0; p < row; p += 8) {
    const x = v128.load_ext<i8>(patch + p);
    s0 = i32x4.add(s0, pairs(x, w0 + p));
    s1 = i32x4.add(s1, pairs(x, w1 + p));
    s2 = i32x4.add(s2, pairs(x, w2 + p));
    s3 = i32x4.add(s3, pairs(x, w3 + p));
  }
  store(call, at, c, across(s0));
  store(call, at + 1, c + 1, across(s1));
  store(call, at + 2, c + 2, across(s2));
  store(call, at + 3, c + 3, across(s3));
}

@inline
function oneRow(patch: usize, w: usize, row: usize): i32 {
  let sums = i32x4.splat(0);
  for (let p: usize = 0; p < row; p += 8) sums = i32x4.add(sums, pairs(v128.load_ext<i8>(patch + p), w + p));
  return across(sums);
}

/** What lies under the window at (i, j), side by side: in the image where that is so, else gathered into the scratch. */
@inline
function patchAt(call: Call, i: i32, j: i32): usize {
  const row = i * call.rowStride - call.top;
  const column = j * call.columnStride - call.left;
  const isOne = call.rows == 1 && call.columns == 1;
  if (isOne && <u32>row < <u32>call.height && <u32>column < <u32>call.width) {
    return call.x + <usize>((row * call.width + column) * call.channels);
  }
  gather(call, row, column);
  return call.scratch;
}

/** The same sums over an image whose pixels stand a stride apart, with nothing between them. */
export function conv2dTranspose(call: Call): void {
  const row = <usize>((call.rows * call.columns * call.channels + 15) & -16);
  let at = 0;
  for (let i = 0; i < call.yHeight; i++) {
    for (let j = 0; j < call.yWidth; j++) {
      gatherApart(call, i + call.top, j + call.left);
      at = rowsOver(call, call.scratch, row, at);
    }
  }
}

/** What stands under the window that reaches back from (bottom, right), side by side into the scratch. */
@inline
function gatherApart(call: Call, bottom: i32, right: i32): void {
  const channels = call.channels;
  let to = call.scratch;
  for (let r = 0; r < call.rows; r++) {
    const row = apart(bottom - r * call.rowDilation, call.rowStride, call.height);
    for (let k = 0; k < call.columns; k++, to += <usize>channels) {
      const column = apart(right - k * call.columnDilation, call.columnStride, call.width);
      if (row < 0 || column < 0) fill(to, call.padding, channels);
      else copy(to, call.x + <usize>((row * call.width + column) * channels), channels);
    }
  }
}

/** The pixel at a position on an image whose pixels stand a stride apart; -1 where there is none. */
@inline
function apart(position: i32, stride: i32, size: i32): i32 {
  if (position < 0 || position % stride != 0) return -1;
  const pixel = position / stride;
  return pixel < size ? pixel : -1;
}

function gather(call: Call, top: i32, left: i32): void {
  const channels = call.channels;
  const run = call.columns * channels;
  let to = call.scratch;
  for (let r = 0; r < call.rows; r++, to += <usize>run) {
    const row = top + r * call.rowDilation;
    if (<u32>row >= <u32>call.height) fill(to, call.padding, run);
    else if (call.columnDilation == 1) gatherRun(call, row, left, to);
    else gatherEach(call, row, left, to);
  }
}

/** Neighbouring columns: what is beside the image before, what is in it, what is beside it behind. */
@inline
function gatherRun(call: Call, row: i32, left: i32, to: usize): void {
  const channels = call.channels;
  const first = min(max(-left, 0), call.columns);
  const end = max(min(call.columns, call.width - left), first);
  fill(to, call.padding, first * channels);
  const from = call.x + <usize>((row * call.width + left + first) * channels);
  copy(to + <usize>(first * channels), from, (end - first) * channels);
  fill(to + <usize>(end * channels), call.padding, (call.columns - end) * channels);
}

@inline
function gatherEach(call: Call, row: i32, left: i32, to: usize): void {
  const channels = call.channels;
  for (let k = 0; k < call.columns; k++, to += <usize>channels) {
    const column = left + k * call.columnDilation;
    if (<u32>column >= <u32>call.width) fill(to, call.padding, channels);
    else copy(to, call.x + <usize>((row * call.width + column) * channels), channels);
  }
}

/** Short runs for the most part: a call of `memory.copy` takes longer. */
@inline
function copy(to: usize, from: usize, length: i32): void {
  let i: usize = 0;
  for (; i + 8 <= <usize>length; i += 8) i64.store(to + i, i64.load(from + i));
  for (; i < <usize>length; i++) i32.store8(to + i, i32.load8_u(from + i));
}

@inline
function fill(to: usize, value: i32, length: i32): void {
  for (let i: usize = 0; i < <usize>length; i++) i32.store8(to + i, value);
}
