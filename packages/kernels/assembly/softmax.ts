/**
 * Softmax, standardising, and what is made of them, row by row of [rows, n]. Exponentials are of x - max x, so none overflows. Sums in registers run
 * over chunks, of 64 turns of four vectors each where terms are products, of 64 vectors where they are exponentials, so their error is at most
 * (68 + n / 256) eps of the terms' magnitudes.
 */
import { sumOfExponentials } from "./exponential";
import { expV, logV } from "./functions";
import { CHUNK, maxRow, sumRow } from "./reduce";
import { f32s, firstLanes, loadUpTo, multiplySubtract, storeUpTo, sumOfLanes } from "./simd";
import { exp } from "./unary";

/** Elements of the rows whose exponentials are made in one go. */
// @ts-ignore: decorator
@inline const TOGETHER: i32 = 4096;

const enum Term { Product, Surprise }
const enum Map { Divide, LogProbability, ProductGrad, LogGrad, CrossEntropyGrad, StandardGrad, Shift }

/** In all lanes. */
@inline
function maxOf(x: usize, n: i32): v128 {
  return f32s(f32x4.extract_lane(maxRow(x, n), 0));
}

@inline
function sumOf(x: usize, n: i32): v128 {
  return f32s(f32x4.extract_lane(sumRow(x, n), 0));
}

@inline
function term(kind: Term, a: v128, b: v128, s: v128, t: v128): v128 {
  if (kind == Term.Product) return f32x4.mul(a, b);
  return f32x4.mul(b, f32x4.sub(t, f32x4.sub(a, s)));
}

/** Sum over a row, in all lanes, of a b or b (t - (a - s)). */
@inline
function reduce(kind: Term, a: usize, b: usize, n: i32, s: v128, t: v128): v128 {
  let total = f32s(0);
  while (n > 15) {
    let c0 = f32s(0), c1 = c0, c2 = c0, c3 = c0;
    for (let turns = min(n >> 4, CHUNK); turns > 0; turns--) {
      c0 = f32x4.add(c0, term(kind, v128.load(a), v128.load(b), s, t));
      c1 = f32x4.add(c1, term(kind, v128.load(a, 16), v128.load(b, 16), s, t));
      c2 = f32x4.add(c2, term(kind, v128.load(a, 32), v128.load(b, 32), s, t));
      c3 = f32x4.add(c3, term(kind, v128.load(a, 48), v128.load(b, 48), s, t));
      n -= 16;
      a += 64;
      b += 64;
    }
    total = f32x4.add(total, f32x4.add(f32x4.add(c0, c1), f32x4.add(c2, c3)));
  }
  let rest = f32s(0);
  for (; n > 0; n -= 4) {
    const next = term(kind, loadUpTo(a, n), loadUpTo(b, n), s, t);
    rest = f32x4.add(rest, v128.and(next, firstLanes(n)));
    a += 16;
    b += 16;
  }
  return sumOfLanes(f32x4.add(total, rest));
}

/** Sum over a row, in all lanes, of a b. */
function dot(a: usize, b: usize, n: i32): v128 {
  return reduce(Term.Product, a, b, n, f32s(0), f32s(0));
}

@inline
function map4(kind: Map, a: v128, b: v128, s: v128, t: v128, g: v128): v128 {
  if (kind == Map.Divide) return f32x4.div(a, s);
  if (kind == Map.LogProbability) return f32x4.sub(f32x4.sub(a, s), t);
  if (kind == Map.ProductGrad) return f32x4.mul(b, f32x4.sub(a, s));
  if (kind == Map.LogGrad) return multiplySubtract(expV(b), s, a);
  if (kind == Map.Shift) return f32x4.sub(a, s);
  if (kind == Map.StandardGrad) return f32x4.mul(g, multiplySubtract(a, t, f32x4.sub(b, s)));
  return f32x4.mul(g, f32x4.sub(f32x4.div(f32x4.mul(a, t), s), b));
}

/** y = f(a, b) along a row, with numbers that are one for the row; y may be a. */
@inline
function map(kind: Map, a: usize, b: usize, y: usize, n: i32, s: v128, t: v128, g: v128): void {
  const two = kind >= Map.ProductGrad && kind != Map.Shift;
  if (kind != Map.LogGrad) {
    for (; n > 3; n -= 4) {
      v128.store(y, map4(kind, v128.load(a), two ? v128.load(b) : s, s, t, g));
      a += 16;
      b += 16;
      y += 16;
    }
  }
  for (; n > 0; n -= 4) {
    storeUpTo(y, map4(kind, loadUpTo(a, n), two ? loadUpTo(b, n) : s, s, t, g), n);
    a += 16;
    b += 16;
    y += 16;
  }
}

/** y = x - max x along a row; y may be x. */
@inline
function shift(x: usize, y: usize, n: i32): void {
  const most = maxOf(x, n);
  map(Map.Shift, x, 0, y, n, most, most, most);
}

/** So many rows at a time: their exponentials are made in one go, and are in a cache when they are used. */
@inline
function rowsTogether(n: i32): i32 {
  return max(TOGETHER / max(n, 1), 1);
}

/** log sum e^(x - most), in all lanes. */
function logSum(x: usize, n: i32, most: v128): v128 {
  return logV(sumOfExponentials(x, n, most));
}

