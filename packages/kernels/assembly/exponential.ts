/** e^x and functions of e^-|x|, elementwise, in one loop, and sums of e^x. */
import {
  BIAS, expOfRest, expV, L0, L1, L2, L3, LEAST_EXPONENT, LN2_HI, LN2_LO, LOG2_E, log1pOf, MOST_EXPONENT, P0, P1, P2, P3, P4, P5,
  restOf, ROUND, sigmoidFrom,
} from "./functions";
import { CHUNK } from "./reduce";
import { f32s, firstLanes, loadUpTo, mulAdd, storeUpTo, sumOfLanes } from "./simd";

/** What follows an exponential: nothing after e^x, else what is made of e^-|x|; from softplus on its logarithm. */
export const enum After { Nothing, Sigmoid, Softplus, CrossEntropy }

/** A constant for all turns of a loop: made of what is not known to be 0, as engines make known ones anew in every turn. */
@inline
function kept(value: f32, zero: i32): v128 {
  return i32x4.splat(reinterpret<i32>(value) + zero);
}

/**
 * What is made of `count` elements of x, or of four if there are more, from e, e^x or e^-|x|: at `y`, if it is wanted, and at `dx`, if that is,
 * `slope` times the derivative of a cross-entropy.
 */
@inline
function after(
  f: After, wantsY: bool, wantsDx: bool, x: usize, targets: usize, slope: v128, y: usize, dx: usize, count: i32, e: v128,
  two: v128, l0: v128, l1: v128, l2: v128, l3: v128, half: v128,
): void {
  let log = e;
  // First, so that few registers are taken while it is made.
  if (f >= After.Softplus && wantsY) log = log1pOf(e, two, l0, l1, l2, l3, half);
  const target = f == After.CrossEntropy ? loadUpTo(targets, count) : e;
  const value = loadUpTo(x, count);
  if (f == After.Nothing) storeUpTo(y, e, count);
  if (f == After.Softplus) storeUpTo(y, f32x4.add(f32x4.pmax(value, f32s(0)), log), count);
  if (f == After.Sigmoid) storeUpTo(y, sigmoidFrom(value, e), count);
  if (f == After.CrossEntropy && wantsY) {
    storeUpTo(y, f32x4.add(f32x4.sub(f32x4.pmax(value, f32s(0)), f32x4.mul(value, target)), log), count);
  }
  if (wantsDx) storeUpTo(dx, f32x4.mul(slope, f32x4.sub(sigmoidFrom(value, e), target)), count);
}

/** The exponent for x, as near 0 as the exponential needs it; `sign` is the sign's bit. */
@inline
function exponentOf(f: After, x: v128, sign: v128, least: v128, most: v128): v128 {
  return f == After.Nothing ? f32x4.pmin(f32x4.pmax(x, least), most) : f32x4.pmax(v128.or(x, sign), least);
}

/** The last few elements of any function; as `mapExponential`. */
function mapLast(
  f: After, wantsY: bool, wantsDx: bool, x: usize, targets: usize, slopes: usize, dense: i32, y: usize, dx: usize, n: i32,
): void {
  const two = f32s(2), l0 = f32s(L0), l1 = f32s(L1), l2 = f32s(L2), l3 = f32s(L3), half = f32s(0.5);
  for (; n > 0; n -= 4) {
    let slope = two;
    if (slopes) slope = dense ? loadUpTo(slopes, n) : v128.load32_splat(slopes);
    const value = loadUpTo(x, n);
    const e = expV(f == After.Nothing ? value : f32x4.neg(f32x4.abs(value)));
    after(f, wantsY, wantsDx, x, targets, slope, y, dx, n, e, two, l0, l1, l2, l3, half);
    x += 16;
    targets += 16;
    slopes += <usize>dense << 4;
    y += 16;
    dx += 16;
  }
}

/**
 * y = f(x) of n elements, and `dx` as `after` says; either may be x or `targets`. A turn prepares the exponentials of the vector after the next, makes
 * those of the next one, and what follows of those of its own: each of the three is a row of steps that wait for one another, and engines do not look
 * far enough ahead to find other work.
 *
 * @param slopes n of them, or one if not `dense`
 */
