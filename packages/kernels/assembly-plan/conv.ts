/** Convolutions, dense layers among them: a patch against rows of weights, four rows at once. */
import { Call } from "./call";
import { gatherApart, patchAt } from "./gather";
import { across, store } from "./store";

export function conv2d(call: Call): void {
  const row = <usize>((call.rows * call.columns * call.channels + 15) & -16);
  let at = 0;
  for (let i = 0; i < call.yHeight; i++) {
    for (let j = 0; j < call.yWidth; j++) {
      at = rowsOver(call, patchAt(call, i, j, call.channels), row, at);
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
