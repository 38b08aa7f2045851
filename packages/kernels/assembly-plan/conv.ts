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
  for (let c = 0; c < yChannels; c += 4) fourRows(call, patch, row, at, c, yChannels - 1);
  return at + yChannels;
}

/** Sixteen products of int8, in four sums: exact, for no product is above 2^14. */
@inline
function sixteen(left: v128, right: v128, w: usize): v128 {
  return i32x4.add(
    i32x4.dot_i16x8_s(left, v128.load_ext<i8>(w)),
    i32x4.dot_i16x8_s(right, v128.load_ext<i8>(w, 8)),
  );
}

/** Four channels from c on; where fewer are left, the last one several times. */
@inline
function fourRows(call: Call, patch: usize, row: usize, at: i32, c: i32, last: i32): void {
  const c1 = min(c + 1, last);
  const c2 = min(c + 2, last);
  const c3 = min(c + 3, last);
  let w0 = call.weights + <usize>c * row;
  let w1 = call.weights + <usize>c1 * row;
  let w2 = call.weights + <usize>c2 * row;
  let w3 = call.weights + <usize>c3 * row;
  let s0 = i32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  for (const end = patch + row; patch < end; patch += 16, w0 += 16, w1 += 16, w2 += 16, w3 += 16) {
    const left = v128.load_ext<i8>(patch);
    const right = v128.load_ext<i8>(patch, 8);
    s0 = i32x4.add(s0, sixteen(left, right, w0));
    s1 = i32x4.add(s1, sixteen(left, right, w1));
    s2 = i32x4.add(s2, sixteen(left, right, w2));
    s3 = i32x4.add(s3, sixteen(left, right, w3));
  }
  store(call, at + c, c, across(s0));
  store(call, at + c1, c1, across(s1));
  store(call, at + c2, c2, across(s2));
  store(call, at + c3, c3, across(s3));
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