/** y = e^x / sum e^x; y may be x. */
export function softmax(x: usize, y: usize, rows: i32, n: i32): void {
  const bytes = <usize>n << 2;
  const together = rowsTogether(n);
  for (; rows > 0; rows -= together) {
    const block = y;
    const count = min(rows, together);
    for (const end = y + <usize>count * bytes; y != end; y += bytes) {
      shift(x, y, n);
      x += bytes;
    }
    exp(block, block, count * n);
    for (let row = block; row != y; row += bytes) {
      const sum = sumOf(row, n);
      map(Map.Divide, row, 0, row, n, sum, sum, sum);
    }
  }
}

/** dx = y (g - sum g y), where y is the softmax; dx may be g or y. */
export function softmaxGrad(g: usize, y: usize, dx: usize, rows: i32, n: i32): void {
  const bytes = <usize>n << 2;
  const none = f32s(0);
  for (let i = 0; i < rows; i++) {
    map(Map.ProductGrad, g, y, dx, n, dot(g, y, n), none, none);
    g += bytes;
    y += bytes;
    dx += bytes;
  }
}

/** y = x - log sum e^x; y may be x. */
export function logSoftmax(x: usize, y: usize, rows: i32, n: i32): void {
  const bytes = <usize>n << 2;
  for (let i = 0; i < rows; i++) {
    const most = maxOf(x, n);
    map(Map.LogProbability, x, 0, y, n, most, logSum(x, n, most), most);
    x += bytes;
    y += bytes;
  }
}

/** dx = g - e^y sum g, where y is the logSoftmax; dx may be g or y. */
export function logSoftmaxGrad(g: usize, y: usize, dx: usize, rows: i32, n: i32): void {
  const bytes = <usize>n << 2;
  const none = f32s(0);
  for (let i = 0; i < rows; i++) {
    map(Map.LogGrad, g, y, dx, n, sumOf(g, n), none, none);
    g += bytes;
    y += bytes;
    dx += bytes;
  }
}

/** y[rows] = -sum p log softmax(l), in nats. */
export function softmaxCrossEntropy(l: usize, p: usize, y: usize, rows: i32, n: i32): void {
  const bytes = <usize>n << 2;
  for (let i = 0; i < rows; i++) {
    const most = maxOf(l, n);
    v128.store_lane<u32>(y, reduce(Term.Surprise, l, p, n, most, logSum(l, n, most)), 0);
    l += bytes;
    p += bytes;
    y += 4;
  }
}

/** dl = g (softmax(l) sum p - p) with g[rows], and at `y`, if it is not 0, the cross-entropies; dl may be l. */
export function softmaxCrossEntropyBoth(l: usize, p: usize, g: usize, y: usize, dl: usize, rows: i32, n: i32): void {
  const bytes = <usize>n << 2;
  const together = rowsTogether(n);
  for (; rows > 0; rows -= together) {
    const count = min(rows, together);
    for (let i = 0; i < count; i++) {
      const row = dl + <usize>i * bytes;
      shift(l, row, n);
      if (y) v128.store_lane<u32>(y + (<usize>i << 2), dot(row, p + <usize>i * bytes, n), 0);
      l += bytes;
    }
    exp(dl, dl, count * n);
    for (let i = 0; i < count; i++) {
      const sum = sumOf(dl, n), total = sumOf(p, n);
      if (y) {
        v128.store_lane<u32>(y, f32x4.sub(f32x4.mul(total, logV(sum)), v128.load32_zero(y)), 0);
        y += 4;
      }
      map(Map.CrossEntropyGrad, dl, p, dl, n, sum, total, v128.load32_splat(g));
      p += bytes;
      dl += bytes;
      g += 4;
    }
  }
}

/** The gradient alone. */
export function softmaxCrossEntropyGrad(l: usize, p: usize, g: usize, dl: usize, rows: i32, n: i32): void {
  softmaxCrossEntropyBoth(l, p, g, 0, dl, rows, n);
}

/** y = x - mean x along a row; sqrt(mean y^2 + epsilon), in all lanes. */
function centre(x: usize, y: usize, n: i32, epsilon: f32): v128 {
  const count = f32s(<f32>n);
  const mean = f32x4.div(sumOf(x, n), count);
  map(Map.Shift, x, 0, y, n, mean, mean, mean);
  const square = f32x4.div(dot(y, y, n), count);
  return f32x4.sqrt(f32x4.add(square, f32s(epsilon)));
}

/** y = (x - mean) / sqrt(variance + epsilon); y may be x. */
export function standardise(x: usize, y: usize, rows: i32, n: i32, epsilon: f32): void {
  const bytes = <usize>n << 2;
  for (let i = 0; i < rows; i++) {
    const root = centre(x, y, n, epsilon);
    map(Map.Divide, y, 0, y, n, root, root, root);
    x += bytes;
    y += bytes;
  }
}

/** dx = (g - mean g - y mean g y) / sqrt(variance + epsilon), where y is the standardised x; dx may be x, not g. */
export function standardiseGrad(x: usize, g: usize, dx: usize, rows: i32, n: i32, epsilon: f32): void {
  const bytes = <usize>n << 2;
  const count = f32s(<f32>n);
  for (let i = 0; i < rows; i++) {
    const root = centre(x, dx, n, epsilon);
    const mean = f32x4.div(sumOf(g, n), count);
    const shared = f32x4.div(f32x4.div(dot(dx, g, n), count), f32x4.mul(root, root));
    map(Map.StandardGrad, dx, g, dx, n, mean, shared, f32x4.div(f32s(1), root));
    x += bytes;
    g += bytes;
    dx += bytes;
  }
}