@inline
export function mapExponential(
  f: After, wantsY: bool, wantsDx: bool, x: usize, targets: usize, slopes: usize, dense: i32, y: usize, dx: usize, n: i32,
): void {
  const zero = n >> 31;
  const log2e = kept(LOG2_E, zero), round = kept(ROUND, zero), high = kept(LN2_HI, zero), low = kept(LN2_LO, zero);
  const p0 = kept(P0, zero), p1 = kept(P1, zero), p2 = kept(P2, zero), p3 = kept(P3, zero), p4 = kept(P4, zero);
  const p5 = kept(P5, zero), one = kept(1, zero), bias = i32x4.splat(BIAS + zero);
  const sign = kept(-0.0, zero), least = kept(LEAST_EXPONENT, zero), most = kept(MOST_EXPONENT, zero);
  const two = kept(2, zero), half = kept(0.5, zero);
  const l0 = kept(L0, zero), l1 = kept(L1, zero), l2 = kept(L2, zero), l3 = kept(L3, zero);
  const slope = slopes ? v128.load32_splat(slopes) : one;
  const slopeStep = <usize>dense << 4;
  let exponent = exponentOf(f, n > 11 ? v128.load(x) : one, sign, least, most);
  let rounded = mulAdd(exponent, log2e, round);
  let rest = restOf(exponent, rounded, round, high, low);
  let e = expOfRest(rest, rounded, round, p0, p1, p2, p3, p4, p5, one, bias);
  exponent = exponentOf(f, n > 11 ? v128.load(x, 16) : one, sign, least, most);
  rounded = mulAdd(exponent, log2e, round);
  rest = restOf(exponent, rounded, round, high, low);
  for (; n > 11; n -= 4) {
    const next = expOfRest(rest, rounded, round, p0, p1, p2, p3, p4, p5, one, bias);
    exponent = exponentOf(f, v128.load(x, 32), sign, least, most);
    rounded = mulAdd(exponent, log2e, round);
    rest = restOf(exponent, rounded, round, high, low);
    after(f, wantsY, wantsDx, x, targets, dense ? v128.load(slopes) : slope, y, dx, 4, e, two, l0, l1, l2, l3, half);
    e = next;
    x += 16;
    targets += 16;
    slopes += slopeStep;
    y += 16;
    dx += 16;
  }
  mapLast(f, wantsY, wantsDx, x, targets, slopes, dense, y, dx, n);
}

/**
 * The sum of e^(x - most) over n elements, none of them greater than `most`, in all lanes. A turn prepares the exponentials of the next vector
 * and makes those of its own, of which lanes past the end are left out.
 */
export function sumOfExponentials(x: usize, n: i32, most: v128): v128 {
  if (!n) return f32s(0);
  const zero = n >> 31;
  const log2e = kept(LOG2_E, zero), round = kept(ROUND, zero), high = kept(LN2_HI, zero), low = kept(LN2_LO, zero);
  const p0 = kept(P0, zero), p1 = kept(P1, zero), p2 = kept(P2, zero), p3 = kept(P3, zero), p4 = kept(P4, zero);
  const p5 = kept(P5, zero), one = kept(1, zero), bias = i32x4.splat(BIAS + zero), least = kept(LEAST_EXPONENT, zero);
  let total = f32s(0);
  let exponent = f32x4.pmax(f32x4.sub(loadUpTo(x, n), most), least);
  let rounded = mulAdd(exponent, log2e, round);
  let rest = restOf(exponent, rounded, round, high, low);
  while (n > 4) {
    let chunk = f32s(0);
    for (const end = max(n - 4 * CHUNK, 4); n > end; n -= 4) {
      const e = expOfRest(rest, rounded, round, p0, p1, p2, p3, p4, p5, one, bias);
      x += 16;
      exponent = f32x4.pmax(f32x4.sub(loadUpTo(x, n - 4), most), least);
      rounded = mulAdd(exponent, log2e, round);
      rest = restOf(exponent, rounded, round, high, low);
      chunk = f32x4.add(chunk, e);
    }
    total = f32x4.add(total, chunk);
  }
  const last = expOfRest(rest, rounded, round, p0, p1, p2, p3, p4, p5, one, bias);
  return sumOfLanes(f32x4.add(total, v128.and(last, firstLanes(n))));
}
