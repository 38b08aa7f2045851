/**
 * The inner loops of matrix multiplication: C[MR, 8] += A[MR, kc] B[kc, 8] from packed panels.
 *
 * Tiles are what measured fastest. In the 15 vector registers that V8 leaves, the SIMD128 build holds 4x8; with a multiply-add instruction no register
 * is needed for the product and 6x8 fits. One k per turn of the loop: V8 11 and 12 move all loads of an unrolled turn to its top and
 * spill. There A's elements are also packed four times over, since an address for each `load32_splat` costs one instruction more than a load.
 */
import { f32s, loadPart, storePart } from "./simd";

/** Rows of a tile. */
// @ts-ignore: decorator
@inline export const MR: i32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 4;

/** Bytes of one packed element of A, and of the MR elements of one k. */
// @ts-ignore: decorator
@inline export const A_BYTES: i32 = ASC_FEATURE_RELAXED_SIMD ? 4 : 16;
// @ts-ignore: decorator
@inline export const PANEL_BYTES: i32 = MR * A_BYTES;

/** a * b + c: one rounding where the machine has the instruction (relaxed build), else two. */
@inline
export function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(c, f32x4.mul(a, b));
}

/** First chunk of k: C = product + bias (or 0); later ones: C += product. */
@inline
function finish(c: usize, left: v128, right: v128, first: bool, biasLeft: v128, biasRight: v128): void {
  v128.store(c, f32x4.add(first ? biasLeft : v128.load(c), left));
  v128.store(c, f32x4.add(first ? biasRight : v128.load(c, 16), right), 16);
}

/**
 * Runs of k's in panels of A and B, as six int32 in memory: how many in a row, how many rows of them, and how many bytes lie between the
 * end of one and the start of the next, in a row and from row to row, first in A, then in B.
 */
// @ts-ignore: decorator
@inline export const RUNS_BYTES: i32 = 32;

/** 4x8, A packed as vectors of four equal floats: 8 sums, 4 + 2 operands, 1 product = 15 registers. */
@inline
function tile4x8(
  inRuns: bool, runs: usize, depth: i32, a: usize, b: usize, c: usize, stride: usize, first: bool, bias: usize,
): void {
  let c00 = f32s(0), c01 = f32s(0), c10 = f32s(0), c11 = f32s(0);
  let c20 = f32s(0), c21 = f32s(0), c30 = f32s(0), c31 = f32s(0);
  let columns = inRuns ? load<i32>(runs) : 1;
  let rows = inRuns ? load<i32>(runs, 4) : 1;
  while (true) {
    const end = b + (<usize>depth << 5);
    while (b < end) {
      const b0 = v128.load(b);
      const b1 = v128.load(b, 16);
      let x = v128.load(a);
      c00 = multiplyAdd(x, b0, c00);
      c01 = multiplyAdd(x, b1, c01);
      x = v128.load(a, 16);
      c10 = multiplyAdd(x, b0, c10);
      c11 = multiplyAdd(x, b1, c11);
      x = v128.load(a, 32);
      c20 = multiplyAdd(x, b0, c20);
      c21 = multiplyAdd(x, b1, c21);
      x = v128.load(a, 48);
      c30 = multiplyAdd(x, b0, c30);
      c31 = multiplyAdd(x, b1, c31);
      a += PANEL_BYTES;
      b += 32;
    }
    if (!inRuns) break;
    if (--columns) {
      a += load<i32>(runs, 8);
      b += load<i32>(runs, 16);
    } else {
      if (!--rows) break;
      columns = load<i32>(runs);
      a += load<i32>(runs, 12);
      b += load<i32>(runs, 20);
    }
  }
  const biasLeft = bias ? v128.load(bias) : f32s(0);
  const biasRight = bias ? v128.load(bias, 16) : f32s(0);
  finish(c, c00, c01, first, biasLeft, biasRight);
  finish(c + stride, c10, c11, first, biasLeft, biasRight);
  finish(c + 2 * stride, c20, c21, first, biasLeft, biasRight);
  finish(c + 3 * stride, c30, c31, first, biasLeft, biasRight);
}

