/**
 * Reductions of the middle axis of [outer, n, inner]. Sums run over chunks of 64 vectors (or rows) in plain additions; chunks are
 * added with Kahan's compensation (1965), so the error is at most 72 eps sum|x| however long the axis is.
 */
import { repeat } from "./copy";
import { f32s, loadPart, loadUpTo, storePart, storeUpTo } from "./simd";

/** The bits of -0. */
// @ts-ignore: decorator
@inline const NEGATIVE_ZERO: i32 = 0x80000000;

/** Vectors, or rows, in a chunk. */
// @ts-ignore: decorator
@inline export const CHUNK: i32 = 64;

/** What `next = total + chunk` lost; 0 where that is not finite, so that an infinity stays one. */
@inline
function lostIn(next: v128, total: v128, chunk: v128): v128 {
  const lost = f32x4.sub(f32x4.sub(next, total), chunk);
  return v128.and(lost, f32x4.eq(lost, lost));
}

/** Lanes 2, 3 folded onto 0, 1. */
@inline
function upperPair(x: v128): v128 {
  return v128.shuffle<i32>(x, x, 2, 3, 2, 3);
}

@inline
function upperOne(x: v128): v128 {
  return v128.shuffle<i32>(x, x, 1, 1, 1, 1);
}

/** Sum of n contiguous floats, in sixteen lanes. */
export function sumRow(x: usize, n: i32): v128 {
  let total = f32s(0), lost = f32s(0);
  let left = n;
  while (left >= 16) {
    let s0 = f32s(0), s1 = f32s(0), s2 = f32s(0), s3 = f32s(0);
    const end = x + (<usize>min(left >> 4, CHUNK) << 6);
    left -= min(left >> 4, CHUNK) << 4;
    for (; x != end; x += 64) {
      s0 = f32x4.add(s0, v128.load(x));
      s1 = f32x4.add(s1, v128.load(x, 16));
      s2 = f32x4.add(s2, v128.load(x, 32));
      s3 = f32x4.add(s3, v128.load(x, 48));
    }
    const chunk = f32x4.sub(f32x4.add(f32x4.add(s0, s2), f32x4.add(s1, s3)), lost);
    const next = f32x4.add(total, chunk);
    lost = lostIn(next, total, chunk);
    total = next;
  }
  let rest = f32s(0);
  for (; left >= 4; left -= 4) {
    rest = f32x4.add(rest, v128.load(x));
    x += 16;
  }
  if (left) rest = f32x4.add(rest, loadPart(x, left));
  const lanes = f32x4.add(total, f32x4.sub(rest, lost));
  const pairs = f32x4.add(lanes, upperPair(lanes));
  return f32x4.add(pairs, upperOne(pairs));
}

/** Four columns (`count` of them, 1 to 4) of n rows, `stride` bytes apart. */
@inline
function sumColumns(x: usize, y: usize, n: i32, stride: usize, count: i32): void {
  let total = f32s(0), lost = f32s(0);
  for (let left = n; left > 0; left -= CHUNK) {
    let chunk = f32s(0);
    for (let i = min(left, CHUNK); i > 0; i--) {
      chunk = f32x4.add(chunk, count == 4 ? v128.load(x) : loadPart(x, count));
      x += stride;
    }
    chunk = f32x4.sub(chunk, lost);
    const next = f32x4.add(total, chunk);
    lost = lostIn(next, total, chunk);
    total = next;
  }
  if (count == 4) v128.store(y, total);
  else storePart(y, total, count);
}

