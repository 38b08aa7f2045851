/** Operands of a matrix product copied into the order in which the tile reads them. */
import { transposeFour } from "./copy";
import { A_BYTES, MR, PANEL_BYTES } from "./gemm-tile";
import { f32s, loadUpTo } from "./simd";

/** Each of four elements of A, from the first on, `step` bytes apart. */
@inline
function storeElements(to: usize, step: usize, x: v128): void {
  v128.store(to, v128.shuffle<i32>(x, x, 0, 0, 0, 0));
  v128.store(to + step, v128.shuffle<i32>(x, x, 1, 1, 1, 1));
  v128.store(to + 2 * step, v128.shuffle<i32>(x, x, 2, 2, 2, 2));
  v128.store(to + 3 * step, v128.shuffle<i32>(x, x, 3, 3, 3, 3));
}

/** A half of the rows of a panel, four k's at a time that lie side by side in A; `row1` and `row2` are the places of the second and third row. */
function packFours(a: usize, to: usize, kc: i32, row1: usize, row2: usize): void {
  for (; kc >= 4; kc -= 4) {
    storeElements(to, PANEL_BYTES, v128.load(a));
    storeElements(to + A_BYTES, PANEL_BYTES, v128.load(a + row1));
    if (MR == 6) storeElements(to + 2 * A_BYTES, PANEL_BYTES, v128.load(a + row2));
    a += 16;
    to += 4 * PANEL_BYTES;
  }
}

/** Four or six rows that lie side by side in A. */
function packAcross(a: usize, to: usize, rows: i32, kc: i32, kStride: usize): void {
  for (; kc > 0; kc--) {
    storeElements(to, A_BYTES, v128.load(a));
    if (MR == 6 && rows == 6) {
      const x = v128.load(a, 8);
      v128.store(to, v128.shuffle<i32>(x, x, 2, 2, 2, 2), 4 * A_BYTES);
      v128.store(to, v128.shuffle<i32>(x, x, 3, 3, 3, 3), 5 * A_BYTES);
    }
    a += kStride;
    to += PANEL_BYTES;
  }
}

/**
 * MR rows of A, k-major: `rowStride` and `kStride` are the distances in bytes of neighbours in A. The last of fewer `rows` may take the
 * missing ones' places, whose sums nobody reads.
 */
export function packA(a: usize, to: usize, rows: i32, kc: i32, rowStride: usize, kStride: usize): void {
  if (rowStride == 4 && (rows == 4 || rows == MR)) {
    packAcross(a, to, rows, kc, kStride);
    return;
  }
  const last = <usize>(rows - 1) * rowStride;
  if (kStride == 4) {
    const row1 = min<usize>(rowStride, last);
    const row2 = min<usize>(2 * rowStride, last);
    const row3 = min<usize>(3 * rowStride, last);
    packFours(a, to, kc, row1, row2);
    if (MR == 6) packFours(a + row3, to + 3 * A_BYTES, kc, min<usize>(4 * rowStride, last) - row3, last - row3);
    else packFours(a + row2, to + 2 * A_BYTES, kc, row3 - row2, 0);
    const fours = kc & ~3;
    a += <usize>fours << 2;
    to += fours * PANEL_BYTES;
    kc -= fours;
  }
  for (; kc > 0; kc--) {
    let row: usize = 0;
    for (let i = 0; i < PANEL_BYTES; i += A_BYTES) {
      v128.store(to + <usize>i, v128.load32_splat(a + row));
      row = min<usize>(row + rowStride, last);
    }
    a += kStride;
    to += PANEL_BYTES;
  }
}

/** Whether no NaN and no infinity, whose exponents are all ones, is in `bytes`, a multiple of 32. */
export function allFinite(x: usize, bytes: i32): bool {
  let most = i32x4.splat(0);
  for (; bytes > 0; bytes -= 32) {
    const larger = i32x4.max_u(i32x4.shl(v128.load(x), 1), i32x4.shl(v128.load(x, 16), 1));
    most = i32x4.max_u(most, larger);
    x += 32;
  }
  return !v128.any_true(i32x4.eq(i32x4.shr_s(most, 24), i32x4.eq(most, most)));
}

