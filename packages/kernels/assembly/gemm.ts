/**
 * C[m, n] = act(op(A) op(B) + bias), or the gradient through act, after Goto and van de Geijn (2008): a block of B stays packed in a cache, a
 * panel of MR rows of A in the first. The order of summation depends on shape and build alone.
 */
import { reluGrad, sigmoidGrad, tanhGrad } from "./binary";
import { repeat, transpose } from "./copy";
import { packA, packB } from "./gemm-pack";
import { MR, PANEL_BYTES, rowsOfNext, startOf, strip } from "./gemm-tile";
import { timesColumns, timesRows, timesSomeColumns } from "./gemv";
import { f32s } from "./simd";
import { relu, sigmoid, softplus, tanh } from "./unary";

/** Most k in a block: one panel of A and one of B fit in 32 KiB together. */
// @ts-ignore: decorator
@inline export const KC: i32 = 256;
/** Most columns in a block: KC * NC floats are 1 MiB. They may leave the second-level cache, as they are read in order: packing A again costs more. */
// @ts-ignore: decorator
@inline export const NC: i32 = 1024;

/** A product is made the other way round up to so many columns, from such a depth and number of multiplications on, so many rows at a time. */
// @ts-ignore: decorator
@inline const MOST_NARROW: i32 = 31;
// @ts-ignore: decorator
@inline const LEAST_DEPTH: i32 = 32;
// @ts-ignore: decorator
@inline const LEAST_WORK: i32 = 1 << 16;
// @ts-ignore: decorator
@inline const NARROW_ROWS: i32 = 128;

/** `total` cut into equal parts of at most `most`, each a multiple of `unit`. */
@inline
export function part(total: i32, most: i32, unit: i32): i32 {
  const parts = max((total + most - 1) / most, 1);
  const size = (total + parts - 1) / parts;
  return (size + unit - 1) / unit * unit;
}

/** So few rows that packing B costs more than reading it once for each. */
@inline
function isDirect(transA: i32, m: i32): bool {
  return m == 1 || (m <= 3 && !transA);
}

/**
 * So few columns that packing all of A four times over costs too much, and panels of eight leave some over: the product is made the other way round,
 * C' = B' A', where it is large enough for the transposing.
 */
@inline
function isNarrow(m: i32, n: i32, k: i32): bool {
  return n > 3 && n <= MOST_NARROW && m > n && k >= LEAST_DEPTH && m >= LEAST_WORK / (n * k);
}

@inline
export function blockBytes(n: i32, k: i32): i32 {
  return part(n, NC, 8) * part(k, KC, 1) * 4;
}

/** Bytes of scratch that `gemm` needs for each share of this product: whole cache lines, so that no two shares meet in one. */
export function gemmScratch(transA: i32, transB: i32, m: i32, n: i32, k: i32): i32 {
  if (isDirect(transA, m)) return 0;
  const panels = part(k, KC, 1) * PANEL_BYTES + MR * 32 + 63;
  if (isNarrow(m, n, k)) return (n * NARROW_ROWS * 4 + blockBytes(min(m, NARROW_ROWS), k) + panels) & ~63;
  return (blockBytes(n, k) + panels) & ~63;
}

/** Where share `index` of `count` begins when `total` is handed out in units. */
@inline
export function edge(total: i32, unit: i32, index: i32, count: i32): i32 {
  return min((total + unit - 1) / unit * index / count * unit, total);
}

/** Whether shares are columns: each packs all of one operand, and so they are cut along the larger one. */
@inline
export function isByColumns(m: i32, n: i32): bool {
  return n >= 2 * m;
}

@inline
export function activate(activation: i32, x: usize, n: i32): void {
  if (activation == 1) relu(x, x, n);
  else if (activation == 2) sigmoid(x, x, n);
  else if (activation == 3) tanh(x, x, n);
  else if (activation == 4) softplus(x, x, n);
}

/** The first of the gates. */
// @ts-ignore: decorator
@inline export const GATES: i32 = 5;

/** The gradient at an activation's operand, from that at its result y, in place. */
function gate(activation: i32, x: usize, y: usize, n: i32): void {
  if (activation == GATES) reluGrad(x, y, x, 1, n, 0, 1);
  else if (activation == GATES + 1) sigmoidGrad(x, y, x, 1, n, 0, 1);
  else tanhGrad(x, y, x, 1, n, 0, 1);
}

/** The activation of rows of C, `stride` bytes apart, or the gradient through one of the result that lies `toResult` bytes away. */
function finishRows(activation: i32, row: usize, stride: usize, toResult: usize, rows: i32, n: i32): void {
  if (stride == <usize>n << 2) {
    n *= rows;
    rows = 1;
  }
  for (; rows > 0; rows--) {
    if (activation >= GATES) gate(activation, row, row + toResult, n);
    else activate(activation, row, n);
    row += stride;
  }
}

/**
 * C, or its sum with the product if `adds`, from operands whose elements lie `aRow` and `aK`, `bColumn` and `bK` bytes apart. `stride` is the distance
 * of C's rows, `nc` how many columns are packed at a time; for the activation see `finishRows`.
 */
