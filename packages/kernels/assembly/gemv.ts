/** y[n] = x[k] B + bias without packing: B is read once, in its own order. */
import { add } from "./binary";
import { f32s, loadPart, loadUpTo, multiplyAdd, storePart, storeUpTo } from "./simd";

/** y begins as the bias or 0, but never as -0: so a product with 0 changes no bit of it. */
@inline
function start(y: usize, bias: usize, n: i32): void {
  memory.fill(y, 0, <usize>n << 2);
  if (bias) add(y, bias, y, 1, n, 0, 1, 0, 1);
}

/** y += x0 row0 + x1 row1 + x2 row2 + x3 row3, two vectors in turn, as beginning a turn costs as much as one of them. */
@inline
function addFourRows(x: usize, b: usize, y: usize, n: i32, stride: usize): void {
  const x0 = v128.load32_splat(x);
  const x1 = v128.load32_splat(x, 4);
  const x2 = v128.load32_splat(x, 8);
  const x3 = v128.load32_splat(x, 12);
  let from = b;
  for (const end = b + (<usize>(n & ~7) << 2); from < end; from += 32) {
    const from1 = from + stride, from2 = from1 + stride, from3 = from2 + stride;
    let left = multiplyAdd(x0, v128.load(from), v128.load(y));
    let right = multiplyAdd(x0, v128.load(from, 16), v128.load(y, 16));
    left = multiplyAdd(x1, v128.load(from1), left);
    right = multiplyAdd(x1, v128.load(from1, 16), right);
    left = multiplyAdd(x2, v128.load(from2), left);
    right = multiplyAdd(x2, v128.load(from2, 16), right);
    v128.store(y, multiplyAdd(x3, v128.load(from3), left));
    v128.store(y, multiplyAdd(x3, v128.load(from3, 16), right), 16);
    y += 32;
  }
  for (let rest = n & 7; rest > 0; rest -= 4) {
    let sum = multiplyAdd(x0, loadUpTo(from, rest), loadUpTo(y, rest));
    sum = multiplyAdd(x1, loadUpTo(from + stride, rest), sum);
    sum = multiplyAdd(x2, loadUpTo(from + 2 * stride, rest), sum);
    storeUpTo(y, multiplyAdd(x3, loadUpTo(from + 3 * stride, rest), sum), rest);
    from += 16;
    y += 16;
  }
}

/** y += x0 row. */
@inline
function addRow(x: usize, b: usize, y: usize, n: i32): void {
  const x0 = v128.load32_splat(x);
  const whole = <usize>(n & ~3) << 2;
  for (let i: usize = 0; i < whole; i += 16) v128.store(y + i, multiplyAdd(x0, v128.load(b + i), v128.load(y + i)));
  const rest = n & 3;
  if (rest) storePart(y + whole, multiplyAdd(x0, loadPart(b + whole, rest), loadPart(y + whole, rest)), rest);
}

/** B is [k, n]. `sparse` leaves out four rows at a time where x is 0: to the same bits if B is finite. */
export function timesRows(n: i32, k: i32, x: usize, b: usize, y: usize, bias: usize, sparse: bool): void {
  const stride = <usize>n << 2;
  start(y, bias, n);
  let p = 0;
  for (; p + 4 <= k; p += 4) {
    if (!sparse || v128.any_true(f32x4.ne(v128.load(x), f32s(0)))) addFourRows(x, b, y, n, stride);
    x += 16;
    b += 4 * stride;
  }
  for (; p < k; p++) {
    addRow(x, b, y, n);
    x += 4;
    b += stride;
  }
}

/** Sums of four vectors' lanes, one in each lane. */
@inline
function sumEach(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<i64>(ab, cd, 0, 2), v128.shuffle<i64>(ab, cd, 1, 3));
}

/**
 * Products of x with the rows of B at b0 to b3: sums of even vectors and of odd ones, as four sums would wait for themselves. For the branch that
 * never leaves see `gemm-tile`.
 */
