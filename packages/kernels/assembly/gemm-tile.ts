/**
 * The inner loop of matrix multiplication: C[MR, 8] += A[MR, kc] B[kc, 8] from packed panels.
 *
 * Tiles are what measured fastest. In the 15 vector registers that V8 leaves, the SIMD128 build holds 4x8: 8 sums, 4 + 2 operands, 1 product; with
 * a multiply-add instruction no register is needed for the product and 6x8 fits: 12 sums, 1 + 2 operands. What counts is the number of
 * instructions, so A's elements are packed four times over, since `load32_splat` from an offset takes two of them, the loop makes four
 * k's in a turn, and its end is where it has come to in B. Pointers move before they are used: V8 copies what comes from the last turn before
 * it is an address.
 *
 * The optimiser would gather the loads of such a turn at its top, where they spill, but moves nothing past a branch. So there is one between
 * k's that never leaves. In the relaxed build it costs nothing: new compilers drop it, as the turn was entered on the same condition, and keep
 * the order. The other build is for older ones, too, which would gather the loads after that, and a k is better cut in two there: its tests are
 * real. The four are written out, as no inlined function can add to sums of its caller's.
 */
import { f32s, loadUpTo, multiplyAdd, storeUpTo } from "./simd";

/** Rows of a tile. */
// @ts-ignore: decorator
@inline export const MR: i32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 4;

/** Bytes of one packed element of A, and of the MR elements of one k. */
// @ts-ignore: decorator
@inline export const A_BYTES: i32 = 16;
// @ts-ignore: decorator
@inline export const PANEL_BYTES: i32 = MR * A_BYTES;

/** A bias as what a sum begins with, never -0: else a sum of -0, of products that underflow, would depend on where a tile ends. */
@inline
export function startOf(bias: v128): v128 {
  return f32x4.add(bias, f32s(0));
}

