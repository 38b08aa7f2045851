/** Matrix products that the gradient through relu follows, where only what it lets through is computed. */
import { copyRow, repeat } from "./copy";
import { edge, GATES, gemm, gemmScratch, part } from "./gemm";
import { addDots, MOST_DOTS } from "./gemv";
import { f32s } from "./simd";

/** Most k in a block of `MOST_DOTS` rows of B, 26 KiB, which stays in the first cache. */
// @ts-ignore: decorator
@inline const DEPTH: i32 = 208;

/** Rows of A that are gone through for one block after the other, and stay in the second cache. */
// @ts-ignore: decorator
@inline const MOST_ROWS: i32 = 128;

/**
 * Whether rows of B are read where they lie: copied they lie side by side, but that takes as long as some of the products. Where their distance is
 * a multiple of 1 KiB, or nearly, or within two cache lines of one of 4 KiB, they would meet in a few sets of the first cache; other than whole
 * vectors would lie across its lines.
 */
@inline
function readsInPlace(k: i32): bool {
  return (k & 3) == 0 && ((k + 8) & 255) >= 16 && ((k + 32) & 1023) >= 64;
}

/** Bytes of scratch that `gatedGemm` needs for each share. */
export function gatedGemmScratch(m: i32, n: i32, k: i32): i32 {
  return max((MOST_DOTS * part(k, DEPTH, 16) * 4 + 63) & ~63, gemmScratch(0, 1, m, n, k));
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
  const first = edge(m, 1, index, count), last = edge(m, 1, index + 1, count);
  const block = scratch + index * gatedGemmScratch(m, n, k);
  const depth = part(k, DEPTH, 16);
  const inPlace = readsInPlace(k);
  const step = <usize>(inPlace ? k : depth) << 2;
  const stride = <usize>n << 2;
  const toResult = result - c;
  for (let start = first; start < last; start += MOST_ROWS) {
    const end = min(start + MOST_ROWS, last);
    for (let j = 0; j < n; j += MOST_DOTS) {
      const columns = min(MOST_DOTS, n - j);
      let p = 0;
      do {
        const terms = min(depth, k - p);
        let rows = b + ((<usize>j * k + p) << 2);
        if (!inPlace) {
          for (let t = 0; t < columns; t++) copyRow(rows + (<usize>(t * k) << 2), block + <usize>t * step, terms);
          rows = block;
        }
        for (let i = start; i < end; i++) {
          const corner = c + <usize>i * stride + (<usize>j << 2);
          if (p == 0) repeat(f32s(0), corner, columns);
          addDots(columns, terms, a + ((<usize>i * k + p) << 2), rows, step, corner, corner + toResult);
        }
        p += depth;
      } while (p < k);
    }
  }
}