/** Up to eight columns of B whose rows are contiguous, and zeros; `step` is the distance of the k's in what is packed. */
@inline
function packRows(b: usize, to: usize, columns: i32, kc: i32, stride: usize, step: usize): void {
  for (; kc > 0; kc--) {
    v128.store(to, loadUpTo(b, columns));
    v128.store(to, columns > 4 ? loadUpTo(b + 16, columns - 4) : f32s(0), 16);
    b += stride;
    to += step;
  }
}

/** Four floats at `b + i stride` for i < count, else zero. */
@inline
function gather(b: usize, stride: usize, count: i32): v128 {
  let x = v128.load32_zero(b);
  if (count > 1) x = v128.load_lane<u32>(b + stride, x, 1);
  if (count > 2) x = v128.load_lane<u32>(b + 2 * stride, x, 2);
  if (count > 3) x = v128.load_lane<u32>(b + 3 * stride, x, 3);
  return x;
}

/** Four columns of a transposed B (each contiguous), four k at a time, or `count` fewer and zeros. */
function packColumns(b: usize, to: usize, count: i32, kc: i32, stride: usize, step: usize): void {
  for (; count >= 4 && kc >= 4; kc -= 4) {
    transposeFour(b, to, stride, step);
    b += 16;
    to += 4 * step;
  }
  for (; kc > 0; kc--) {
    v128.store(to, count > 0 ? gather(b, stride, count) : f32s(0));
    b += 4;
    to += step;
  }
}

/** Eight columns of B, or `left` if these are fewer. */
export function packEight(b: usize, to: usize, left: i32, kc: i32, stride: usize, transposed: bool, step: usize): void {
  if (!transposed) {
    packRows(b, to, left, kc, stride, step);
  } else {
    packColumns(b, to, left, kc, stride, step);
    packColumns(b + 4 * stride, to + 16, left - 4, kc, stride, step);
  }
}

/** Whole panels of B, two rows at a time from the first column to the last, as rows may lie far apart; returns how many of the kc rows are done. */
function packPairs(b: usize, to: usize, columns: i32, kc: i32, stride: usize): i32 {
  let p = 0;
  for (; p + 2 <= kc; p += 2) {
    let from = b;
    let panel = to;
    for (let left = columns; left >= 8; left -= 8) {
      v128.store(panel, v128.load(from));
      v128.store(panel, v128.load(from, 16), 16);
      v128.store(panel, v128.load(from + stride), 32);
      v128.store(panel, v128.load(from + stride, 16), 48);
      from += 32;
      panel += <usize>kc << 5;
    }
    b += 2 * stride;
    to += 64;
  }
  return p;
}

/** All of B[kc, columns] in panels of eight columns; B is [kc, n], or [n, kc] when `transposed`, with rows `stride` bytes apart. */
export function packB(b: usize, to: usize, columns: i32, kc: i32, stride: usize, transposed: bool): void {
  const done = transposed ? 0 : packPairs(b, to, columns, kc, stride);
  for (let left = columns; left > 0; left -= 8) {
    const p = left >= 8 ? done : 0;
    packEight(b + <usize>p * stride, to + (<usize>p << 5), left, kc - p, stride, transposed, 32);
    b += transposed ? 8 * stride : 32;
    to += <usize>kc << 5;
  }
}

/** Columns that `packWide` puts side by side. */
// @ts-ignore: decorator
@inline export const WIDE: i32 = 32;

/** Up to WIDE columns of B as [kc, WIDE], the missing ones zero; B as for `packB`. */
export function packWide(b: usize, to: usize, columns: i32, kc: i32, stride: usize, transposed: bool): void {
  if (columns < WIDE) memory.fill(to, 0, kc * WIDE * 4);
  for (let left = columns; left > 0; left -= 8) {
    packEight(b, to, left, kc, stride, transposed, WIDE * 4);
    b += transposed ? 8 * stride : 32;
    to += 32;
  }
}
