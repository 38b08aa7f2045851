/** Matrix products that the gradient through relu follows, where only what it lets through is computed. */
import { copyRow, repeat } from "./copy";
import { GATES, gemm, gemmScratch, part } from "./gemm";
import { fourDots } from "./gemv";
import { f32s, loadUpTo } from "./simd";

/** Rows of B in a block: as many as a word has bits. */
// @ts-ignore: decorator
@inline const ROWS: i32 = 32;
/** Most k in a block, of 26 KiB, which stays in the first cache. */
// @ts-ignore: decorator
@inline const DEPTH: i32 = 208;

/** Rows of A that are gone through for one block after the other, and stay in the second cache. */
// @ts-ignore: decorator
@inline const MOST_ROWS: i32 = 128;

/** Bytes of scratch that `gatedGemm` needs for each share. */
export function gatedGemmScratch(m: i32, n: i32, k: i32): i32 {
  return max((ROWS * part(k, DEPTH, 16) * 4 + 63) & ~63, gemmScratch(0, 1, m, n, k));
}

/** A bit for each of up to 32 floats that is above zero. */
@inline
function above(x: usize, count: i32): i32 {
  let bits = 0;
  for (let j = 0; j < count; j += 4) {
    bits |= i32x4.bitmask(f32x4.gt(loadUpTo(x + (<usize>j << 2), count - j), f32s(0))) << j;
  }
  return bits;
}

/** Adds to the elements of a row of C that have a bit their products of a row of A with rows of a block, `step` bytes apart. */
function addDots(bits: i32, k: i32, a: usize, block: usize, step: i32, c: usize): void {
  while (bits) {
    // Where four are not left, the last one is made again.
    const j0 = ctz(bits);
    bits &= bits - 1;
    const j1 = bits ? ctz(bits) : j0;
    bits &= bits - 1;
    const j2 = bits ? ctz(bits) : j1;
    bits &= bits - 1;
    const j3 = bits ? ctz(bits) : j2;
    bits &= bits - 1;
    const dots = fourDots(k, a, block + j0 * step, block + j1 * step, block + j2 * step, block + j3 * step);
    const c0 = c + (j0 << 2), c1 = c + (j1 << 2), c2 = c + (j2 << 2), c3 = c + (j3 << 2);
    let sums = v128.load32_zero(c0);
    sums = v128.load_lane<u32>(c1, sums, 1);
    sums = v128.load_lane<u32>(c2, sums, 2);
    sums = f32x4.add(v128.load_lane<u32>(c3, sums, 3), dots);
    v128.store_lane<u32>(c0, sums, 0);
    v128.store_lane<u32>(c1, sums, 1);
    v128.store_lane<u32>(c2, sums, 2);
    v128.store_lane<u32>(c3, sums, 3);
  }
}

/**
 * C[m, n] = A[m, k] B[n, k]' where `result` [m, n] is above 0, else 0: `tally` is what `countNonZero` left for the result of relu, and says whether
 * that is few enough to compute each by itself. Else it is made by `gemm`, with other last bits. Shares are rows.
 */
export function gatedGemm(
  m: i32, n: i32, k: i32, a: usize, b: usize, c: usize, result: usize, scratch: usize, tally: usize, share: i32,
): void {
  if (!load<i32>(tally, 4)) {
    gemm(0, 1, m, n, k, a, b, c, result, GATES, scratch, share);
    return;
  }
  const count = max(share >> 8, 1);
  const index = share & 255;
  const first = m * index / count, last = m * (index + 1) / count;
  const block = scratch + index * gatedGemmScratch(m, n, k);
  const depth = part(k, DEPTH, 16);
  const step = depth << 2;
  const stride = <usize>n << 2;
  const toResult = result - c;
  for (let start = first; start < last; start += MOST_ROWS) {
    const end = min(start + MOST_ROWS, last);
    for (let j = 0; j < n; j += ROWS) {
      const columns = min(ROWS, n - j);
      let p = 0;
      do {
        const terms = min(depth, k - p);
        for (let t = 0; t < columns; t++) copyRow(b + ((<usize>(j + t) * k + p) << 2), block + t * step, terms);
        for (let i = start; i < end; i++) {
          const corner = c + <usize>i * stride + (<usize>j << 2);
          if (p == 0) repeat(f32s(0), corner, columns);
          addDots(above(corner + toResult, columns), terms, a + ((<usize>i * k + p) << 2), block, step, corner);
        }
        p += depth;
      } while (p < k);
    }
  }
}