/** What up to four columns of C hold before more k's are added: at first their bias, or 0. */
@inline
export function sumsBefore(c: usize, first: bool, bias: usize, count: i32): v128 {
  if (!first) return loadUpTo(c, count);
  return bias ? startOf(loadUpTo(bias, count)) : f32s(0);
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

/** Rows of the lower tile that six rows have beside them, so that what is left of many rows is not computed for nothing. */
// @ts-ignore: decorator
@inline const LOW: i32 = 4;

/** How many of the `left` rows the next tile takes: 8 are two lower ones. */
@inline
export function rowsOfNext(left: i32): i32 {
  return MR == 6 && (left == 7 || left == 8) ? LOW : min(MR, left);
}

/** That `fours` is 0, where it is not, or something else that it never is. */
@inline
function never(fours: i32, which: i32): bool {
  return MR == 6 ? !fours : fours == -which;
}

/**
 * A whole tile of `height` rows: the sum over `runs` of `bytes` of a panel of B each, or over one run if `runs` is 0. `a` and `b` are
 * four k's before the first. `stride` is the distance of C's rows in bytes, `bias` 0 or the eight biases of these columns.
 */
@inline
function tileOf(
  height: i32, runs: usize, bytes: i32, a: usize, b: usize, c: usize, stride: usize, first: bool, bias: usize,
): void {
  let c00 = f32s(0), c01 = f32s(0), c10 = f32s(0), c11 = f32s(0), c20 = f32s(0), c21 = f32s(0);
  let c30 = f32s(0), c31 = f32s(0), c40 = f32s(0), c41 = f32s(0), c50 = f32s(0), c51 = f32s(0);
  let b0 = f32s(0), b1 = f32s(0), x = f32s(0);
  let columns = runs ? load<i32>(runs) : 1;
  let rows = runs ? load<i32>(runs, 4) : 1;
  const fours = bytes & ~127;
  while (true) {
    if (fours) {
      const last = b + <usize>fours;
      do {
        a += 4 * PANEL_BYTES;
        b += 128;
        b0 = v128.load(b);
        b1 = v128.load(b, 16);
        x = v128.load(a);
        c00 = multiplyAdd(x, b0, c00);
        c01 = multiplyAdd(x, b1, c01);
        x = v128.load(a, 16);
        c10 = multiplyAdd(x, b0, c10);
        c11 = multiplyAdd(x, b1, c11);
        if (MR == 4 && never(fours, 1)) break;
        x = v128.load(a, 32);
        c20 = multiplyAdd(x, b0, c20);
        c21 = multiplyAdd(x, b1, c21);
        x = v128.load(a, 48);
        c30 = multiplyAdd(x, b0, c30);
        c31 = multiplyAdd(x, b1, c31);
        if (height == 6) {
          x = v128.load(a, 64);
          c40 = multiplyAdd(x, b0, c40);
          c41 = multiplyAdd(x, b1, c41);
          x = v128.load(a, 80);
          c50 = multiplyAdd(x, b0, c50);
          c51 = multiplyAdd(x, b1, c51);
        }
        if (never(fours, 2)) break;
        b0 = v128.load(b, 32);
        b1 = v128.load(b, 48);
        x = v128.load(a, PANEL_BYTES);
        c00 = multiplyAdd(x, b0, c00);
        c01 = multiplyAdd(x, b1, c01);
        x = v128.load(a, PANEL_BYTES + 16);
        c10 = multiplyAdd(x, b0, c10);
        c11 = multiplyAdd(x, b1, c11);
        if (MR == 4 && never(fours, 3)) break;
        x = v128.load(a, PANEL_BYTES + 32);
        c20 = multiplyAdd(x, b0, c20);
        c21 = multiplyAdd(x, b1, c21);
        x = v128.load(a, PANEL_BYTES + 48);
        c30 = multiplyAdd(x, b0, c30);
        c31 = multiplyAdd(x, b1, c31);
        if (height == 6) {
          x = v128.load(a, PANEL_BYTES + 64);
          c40 = multiplyAdd(x, b0, c40);
          c41 = multiplyAdd(x, b1, c41);
          x = v128.load(a, PANEL_BYTES + 80);
          c50 = multiplyAdd(x, b0, c50);
          c51 = multiplyAdd(x, b1, c51);
        }
        if (never(fours, 4)) break;
        b0 = v128.load(b, 64);
        b1 = v128.load(b, 80);
        x = v128.load(a, 2 * PANEL_BYTES);
        c00 = multiplyAdd(x, b0, c00);
        c01 = multiplyAdd(x, b1, c01);
        x = v128.load(a, 2 * PANEL_BYTES + 16);
        c10 = multiplyAdd(x, b0, c10);
        c11 = multiplyAdd(x, b1, c11);
        if (MR == 4 && never(fours, 5)) break;
        x = v128.load(a, 2 * PANEL_BYTES + 32);
        c20 = multiplyAdd(x, b0, c20);
        c21 = multiplyAdd(x, b1, c21);
        x = v128.load(a, 2 * PANEL_BYTES + 48);
        c30 = multiplyAdd(x, b0, c30);
        c31 = multiplyAdd(x, b1, c31);
        if (height == 6) {
          x = v128.load(a, 2 * PANEL_BYTES + 64);
          c40 = multiplyAdd(x, b0, c40);
          c41 = multiplyAdd(x, b1, c41);
          x = v128.load(a, 2 * PANEL_BYTES + 80);
          c50 = multiplyAdd(x, b0, c50);
          c51 = multiplyAdd(x, b1, c51);
        }
        if (never(fours, 6)) break;
        b0 = v128.load(b, 96);
        b1 = v128.load(b, 112);
        x = v128.load(a, 3 * PANEL_BYTES);
        c00 = multiplyAdd(x, b0, c00);
        c01 = multiplyAdd(x, b1, c01);
        x = v128.load(a, 3 * PANEL_BYTES + 16);
        c10 = multiplyAdd(x, b0, c10);
        c11 = multiplyAdd(x, b1, c11);
        if (MR == 4 && never(fours, 7)) break;
        x = v128.load(a, 3 * PANEL_BYTES + 32);
        c20 = multiplyAdd(x, b0, c20);
        c21 = multiplyAdd(x, b1, c21);
        x = v128.load(a, 3 * PANEL_BYTES + 48);
        c30 = multiplyAdd(x, b0, c30);
        c31 = multiplyAdd(x, b1, c31);
        if (height == 6) {
          x = v128.load(a, 3 * PANEL_BYTES + 64);
          c40 = multiplyAdd(x, b0, c40);
          c41 = multiplyAdd(x, b1, c41);
          x = v128.load(a, 3 * PANEL_BYTES + 80);
          c50 = multiplyAdd(x, b0, c50);
          c51 = multiplyAdd(x, b1, c51);
        }
      } while (b != last);
    }
    if (bytes & 96) {
      a += 4 * PANEL_BYTES;
      b += 128;
      let left = bytes & 96;
      do {
        b0 = v128.load(b);
        b1 = v128.load(b, 16);
        x = v128.load(a);
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
        if (height == 6) {
          x = v128.load(a, 64);
          c40 = multiplyAdd(x, b0, c40);
          c41 = multiplyAdd(x, b1, c41);
          x = v128.load(a, 80);
          c50 = multiplyAdd(x, b0, c50);
          c51 = multiplyAdd(x, b1, c51);
        }
        a += PANEL_BYTES;
        b += 32;
      } while (left -= 32);
      a -= 4 * PANEL_BYTES;
      b -= 128;
    }
    if (!runs) break;
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
  const biasLeft = bias ? startOf(v128.load(bias)) : f32s(0);
  const biasRight = bias ? startOf(v128.load(bias, 16)) : f32s(0);
  finish(c, c00, c01, first, biasLeft, biasRight);
  finish(c + stride, c10, c11, first, biasLeft, biasRight);
  finish(c + 2 * stride, c20, c21, first, biasLeft, biasRight);
  finish(c + 3 * stride, c30, c31, first, biasLeft, biasRight);
  if (height == 6) {
    finish(c + 4 * stride, c40, c41, first, biasLeft, biasRight);
    finish(c + 5 * stride, c50, c51, first, biasLeft, biasRight);
  }
}

function tile(runs: usize, bytes: i32, a: usize, b: usize, c: usize, stride: usize, first: bool, bias: usize): void {
  tileOf(MR, runs, bytes, a, b, c, stride, first, bias);
}

function lowTile(runs: usize, bytes: i32, a: usize, b: usize, c: usize, stride: usize, first: bool, bias: usize): void {
  tileOf(LOW, runs, bytes, a, b, c, stride, first, bias);
}

/** Four (or fewer, `count`) columns of a tile that hangs over C's edge. */
function finishPart(c: usize, from: usize, first: bool, bias: usize, count: i32): void {
  if (count > 0) storeUpTo(c, f32x4.add(sumsBefore(c, first, bias, count), v128.load(from)), count);
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

/**
 * One strip of C, `rows` high and `columns` wide, from a packed panel of A and panels of B, each `kc` long: all their `depth` k's, or `runs` of as
 * many. Tiles over an edge are computed whole in `spare`.
 */
export function strip(
  runs: usize, depth: i32, kc: i32, a: usize, b: usize, c: usize, stride: usize, first: bool, bias: usize,
  rows: i32, columns: i32, spare: usize,
): void {
  const low = MR > LOW && rows <= LOW;
  const bytes = depth << 5;
  a -= 4 * PANEL_BYTES;
  b -= 128;
  for (let left = columns; left > 0; left -= 8) {
    const whole = rows == (low ? LOW : MR) && left >= 8;
    const to = whole ? c : spare;
    const distance: usize = whole ? stride : 32;
    const biasHere = whole ? bias : 0;
    if (low) lowTile(runs, bytes, a, b, to, distance, first || !whole, biasHere);
    else tile(runs, bytes, a, b, to, distance, first || !whole, biasHere);
    if (!whole) finishEdge(c, spare, stride, first, bias, rows, left);
    b += <usize>kc << 5;
    c += 32;
    if (bias) bias += 32;
  }
}
