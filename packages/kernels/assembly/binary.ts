/**
 * y[outer, inner] = f(a, b) with broadcasting: an operand moves by its outer stride (in elements, 0 repeats a row) from row
 * to row and by its inner stride (0 repeats one element, 1 is dense) along a row. y is dense.
 */
import { f32s, multiplySubtract } from "./simd";

const enum Binary { Add, Sub, Mul, Div, Maximum, Minimum, Greater, Equal, ReluGrad, SigmoidGrad, TanhGrad }

@inline
function evaluate(f: Binary, a: v128, b: v128): v128 {
  if (f == Binary.Add) return f32x4.add(a, b);
  if (f == Binary.Sub) return f32x4.sub(a, b);
  if (f == Binary.Mul) return f32x4.mul(a, b);
  if (f == Binary.Div) return f32x4.div(a, b);
  if (f == Binary.Maximum) return f32x4.max(a, b);
  if (f == Binary.Minimum) return f32x4.min(a, b);
  if (f == Binary.Greater) return v128.and(f32x4.gt(a, b), f32s(1));
  if (f == Binary.Equal) return v128.and(f32x4.eq(a, b), f32s(1));
  if (f == Binary.ReluGrad) return v128.and(f32x4.gt(b, f32s(0)), a);
  if (f == Binary.SigmoidGrad) return f32x4.mul(a, f32x4.mul(b, f32x4.sub(f32s(1), b)));
  return f32x4.mul(a, multiplySubtract(b, b, f32s(1)));
}

/**
 * Along a row; an operand that repeats its element is splatted before the loop. The last four elements are a vector of their own,
 * made before the loop, which may overwrite operands; a row of fewer than four goes one by one.
 */
@inline
function row(f: Binary, a: usize, b: usize, y: usize, n: i32, aInner: i32, bInner: i32): void {
  if (n < 4) {
    for (; n; n--) {
      v128.store_lane<u32>(y, evaluate(f, v128.load32_splat(a), v128.load32_splat(b)), 0);
      a += <usize>aInner << 2;
      b += <usize>bInner << 2;
      y += 4;
    }
    return;
  }
  const aOne = v128.load32_splat(a);
  const bOne = v128.load32_splat(b);
  const end = <usize>(n - 4) << 2;
  const last = evaluate(f, aInner ? v128.load(a + end) : aOne, bInner ? v128.load(b + end) : bOne);
  if (aInner & bInner) {
    for (let i: usize = 0; i < end; i += 16) v128.store(y + i, evaluate(f, v128.load(a + i), v128.load(b + i)));
  } else if (aInner) {
    for (let i: usize = 0; i < end; i += 16) v128.store(y + i, evaluate(f, v128.load(a + i), bOne));
  } else if (bInner) {
    for (let i: usize = 0; i < end; i += 16) v128.store(y + i, evaluate(f, aOne, v128.load(b + i)));
  } else {
    for (let i: usize = 0; i < end; i += 16) v128.store(y + i, last);
  }
  v128.store(y + end, last);
}

/** Two axes are one when walking off the end of a row lands on the start of the next. */
@inline
function joins(outerStride: i32, innerStride: i32, inner: i32): bool {
  return outerStride == innerStride * inner;
}

@inline
function broadcast(
  f: Binary, a: usize, b: usize, y: usize, outer: i32, inner: i32, aOuter: i32, aInner: i32, bOuter: i32, bInner: i32,
): void {
  if (outer <= 0 || inner <= 0) return;
  if (inner == 1 && <u32>aOuter < 2 && <u32>bOuter < 2) {
    aInner = aOuter;
    bInner = bOuter;
  }
  if (joins(aOuter, aInner, inner) && joins(bOuter, bInner, inner)) {
    inner *= outer;
    outer = 1;
  }
  for (let o = 0; o < outer; o++) {
    row(f, a, b, y, inner, aInner, bInner);
    a += <usize>aOuter << 2;
    b += <usize>bOuter << 2;
    y += <usize>inner << 2;
  }
}

export function add(
  a: usize, b: usize, y: usize, outer: i32, inner: i32, aOuter: i32, aInner: i32, bOuter: i32, bInner: i32,
): void {
  broadcast(Binary.Add, a, b, y, outer, inner, aOuter, aInner, bOuter, bInner);
}

export function sub(
  a: usize, b: usize, y: usize, outer: i32, inner: i32, aOuter: i32, aInner: i32, bOuter: i32, bInner: i32,
): void {
  broadcast(Binary.Sub, a, b, y, outer, inner, aOuter, aInner, bOuter, bInner);
}

export function mul(
  a: usize, b: usize, y: usize, outer: i32, inner: i32, aOuter: i32, aInner: i32, bOuter: i32, bInner: i32,
): void {
  broadcast(Binary.Mul, a, b, y, outer, inner, aOuter, aInner, bOuter, bInner);
}

export function div(
  a: usize, b: usize, y: usize, outer: i32, inner: i32, aOuter: i32, aInner: i32, bOuter: i32, bInner: i32,
): void {
  broadcast(Binary.Div, a, b, y, outer, inner, aOuter, aInner, bOuter, bInner);
}

export function maximum(
  a: usize, b: usize, y: usize, outer: i32, inner: i32, aOuter: i32, aInner: i32, bOuter: i32, bInner: i32,
): void {
  broadcast(Binary.Maximum, a, b, y, outer, inner, aOuter, aInner, bOuter, bInner);
}

export function minimum(
  a: usize, b: usize, y: usize, outer: i32, inner: i32, aOuter: i32, aInner: i32, bOuter: i32, bInner: i32,
): void {
  broadcast(Binary.Minimum, a, b, y, outer, inner, aOuter, aInner, bOuter, bInner);
}

export function greater(
  a: usize, b: usize, y: usize, outer: i32, inner: i32, aOuter: i32, aInner: i32, bOuter: i32, bInner: i32,
): void {
  broadcast(Binary.Greater, a, b, y, outer, inner, aOuter, aInner, bOuter, bInner);
}

export function equal(
  a: usize, b: usize, y: usize, outer: i32, inner: i32, aOuter: i32, aInner: i32, bOuter: i32, bInner: i32,
): void {
  broadcast(Binary.Equal, a, b, y, outer, inner, aOuter, aInner, bOuter, bInner);
}

/** g where y > 0, else 0, where y is the function's result, dense. */
export function reluGrad(g: usize, y: usize, dx: usize, outer: i32, inner: i32, gOuter: i32, gInner: i32): void {
  broadcast(Binary.ReluGrad, g, y, dx, outer, inner, gOuter, gInner, inner, 1);
}

/** g y (1 - y), where y is the function's result, dense. */
export function sigmoidGrad(g: usize, y: usize, dx: usize, outer: i32, inner: i32, gOuter: i32, gInner: i32): void {
  broadcast(Binary.SigmoidGrad, g, y, dx, outer, inner, gOuter, gInner, inner, 1);
}

/** g (1 - y^2), where y is the function's result, dense. */
export function tanhGrad(g: usize, y: usize, dx: usize, outer: i32, inner: i32, gOuter: i32, gInner: i32): void {
  broadcast(Binary.TanhGrad, g, y, dx, outer, inner, gOuter, gInner, inner, 1);
}

