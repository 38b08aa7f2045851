/**
 * C[m, n] = act(op(A) op(B) + bias), or the gradient through act, after Goto and van de Geijn (2008): a block of B stays packed in a cache, a
 * panel of MR rows of A in the first. The order of summation depends on shape and build alone.
 */
import { reluGrad, sigmoidGrad, tanhGrad } from "./binary";
import { packA, packB } from "./gemm-pack";
import { MR, PANEL_BYTES, rowsOfNext, strip } from "./gemm-tile";
import { timesColumns, timesRows } from "./gemv";
import { relu, sigmoid, softplus, tanh } from "./unary";

/** Most k in a block: one panel of A and one of B fit in 32 KiB together. */
// @ts-ignore: decorator
@inline export const KC: i32 = 256;
/** Most columns in a block: KC * NC floats are 1 MiB. They may leave the second-level cache, as they are read in order: packing A again costs more. */
// @ts-ignore: decorator
@inline export const NC: i32 = 1024;

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

@inline
export function blockBytes(n: i32, k: i32): i32 {
  return part(n, NC, 8) * part(k, KC, 1) * 4;
}

/** Bytes of scratch that `gemm` needs for each share of this product: whole cache lines, so that no two shares meet in one. */
export function gemmScratch(transA: i32, transB: i32, m: i32, n: i32, k: i32): i32 {
  if (isDirect(transA, m)) return 0;
  return (blockBytes(n, k) + part(k, KC, 1) * PANEL_BYTES + MR * 32 + 63) & ~63;
}

/** Where share `index` of `count` begins when `total` is handed out in units. */
@inline
function edge(total: i32, unit: i32, index: i32, count: i32): i32 {
  return min((total + unit - 1) / unit * index / count * unit, total);
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
@inline const GATES: i32 = 5;

/** The gradient at an activation's operand, from that at its result y, in place. */
function gate(activation: i32, x: usize, y: usize, n: i32): void {
  if (activation == GATES) reluGrad(x, y, x, 1, n, 0, 1);
  else if (activation == GATES + 1) sigmoidGrad(x, y, x, 1, n, 0, 1);
  else tanhGrad(x, y, x, 1, n, 0, 1);
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
      if (transB) timesColumns(n, k, a, b, c, bias);
      else timesRows(n, k, a, b, c, bias, false);
      if (y) gate(activation, c, y + <usize>(i * n << 2), n);
      else activate(activation, c, n);
      a += <usize>k << 2;
      c += <usize>n << 2;
    }
    return;
  }
  const byColumns = n >= 2 * m;
  const firstColumn = byColumns ? edge(n, 8, index, count) : 0;
  const endColumn = byColumns ? edge(n, 8, index + 1, count) : n;
  const firstRow = byColumns ? 0 : edge(m, MR, index, count);
  const endRow = byColumns ? m : edge(m, MR, index + 1, count);
  scratch += index * gemmScratch(transA, transB, m, n, k);
  const kc = part(k, KC, 1);
  const nc = min(part(n, NC, 8), part(endColumn - firstColumn, NC, 8));
  const panel = scratch + blockBytes(n, k);
  const spare = panel + kc * PANEL_BYTES;
  const aRow: usize = transA ? 4 : <usize>k << 2;
  const aK: usize = transA ? <usize>m << 2 : 4;
  const bColumn: usize = transB ? <usize>k << 2 : 4;
  const bK: usize = transB ? 4 : <usize>n << 2;
  const stride = <usize>n << 2;
  for (let j = firstColumn; j < endColumn; j += nc) {
    const columns = min(nc, endColumn - j);
    let p = 0;
    do {
      const depth = min(kc, k - p);
      packB(b + <usize>j * bColumn + <usize>p * bK, scratch, columns, depth, transB ? bColumn : bK, transB != 0);
      for (let i = firstRow, rows = 0; i < endRow; i += rows) {
        rows = rowsOfNext(endRow - i);
        const corner = c + <usize>i * stride + (<usize>j << 2);
        const from = a + <usize>i * aRow + <usize>p * aK;
        packA(from, panel, rows, depth, aRow, aK);
        const biasHere = bias ? bias + (<usize>j << 2) : 0;
        strip(0, depth, depth, panel, scratch, corner, stride, p == 0, biasHere, rows, columns, spare);
        if (activation && p + depth >= k) {
          for (let r = 0; r < rows; r++) {
            const row = corner + <usize>r * stride;
            if (y) gate(activation, row, row - c + y, columns);
            else activate(activation, row, columns);
          }
        }
      }
      p += kc;
    } while (p < k);
  }
}