/** As `sumColumns`, `vectors` (8 or 4) of them at once: cache lines of each row. */
@inline
function sumManyColumns(vectors: i32, x: usize, y: usize, n: i32, stride: usize): void {
  let t0 = f32s(0), t1 = t0, t2 = t0, t3 = t0, t4 = t0, t5 = t0, t6 = t0, t7 = t0;
  let l0 = t0, l1 = t0, l2 = t0, l3 = t0, l4 = t0, l5 = t0, l6 = t0, l7 = t0;
  for (let left = n; left > 0; left -= CHUNK) {
    let s0 = f32s(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
    for (let i = min(left, CHUNK); i > 0; i--) {
      s0 = f32x4.add(s0, v128.load(x));
      s1 = f32x4.add(s1, v128.load(x, 16));
      s2 = f32x4.add(s2, v128.load(x, 32));
      s3 = f32x4.add(s3, v128.load(x, 48));
      if (vectors == 8) {
        s4 = f32x4.add(s4, v128.load(x, 64));
        s5 = f32x4.add(s5, v128.load(x, 80));
        s6 = f32x4.add(s6, v128.load(x, 96));
        s7 = f32x4.add(s7, v128.load(x, 112));
      }
      x += stride;
    }
    s0 = f32x4.sub(s0, l0);
    s1 = f32x4.sub(s1, l1);
    s2 = f32x4.sub(s2, l2);
    s3 = f32x4.sub(s3, l3);
    const n0 = f32x4.add(t0, s0), n1 = f32x4.add(t1, s1), n2 = f32x4.add(t2, s2), n3 = f32x4.add(t3, s3);
    l0 = lostIn(n0, t0, s0);
    l1 = lostIn(n1, t1, s1);
    l2 = lostIn(n2, t2, s2);
    l3 = lostIn(n3, t3, s3);
    t0 = n0;
    t1 = n1;
    t2 = n2;
    t3 = n3;
    if (vectors == 8) {
      s4 = f32x4.sub(s4, l4);
      s5 = f32x4.sub(s5, l5);
      s6 = f32x4.sub(s6, l6);
      s7 = f32x4.sub(s7, l7);
      const n4 = f32x4.add(t4, s4), n5 = f32x4.add(t5, s5), n6 = f32x4.add(t6, s6), n7 = f32x4.add(t7, s7);
      l4 = lostIn(n4, t4, s4);
      l5 = lostIn(n5, t5, s5);
      l6 = lostIn(n6, t6, s6);
      l7 = lostIn(n7, t7, s7);
      t4 = n4;
      t5 = n5;
      t6 = n6;
      t7 = n7;
    }
  }
  v128.store(y, t0);
  v128.store(y, t1, 16);
  v128.store(y, t2, 32);
  v128.store(y, t3, 48);
  if (vectors == 8) {
    v128.store(y, t4, 64);
    v128.store(y, t5, 80);
    v128.store(y, t6, 96);
    v128.store(y, t7, 112);
  }
}

/** y[outer, inner] = sum over n of x[outer, n, inner]; 0 when n is 0. Rows of x are `rowStride` elements apart (0: `inner`). */
export function sum(x: usize, y: usize, outer: i32, n: i32, inner: i32, rowStride: i32): void {
  const stride = <usize>(rowStride ? rowStride : inner) << 2;
  for (let o = 0; o < outer; o++) {
    if (stride == 4) {
      v128.store_lane<u32>(y, sumRow(x, n), 0);
    } else {
      let column = 0;
      for (; column + 32 <= inner; column += 32) {
        sumManyColumns(8, x + (<usize>column << 2), y + (<usize>column << 2), n, stride);
      }
      for (; column + 16 <= inner; column += 16) {
        sumManyColumns(4, x + (<usize>column << 2), y + (<usize>column << 2), n, stride);
      }
      for (; column + 4 <= inner; column += 4) {
        sumColumns(x + (<usize>column << 2), y + (<usize>column << 2), n, stride, 4);
      }
      if (column < inner) sumColumns(x + (<usize>column << 2), y + (<usize>column << 2), n, stride, inner - column);
    }
    x += <usize>n * stride;
    y += <usize>inner << 2;
  }
}

/** As `maxRow`, by an instruction that knows NaN and the signs of zeros, for which processors take eight. */
function exactMaxRow(x: usize, n: i32): v128 {
  let most = f32s(-Infinity);
  for (; n >= 4; n -= 4) {
    most = f32x4.max(most, v128.load(x));
    x += 16;
  }
  for (; n > 0; n--) {
    most = f32x4.max(most, v128.load32_splat(x));
    x += 4;
  }
  const pairs = f32x4.max(most, upperPair(most));
  return f32x4.max(pairs, upperOne(pairs));
}

/**
 * Greatest of n contiguous floats, in the first lane; NaN if there is one, 0 if 0 and -0 are. The instruction for most of it passes over NaN and
 * takes either zero, so its result holds if the sum of all, which NaN makes NaN, is none, and it is not -0.
 */
export function maxRow(x: usize, n: i32): v128 {
  const start = x;
  let m0 = f32s(-Infinity), m1 = m0, m2 = m0, m3 = m0;
  let s0 = f32s(0), s1 = s0, s2 = s0, s3 = s0;
  for (const whole = x + (<usize>(n & ~15) << 2); x != whole; x += 64) {
    const x0 = v128.load(x), x1 = v128.load(x, 16), x2 = v128.load(x, 32), x3 = v128.load(x, 48);
    m0 = f32x4.pmax(m0, x0);
    m1 = f32x4.pmax(m1, x1);
    m2 = f32x4.pmax(m2, x2);
    m3 = f32x4.pmax(m3, x3);
    s0 = f32x4.add(s0, x0);
    s1 = f32x4.add(s1, x1);
    s2 = f32x4.add(s2, x2);
    s3 = f32x4.add(s3, x3);
  }
  for (const whole = x + (<usize>(n & 12) << 2); x != whole; x += 16) {
    m1 = f32x4.pmax(m1, v128.load(x));
    s1 = f32x4.add(s1, v128.load(x));
  }
  for (let i = n & 3; i > 0; i--) {
    m2 = f32x4.pmax(m2, v128.load32_splat(x));
    s2 = f32x4.add(s2, v128.load32_splat(x));
    x += 4;
  }
  const lanes = f32x4.pmax(f32x4.pmax(m0, m1), f32x4.pmax(m2, m3));
  const pairs = f32x4.pmax(lanes, upperPair(lanes));
  const most = f32x4.pmax(pairs, upperOne(pairs));
  const all = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
  const holds = i32x4.all_true(f32x4.eq(all, all)) && i32x4.extract_lane(most, 0) != NEGATIVE_ZERO;
  return holds ? most : exactMaxRow(start, n);
}

/** As `maxColumns`, by the instruction of `exactMaxRow`. */
function exactMaxColumns(x: usize, y: usize, n: i32, inner: i32, stride: usize): void {
  repeat(f32s(-Infinity), y, inner);
  for (; n > 0; n--) {
    for (let i: usize = 0, left = inner; left > 0; left -= 4) {
      storeUpTo(y + i, f32x4.max(loadUpTo(y + i, left), loadUpTo(x + i, left)), left);
      i += 16;
    }
    x += stride;
  }
}

/** The greatest of `lanes` (4 or 1) elements of y and of four rows of x, into y; returns what the rows add up to. */
@inline
function maxIntoLanes(lanes: i32, x: usize, y: usize, stride: usize): v128 {
  const x0 = loadUpTo(x, lanes), x1 = loadUpTo(x + stride, lanes);
  const x2 = loadUpTo(x + 2 * stride, lanes), x3 = loadUpTo(x + 3 * stride, lanes);
  const most = f32x4.pmax(f32x4.pmax(f32x4.pmax(loadUpTo(y, lanes), x0), x1), f32x4.pmax(x2, x3));
  storeUpTo(y, most, lanes);
  return f32x4.add(f32x4.add(x0, x1), f32x4.add(x2, x3));
}

/** Greatest of each column, by the instruction of `maxRow`, in whose way it is checked: four rows after four rows go into y, the last one by one. */
@inline
function maxColumns(x: usize, y: usize, n: i32, inner: i32, stride: usize): void {
  repeat(f32s(-Infinity), y, inner);
  const whole = y + (<usize>(inner & ~3) << 2), end = y + (<usize>inner << 2);
  let all = f32s(0);
  let row = x;
  for (let left = n; left > 0;) {
    // One row is four times the same.
    const apart = left < 4 ? 0 : stride;
    let from = row, to = y;
    for (; to != whole; to += 16) {
      all = f32x4.add(all, maxIntoLanes(4, from, to, apart));
      from += 16;
    }
    for (; to != end; to += 4) {
      all = f32x4.add(all, maxIntoLanes(1, from, to, apart));
      from += 4;
    }
    const rows = apart ? 4 : 1;
    row += <usize>rows * stride;
    left -= rows;
  }
  if (!i32x4.all_true(f32x4.eq(all, all)) || hasNegativeZero(y, inner)) exactMaxColumns(x, y, n, inner, stride);
}

@inline
function hasNegativeZero(x: usize, n: i32): bool {
  const negativeZero = i32x4.splat(NEGATIVE_ZERO);
  let found = i32x4.splat(0);
  for (; n >= 4; n -= 4) {
    found = v128.or(found, i32x4.eq(v128.load(x), negativeZero));
    x += 16;
  }
  for (; n > 0; n--) {
    found = v128.or(found, i32x4.eq(v128.load32_splat(x), negativeZero));
    x += 4;
  }
  return v128.any_true(found);
}

/** y[outer, inner] = greatest over n of x[outer, n, inner], NaN if one is; -inf when n is 0. `rowStride` as in `sum`. */
export function maximumOf(x: usize, y: usize, outer: i32, n: i32, inner: i32, rowStride: i32): void {
  const stride = <usize>(rowStride ? rowStride : inner) << 2;
  for (let o = 0; o < outer; o++) {
    if (stride == 4) {
      v128.store_lane<u32>(y, maxRow(x, n), 0);
    } else {
      maxColumns(x, y, n, inner, stride);
    }
    x += <usize>n * stride;
    y += <usize>inner << 2;
  }
}
