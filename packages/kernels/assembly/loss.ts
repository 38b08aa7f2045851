/** Choice by condition, and the cross-entropy of a Bernoulli with logits l and targets x. */
import { expV, log1pOfUnit, sigmoidV } from "./functions";
import { choose, f32s, loadPart, loadUpTo, storePart, storeUpTo } from "./simd";

@inline
function crossEntropy(l: v128, x: v128): v128 {
  const tail = log1pOfUnit(expV(f32x4.neg(f32x4.abs(l))));
  return f32x4.add(f32x4.sub(f32x4.pmax(l, f32s(0)), f32x4.mul(l, x)), tail);
}

@inline
function crossEntropyGrad(l: v128, x: v128, g: v128): v128 {
  return f32x4.mul(g, f32x4.sub(sigmoidV(l), x));
}

/** y = a where cond is not zero (NaN counts as not zero), else b. */
export function choice(cond: usize, a: usize, b: usize, y: usize, n: i32): void {
  const whole = <usize>(n & ~3) << 2;
  for (let i: usize = 0; i < whole; i += 16) {
    const yes = f32x4.ne(v128.load(cond + i), f32s(0));
    v128.store(y + i, choose(yes, v128.load(a + i), v128.load(b + i)));
  }
  const rest = n & 3;
  if (rest) {
    const yes = f32x4.ne(loadPart(cond + whole, rest), f32s(0));
    storePart(y + whole, choose(yes, loadPart(a + whole, rest), loadPart(b + whole, rest)), rest);
  }
}

/** y = max(l, 0) - l x + log1p(e^-|l|) = -log p(x | l), in nats. */
export function sigmoidCrossEntropy(l: usize, x: usize, y: usize, n: i32): void {
  const whole = <usize>(n & ~3) << 2;
  for (let i: usize = 0; i < whole; i += 16) v128.store(y + i, crossEntropy(v128.load(l + i), v128.load(x + i)));
  const rest = n & 3;
  if (rest) storePart(y + whole, crossEntropy(loadPart(l + whole, rest), loadPart(x + whole, rest)), rest);
}

/** y[outer, inner] = g (sigmoid(l) - x); l and x are dense, g has an outer stride and an inner one of 0 or 1. */
export function sigmoidCrossEntropyGrad(
  l: usize, x: usize, g: usize, y: usize, outer: i32, inner: i32, gOuter: i32, gInner: i32,
): void {
  if (outer <= 0 || inner <= 0) return;
  if (gOuter == gInner * inner) {
    inner *= outer;
    outer = 1;
  }
  for (; outer > 0; outer--) {
    const one = v128.load32_splat(g);
    let dense = g;
    for (let n = inner; n > 0; n -= 4) {
      storeUpTo(y, crossEntropyGrad(loadUpTo(l, n), loadUpTo(x, n), gInner ? loadUpTo(dense, n) : one), n);
      const bytes = <usize>min(n, 4) << 2;
      l += bytes;
      x += bytes;
      y += bytes;
      dense += 16;
    }
    g += <usize>gOuter << 2;
  }
}