/** 6x8: 12 sums, 1 + 2 operands = 15 registers. */
@inline
function tile6x8(
  inRuns: bool, runs: usize, depth: i32, a: usize, b: usize, c: usize, stride: usize, first: bool, bias: usize,
): void {
  let c00 = f32s(0), c01 = f32s(0), c10 = f32s(0), c11 = f32s(0), c20 = f32s(0), c21 = f32s(0);
  let c30 = f32s(0), c31 = f32s(0), c40 = f32s(0), c41 = f32s(0), c50 = f32s(0), c51 = f32s(0);
  let columns = inRuns ? load<i32>(runs) : 1;
  let rows = inRuns ? load<i32>(runs, 4) : 1;
  while (true) {
    const end = b + (<usize>depth << 5);
    while (b < end) {
      const b0 = v128.load(b);
      const b1 = v128.load(b, 16);
      let x = v128.load32_splat(a);
      c00 = multiplyAdd(x, b0, c00);
      c01 = multiplyAdd(x, b1, c01);
      x = v128.load32_splat(a, 4);
      c10 = multiplyAdd(x, b0, c10);
      c11 = multiplyAdd(x, b1, c11);
      x = v128.load32_splat(a, 8);
      c20 = multiplyAdd(x, b0, c20);
      c21 = multiplyAdd(x, b1, c21);
      x = v128.load32_splat(a, 12);
      c30 = multiplyAdd(x, b0, c30);
      c31 = multiplyAdd(x, b1, c31);
      x = v128.load32_splat(a, 16);
      c40 = multiplyAdd(x, b0, c40);
      c41 = multiplyAdd(x, b1, c41);
      x = v128.load32_splat(a, 20);
      c50 = multiplyAdd(x, b0, c50);
      c51 = multiplyAdd(x, b1, c51);
      a += PANEL_BYTES;
      b += 32;
    }
    if (!inRuns) break;
    if (--columns) {
      a += load<i32>(runs, 8);
      b += load<i32>(runs, 16);
    } else {
      if (!--rows) break;
      columns = load<i32>(runs);
      a += load<i32>(runs, 12);
      b += load<i32>(runs, 20);
    }
  }
  const biasLeft = bias ? v128.load(bias) : f32s(0);
  const biasRight = bias ? v128.load(bias, 16) : f32s(0);
  finish(c, c00, c01, first, biasLeft, biasRight);
  finish(c + stride, c10, c11, first, biasLeft, biasRight);
  finish(c + 2 * stride, c20, c21, first, biasLeft, biasRight);
  finish(c + 3 * stride, c30, c31, first, biasLeft, biasRight);
  finish(c + 4 * stride, c40, c41, first, biasLeft, biasRight);
  finish(c + 5 * stride, c50, c51, first, biasLeft, biasRight);
}

/** A whole tile; `stride` is the distance of C's rows in bytes, `bias` 0 or the eight biases of these columns. */
function tile(depth: i32, a: usize, b: usize, c: usize, stride: usize, first: bool, bias: usize): void {
  if (ASC_FEATURE_RELAXED_SIMD) tile6x8(false, 0, depth, a, b, c, stride, first, bias);
  else tile4x8(false, 0, depth, a, b, c, stride, first, bias);
}

/** A whole tile of the sum over runs of `depth` k's each. */
function tileOfRuns(runs: usize, depth: i32, a: usize, b: usize, c: usize, stride: usize, first: bool, bias: usize): void {
  if (ASC_FEATURE_RELAXED_SIMD) tile6x8(true, runs, depth, a, b, c, stride, first, bias);
  else tile4x8(true, runs, depth, a, b, c, stride, first, bias);
}

/** Four (or fewer, `count`) columns of a tile that hangs over C's edge. */
@inline
function finishPart(c: usize, from: usize, first: bool, bias: usize, count: i32): void {
  const value = v128.load(from);
  if (count >= 4) {
    const base = first ? (bias ? v128.load(bias) : f32s(0)) : v128.load(c);
    v128.store(c, f32x4.add(base, value));
  } else if (count > 0) {
    const base = first ? (bias ? loadPart(bias, count) : f32s(0)) : loadPart(c, count);
    storePart(c, f32x4.add(base, value), count);
  }
}

/** The inside of a tile that hangs over C's edge: `rows` x `columns` of `from` (MR x 8 floats). */
function finishEdge(
  c: usize, from: usize, stride: usize, first: bool, bias: usize, rows: i32, columns: i32,
): void {
  for (let i = 0; i < rows; i++) {
    finishPart(c, from, first, bias, columns);
    finishPart(c + 16, from + 16, first, bias ? bias + 16 : 0, columns - 4);
    c += stride;
    from += 32;
  }
}

/** One strip of C, `rows` high and `columns` wide; panels of B are `kc` long. Tiles over an edge are computed whole in `spare`. */
@inline
function eachTile(
  inRuns: bool, runs: usize, depth: i32, kc: i32, a: usize, b: usize, c: usize, stride: usize, first: bool, bias: usize,
  rows: i32, columns: i32, spare: usize,
): void {
  for (let left = columns; left > 0; left -= 8) {
    const whole = rows == MR && left >= 8;
    const to = whole ? c : spare;
    const distance: usize = whole ? stride : 32;
    const biasHere = whole ? bias : 0;
    if (inRuns) tileOfRuns(runs, depth, a, b, to, distance, first || !whole, biasHere);
    else tile(depth, a, b, to, distance, first || !whole, biasHere);
    if (!whole) finishEdge(c, spare, stride, first, bias, rows, left);
    b += <usize>kc << 5;
    c += 32;
    if (bias) bias += 32;
  }
}

/** A strip from one packed panel of A and all packed panels of B, `depth` k's each. */
export function strip(
  depth: i32, a: usize, b: usize, c: usize, stride: usize, first: bool, bias: usize,
  rows: i32, columns: i32, spare: usize,
): void {
  eachTile(false, 0, depth, depth, a, b, c, stride, first, bias, rows, columns, spare);
}

/** A strip from runs of `depth` k's of a panel of A, and of all panels of B, each kc long. */
export function stripOfRuns(
  runs: usize, depth: i32, kc: i32, a: usize, b: usize, c: usize, stride: usize, first: bool, bias: usize,
  rows: i32, columns: i32, spare: usize,
): void {
  eachTile(true, runs, depth, kc, a, b, c, stride, first, bias, rows, columns, spare);
}
