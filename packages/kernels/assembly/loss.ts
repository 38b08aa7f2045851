/** Choice by condition, and the cross-entropy of a Bernoulli with logits l and targets x. */
import { After, mapExponential } from "./exponential";
import { choose, f32s, loadPart, storePart } from "./simd";

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

/** One loop for all that is wanted: compilers that know the relaxed build make faster code of it, the older ones slower. */
function anyCrossEntropy(
  wantsY: bool, wantsGradient: bool, l: usize, x: usize, slopes: usize, dense: i32, y: usize, dl: usize, n: i32,
): void {
  mapExponential(After.CrossEntropy, wantsY, wantsGradient, l, x, slopes, dense, y, dl, n);
}

/** Of n logits, at `y` the cross-entropy if it is wanted, and at `dl`, if that is, its gradient times `slopes`, n of them or one if not `dense`. */
@inline
function crossEntropy(
  wantsY: bool, wantsGradient: bool, l: usize, x: usize, slopes: usize, dense: i32, y: usize, dl: usize, n: i32,
): void {
  if (ASC_FEATURE_RELAXED_SIMD) anyCrossEntropy(wantsY, wantsGradient, l, x, slopes, dense, y, dl, n);
  else mapExponential(After.CrossEntropy, wantsY, wantsGradient, l, x, slopes, dense, y, dl, n);
}

/** y = max(l, 0) - l x + log1p(e^-|l|) = -log p(x | l), in nats. */
export function sigmoidCrossEntropy(l: usize, x: usize, y: usize, n: i32): void {
  crossEntropy(true, false, l, x, 0, 0, y, 0, n);
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
    crossEntropy(false, true, l, x, g, gInner, 0, y, inner);
    const bytes = <usize>inner << 2;
    l += bytes;
    x += bytes;
    y += bytes;
    g += <usize>gOuter << 2;
  }
}

/** Both in one pass, with exponentials made once: y as `sigmoidCrossEntropy`, dl as `sigmoidCrossEntropyGrad` for one g. */
export function sigmoidCrossEntropyBoth(l: usize, x: usize, g: usize, y: usize, dl: usize, n: i32): void {
  crossEntropy(true, true, l, x, g, 0, y, dl, n);
}
