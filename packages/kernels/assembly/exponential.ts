/** Functions of e^-|x|, elementwise, in one loop. */
import {
  BIAS, expOfRest, expV, L0, L1, L2, L3, LEAST_EXPONENT, LN2_HI, LN2_LO, LOG2_E, log1pOf, P0, P1, P2, P3, P4, P5, restOf,
  ROUND, sigmoidFrom,
} from "./functions";
import { f32s, loadUpTo, mulAdd, storeUpTo } from "./simd";

export const enum After { Softplus, Sigmoid, CrossEntropy, CrossEntropyGrad }

/** What is made of x, of e = e^-|x| and, if it wants that, of log(1 + e); `target` and `slope` are the cross-entropy's. */
@inline
function after(f: After, x: v128, e: v128, log: v128, target: v128, slope: v128): v128 {
  if (f == After.Softplus) return f32x4.add(f32x4.pmax(x, f32s(0)), log);
  if (f == After.CrossEntropy) return f32x4.add(f32x4.sub(f32x4.pmax(x, f32s(0)), f32x4.mul(x, target)), log);
  const sigmoid = sigmoidFrom(x, e);
  return f == After.Sigmoid ? sigmoid : f32x4.mul(slope, f32x4.sub(sigmoid, target));
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
 * y = f(x) of n elements; y may be x or `targets`. A turn prepares the exponentials of the vector after the next, makes those of the next one, and what
 * follows of those of its own: each of the three is a row of steps that wait for one another, and engines do not look far enough ahead to find
 * other work.
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
  const two = kept(2, zero), half = kept(0.5, zero);
  const l0 = kept(L0, zero), l1 = kept(L1, zero), l2 = kept(L2, zero), l3 = kept(L3, zero);
  const hasTargets = f >= After.CrossEntropy, hasLog = f == After.Softplus || f == After.CrossEntropy;
  const slope = slopes ? v128.load32_splat(slopes) : one;
  let e = exponentialOf(x, n);
  let exponent = f32x4.pmax(v128.or(n > 7 ? v128.load(x, 16) : one, sign), least);
  let rounded = mulAdd(exponent, log2e, round);
  let rest = restOf(exponent, rounded, round, high, low);
  for (; n > 11; n -= 4) {
    const next = expOfRest(rest, rounded, round, p0, p1, p2, p3, p4, p5, one, bias);
    exponent = f32x4.pmax(v128.or(v128.load(x, 32), sign), least);
    rounded = mulAdd(exponent, log2e, round);
    rest = restOf(exponent, rounded, round, high, low);
    const log = hasLog ? log1pOf(e, two, l0, l1, l2, l3, half) : e;
    const target = hasTargets ? v128.load(targets) : e;
    v128.store(y, after(f, v128.load(x), e, log, target, dense ? v128.load(slopes) : slope));
    e = next;
    x += 16;
    targets += 16;
    slopes += 16;
    y += 16;
  }
  for (; n > 0; n -= 4) {
    const log = hasLog ? log1pOf(e, two, l0, l1, l2, l3, half) : e;
    const target = hasTargets ? loadUpTo(targets, n) : e;
    storeUpTo(y, after(f, loadUpTo(x, n), e, log, target, dense ? loadUpTo(slopes, n) : slope), n);
    x += 16;
    targets += 16;
    slopes += 16;
    y += 16;
    e = exponentialOf(x, n - 4);
  }
}
