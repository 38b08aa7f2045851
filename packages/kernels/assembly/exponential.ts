/** Functions of e^-|x|, elementwise, in one loop. */
import {
  BIAS, expOf, expV, LEAST_EXPONENT, LN2_HI, LN2_LO, LOG2_E, log1pOfUnit, P0, P1, P2, P3, P4, P5, ROUND, sigmoidFrom,
  softplusFrom,
} from "./functions";
import { f32s, loadUpTo, storeUpTo } from "./simd";

export const enum After { Sigmoid, Softplus, CrossEntropy, CrossEntropyGrad }

/** What is made of x and e = e^-|x|; `target` and `slope` are the cross-entropy's. */
@inline
function after(f: After, x: v128, e: v128, target: v128, slope: v128): v128 {
  if (f == After.Sigmoid) return sigmoidFrom(x, e);
  if (f == After.Softplus) return softplusFrom(x, e);
  if (f == After.CrossEntropyGrad) return f32x4.mul(slope, f32x4.sub(sigmoidFrom(x, e), target));
  return f32x4.add(f32x4.sub(f32x4.pmax(x, f32s(0)), f32x4.mul(x, target)), log1pOfUnit(e));
}

/** A constant for all turns of a loop: made of what is not known to be 0, as engines make known ones anew in every turn. */
@inline
function kept(value: f32, zero: i32): v128 {
  return i32x4.splat(reinterpret<i32>(value) + zero);
}

/** e^-|x| of `count` elements, or of four if there are more. */
function exponentialOf(x: usize, count: i32): v128 {
  return count > 0 ? expV(f32x4.neg(f32x4.abs(loadUpTo(x, count)))) : f32s(0);
}

/**
 * y = f(x) of n elements; y may be x or `targets`. A turn takes the exponentials of the next four elements beside what follows of those of the turn
 * before: each has only steps that wait for one another, and engines do not look far enough ahead to find other work.
 *
 * @param slopes n of them, or one if not `dense`
 */
@inline
export function mapExponential(f: After, x: usize, targets: usize, slopes: usize, dense: i32, y: usize, n: i32): void {
  const zero = n >> 31;
  const log2e = kept(LOG2_E, zero), round = kept(ROUND, zero), high = kept(LN2_HI, zero), low = kept(LN2_LO, zero);
  const p0 = kept(P0, zero), p1 = kept(P1, zero), p2 = kept(P2, zero), p3 = kept(P3, zero), p4 = kept(P4, zero);
  const p5 = kept(P5, zero), one = kept(1, zero), bias = i32x4.splat(BIAS + zero);
  const sign = kept(-0.0, zero), least = kept(LEAST_EXPONENT, zero);
  const hasTargets = f >= After.CrossEntropy;
  const slope = slopes ? v128.load32_splat(slopes) : one;
  let e = exponentialOf(x, n);
  for (; n > 7; n -= 4) {
    const exponent = f32x4.pmax(v128.or(v128.load(x, 16), sign), least);
    const next = expOf(exponent, log2e, round, high, low, p0, p1, p2, p3, p4, p5, one, bias);
    const target = hasTargets ? v128.load(targets) : e;
    v128.store(y, after(f, v128.load(x), e, target, dense ? v128.load(slopes) : slope));
    e = next;
    x += 16;
    targets += 16;
    slopes += 16;
    y += 16;
  }
  for (; n > 0; n -= 4) {
    const target = hasTargets ? loadUpTo(targets, n) : e;
    storeUpTo(y, after(f, loadUpTo(x, n), e, target, dense ? loadUpTo(slopes, n) : slope), n);
    x += 16;
    targets += 16;
    slopes += 16;
    y += 16;
    e = exponentialOf(x, n - 4);
  }
}