function multiply(
  transB: i32, m: i32, n: i32, k: i32, a: usize, aRow: usize, aK: usize, b: usize, bColumn: usize, bK: usize,
  c: usize, stride: usize, adds: bool, bias: usize, activation: i32, toResult: usize, nc: i32, scratch: usize, blockSize: i32,
): void {
  const kc = part(k, KC, 1);
  const panel = scratch + blockSize;
  const spare = panel + kc * PANEL_BYTES;
  for (let j = 0; j < n; j += nc) {
    const columns = min(nc, n - j);
    let p = 0;
    do {
      const depth = min(kc, k - p);
      packB(b + <usize>j * bColumn + <usize>p * bK, scratch, columns, depth, transB ? bColumn : bK, transB != 0);
      for (let i = 0, rows = 0; i < m; i += rows) {
        rows = rowsOfNext(m - i);
        const corner = c + <usize>i * stride + (<usize>j << 2);
        packA(a + <usize>i * aRow + <usize>p * aK, panel, rows, depth, aRow, aK);
        const biasHere = bias ? bias + (<usize>j << 2) : 0;
        strip(0, depth, depth, panel, scratch, corner, stride, p == 0 && !adds, biasHere, rows, columns, spare);
        if (activation && p + depth >= k) finishRows(activation, corner, stride, toResult, rows, columns);
      }
      p += kc;
    } while (p < k);
  }
}

/** `multiply` the other way round, some rows at a time: their transpose, from the bias on, is made in `scratch`. */
function multiplyNarrow(
  transA: i32, m: i32, n: i32, k: i32, a: usize, aRow: usize, aK: usize, b: usize, bColumn: usize, bK: usize,
  c: usize, bias: usize, activation: i32, toResult: usize, scratch: usize,
): void {
  const rest = scratch + (n * NARROW_ROWS << 2);
  for (; m > 0; m -= NARROW_ROWS) {
    const rows = min(m, NARROW_ROWS);
    const stride = <usize>rows << 2;
    for (let j = 0; j < n; j++) {
      repeat(bias ? startOf(v128.load32_splat(bias + (<usize>j << 2))) : f32s(0), scratch + <usize>j * stride, rows);
    }
    multiply(1 - transA, n, rows, k, b, bColumn, bK, a, aRow, aK, scratch, stride, true, 0, 0, 0, NARROW_ROWS, rest, blockBytes(rows, k));
    transpose(scratch, c, rows, n, stride);
    const row = <usize>n << 2;
    if (activation) finishRows(activation, c, row, toResult, rows, n);
    c += <usize>rows * row;
    a += <usize>rows * aRow;
  }
}

/**
 * A is [m, k], or [k, m] when transA; B is [k, n], or [n, k] when transB. `bias` is the address of n floats or 0.
 * `activation`: 0 none, 1 relu, 2 sigmoid, 3 tanh, 4 softplus;
 * or 5, 6, 7, the gradient through relu, sigmoid, tanh, and then `bias` is the address of their result [m, n] and nothing is added.
 *
 * `share`: 0 for the whole product, else `count << 8 | index`: whole tiles, the first share has all when there are too few rows to pack.
 * Shares are columns where there are twice as many as rows, else rows, as each packs all of the other operand. `scratch` has room for all.
 */
export function gemm(
  transA: i32, transB: i32, m: i32, n: i32, k: i32, a: usize, b: usize, c: usize, bias: usize, activation: i32, scratch: usize,
  share: i32,
): void {
  const count = max(share >> 8, 1);
  const index = share & 255;
  const y = activation >= GATES ? bias : 0;
  if (y) bias = 0;
  if (isDirect(transA, m)) {
    if (index > 0) return;
    for (let i = 0; i < m; i++) {
      const result = y + <usize>(i * n << 2);
      if (transB && activation == GATES) timesSomeColumns(n, k, a, b, c, result);
      else {
        if (transB) timesColumns(n, k, a, b, c, bias);
        else timesRows(n, k, a, b, c, bias, false);
        if (y) gate(activation, c, result, n);
        else activate(activation, c, n);
      }
      a += <usize>k << 2;
      c += <usize>n << 2;
    }
    return;
  }
  const byColumns = isByColumns(m, n);
  const narrow = isNarrow(m, n, k);
  const unit = narrow ? 8 : MR;
  const firstColumn = byColumns ? edge(n, 8, index, count) : 0;
  const columns = (byColumns ? edge(n, 8, index + 1, count) : n) - firstColumn;
  const firstRow = byColumns ? 0 : edge(m, unit, index, count);
  const rows = (byColumns ? m : edge(m, unit, index + 1, count)) - firstRow;
  scratch += index * gemmScratch(transA, transB, m, n, k);
  const aRow: usize = transA ? 4 : <usize>k << 2;
  const aK: usize = transA ? <usize>m << 2 : 4;
  const bColumn: usize = transB ? <usize>k << 2 : 4;
  const bK: usize = transB ? 4 : <usize>n << 2;
  const stride = <usize>n << 2;
  const toResult = y - c;
  a += <usize>firstRow * aRow;
  b += <usize>firstColumn * bColumn;
  c += <usize>firstRow * stride + (<usize>firstColumn << 2);
  if (bias) bias += <usize>firstColumn << 2;
  if (narrow) {
    multiplyNarrow(transA, rows, n, k, a, aRow, aK, b, bColumn, bK, c, bias, activation, toResult, scratch);
  } else {
    const nc = min(part(n, NC, 8), part(columns, NC, 8));
    multiply(
      transB, rows, columns, k, a, aRow, aK, b, bColumn, bK, c, stride, false, bias, activation, toResult, nc, scratch, blockBytes(n, k),
    );
  }
}