function fourDots(k: i32, x: usize, b0: usize, b1: usize, b2: usize, b3: usize): v128 {
  let s0 = f32s(0), s1 = f32s(0), s2 = f32s(0), s3 = f32s(0);
  let t0 = f32s(0), t1 = f32s(0), t2 = f32s(0), t3 = f32s(0);
  for (const whole = x + (<usize>(k & ~15) << 2); x < whole; x += 64) {
    let even = v128.load(x), odd = v128.load(x, 16);
    s0 = multiplyAdd(even, v128.load(b0), s0);
    s1 = multiplyAdd(even, v128.load(b1), s1);
    s2 = multiplyAdd(even, v128.load(b2), s2);
    s3 = multiplyAdd(even, v128.load(b3), s3);
    t0 = multiplyAdd(odd, v128.load(b0, 16), t0);
    t1 = multiplyAdd(odd, v128.load(b1, 16), t1);
    t2 = multiplyAdd(odd, v128.load(b2, 16), t2);
    t3 = multiplyAdd(odd, v128.load(b3, 16), t3);
    if (x >= whole) break;
    even = v128.load(x, 32);
    odd = v128.load(x, 48);
    s0 = multiplyAdd(even, v128.load(b0, 32), s0);
    s1 = multiplyAdd(even, v128.load(b1, 32), s1);
    s2 = multiplyAdd(even, v128.load(b2, 32), s2);
    s3 = multiplyAdd(even, v128.load(b3, 32), s3);
    t0 = multiplyAdd(odd, v128.load(b0, 48), t0);
    t1 = multiplyAdd(odd, v128.load(b1, 48), t1);
    t2 = multiplyAdd(odd, v128.load(b2, 48), t2);
    t3 = multiplyAdd(odd, v128.load(b3, 48), t3);
    b0 += 64;
    b1 += 64;
    b2 += 64;
    b3 += 64;
  }
  for (let rest = k & 15; rest > 0; rest -= 4) {
    const value = loadUpTo(x, rest);
    s0 = multiplyAdd(value, loadUpTo(b0, rest), s0);
    s1 = multiplyAdd(value, loadUpTo(b1, rest), s1);
    s2 = multiplyAdd(value, loadUpTo(b2, rest), s2);
    s3 = multiplyAdd(value, loadUpTo(b3, rest), s3);
    x += 16;
    b0 += 16;
    b1 += 16;
    b2 += 16;
    b3 += 16;
  }
  return sumEach(f32x4.add(s0, t0), f32x4.add(s1, t1), f32x4.add(s2, t2), f32x4.add(s3, t3));
}

/** B is [n, k]. */
export function timesColumns(n: i32, k: i32, x: usize, b: usize, y: usize, bias: usize): void {
  const stride = <usize>k << 2;
  let j = 0;
  for (; j + 4 <= n; j += 4) {
    const base = bias ? v128.load(bias + (<usize>j << 2)) : f32s(0);
    const b2 = b + 2 * stride;
    v128.store(y + (<usize>j << 2), f32x4.add(base, fourDots(k, x, b, b + stride, b2, b2 + stride)));
    b = b2 + 2 * stride;
  }
  for (; j < n; j++) {
    const base = bias ? v128.load32_zero(bias + (<usize>j << 2)) : f32s(0);
    v128.store_lane<u32>(y + (<usize>j << 2), f32x4.add(base, fourDots(k, x, b, b, b, b)), 0);
    b += stride;
  }
}

/** Elements that `addDots` goes through at most: as many as a word has bits. */
// @ts-ignore: decorator
@inline export const MOST_DOTS: i32 = 32;

/** A bit for each of up to 32 floats that is above zero. */
@inline
function above(x: usize, count: i32): i32 {
  let bits = 0;
  for (let j = 0; j < count; j += 4) {
    bits |= i32x4.bitmask(f32x4.gt(loadUpTo(x + (<usize>j << 2), count - j), f32s(0))) << j;
  }
  return bits;
}

/** Adds to those of n <= MOST_DOTS elements of y whose `result` is above 0 the products of x with their rows of B, `stride` bytes apart; other rows are not read. */
export function addDots(n: i32, k: i32, x: usize, b: usize, stride: usize, y: usize, result: usize): void {
  let bits = above(result, n);
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
    const dots = fourDots(k, x, b + j0 * stride, b + j1 * stride, b + j2 * stride, b + j3 * stride);
    const y0 = y + (j0 << 2), y1 = y + (j1 << 2), y2 = y + (j2 << 2), y3 = y + (j3 << 2);
    let sums = v128.load32_zero(y0);
    sums = v128.load_lane<u32>(y1, sums, 1);
    sums = v128.load_lane<u32>(y2, sums, 2);
    sums = f32x4.add(v128.load_lane<u32>(y3, sums, 3), dots);
    v128.store_lane<u32>(y0, sums, 0);
    v128.store_lane<u32>(y1, sums, 1);
    v128.store_lane<u32>(y2, sums, 2);
    v128.store_lane<u32>(y3, sums, 3);
  }
}

/** As `timesColumns`, where `result` is above 0; else 0, and that row of B is not read. */
export function timesSomeColumns(n: i32, k: i32, x: usize, b: usize, y: usize, result: usize): void {
  memory.fill(y, 0, <usize>n << 2);
  const stride = <usize>k << 2;
  for (; n > 0; n -= MOST_DOTS) {
    addDots(min(n, MOST_DOTS), k, x, b, stride, y, result);
    b += MOST_DOTS * stride;
    y += MOST_DOTS * 4;
    result += MOST_DOTS * 4;
  }
}
