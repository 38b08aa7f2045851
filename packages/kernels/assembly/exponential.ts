/** e^x and functions of e^-|x|, elementwise, in one loop, and sums of e^x. */
import { expOfRest, expV, LEAST_EXPONENT, log1pOfUnit, MOST_EXPONENT, restOf, roundByLn2, sigmoidFrom } from "./functions";
import { CHUNK } from "./reduce";
import { f32s, firstLanes, loadUpTo, multiplySubtract, storeUpTo, sumOfLanes } from "./simd";

/** What follows an exponential: nothing after e^x, else what is made of e^-|x|; from softplus on its logarithm. */
export const enum After { Nothing, Sigmoid, Softplus, CrossEntropy }

/**
 * What is made of `count` elements of x, or of four if there are more, from e, e^x or e^-|x|: at `y`, if it is wanted, and at `dx`, if that is,
 * `slope` times the derivative of a cross-entropy.
 */
@inline
function after(
  f: After, wantsY: bool, wantsDx: bool, x: usize, targets: usize, slope: v128, y: usize, dx: usize, count: i32, e: v128,
): void {
  let log = e;
  // First, so that few registers are taken while it is made.
  if (f >= After.Softplus && wantsY) log = log1pOfUnit(e);
  const target = f == After.CrossEntropy ? loadUpTo(targets, count) : e;
  const value = loadUpTo(x, count);
  if (f == After.Nothing) storeUpTo(y, e, count);
  if (f == After.Softplus) storeUpTo(y, f32x4.add(f32x4.pmax(value, f32s(0)), log), count);
  if (f == After.Sigmoid) storeUpTo(y, sigmoidFrom(value, e), count);
  if (f == After.CrossEntropy && wantsY) {
    storeUpTo(y, f32x4.add(multiplySubtract(value, target, f32x4.pmax(value, f32s(0))), log), count);
  }
  if (wantsDx) storeUpTo(dx, f32x4.mul(slope, f32x4.sub(sigmoidFrom(value, e), target)), count);
}

/** The exponent for x, as near 0 as the exponential needs it. */
@inline
function exponentOf(f: After, x: v128): v128 {
  const least = f32s(LEAST_EXPONENT);
  return f == After.Nothing ? f32x4.pmin(f32x4.pmax(x, least), f32s(MOST_EXPONENT)) : f32x4.pmax(v128.or(x, f32s(-0.0)), least);
}

/** The last few elements of any function; as `mapExponential`. */
function mapLast(
  f: After, wantsY: bool, wantsDx: bool, x: usize, targets: usize, slopes: usize, dense: i32, y: usize, dx: usize, n: i32,
): void {
  for (; n > 0; n -= 4) {
    let slope = f32s(1);
    if (slopes) slope = dense ? loadUpTo(slopes, n) : v128.load32_splat(slopes);
    const value = loadUpTo(x, n);
    const e = expV(f == After.Nothing ? value : f32x4.neg(f32x4.abs(value)));
    after(f, wantsY, wantsDx, x, targets, slope, y, dx, n, e);
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
  const slope = slopes ? v128.load32_splat(slopes) : f32s(1);
  const slopeStep = <usize>dense << 4;
  let exponent = exponentOf(f, n > 11 ? v128.load(x) : f32s(1));
  let rounded = roundByLn2(exponent);
  let rest = restOf(exponent, rounded);
  let e = expOfRest(rest, rounded);
  exponent = exponentOf(f, n > 11 ? v128.load(x, 16) : f32s(1));
  rounded = roundByLn2(exponent);
  rest = restOf(exponent, rounded);
  for (; n > 11; n -= 4) {
    const next = expOfRest(rest, rounded);
    exponent = exponentOf(f, v128.load(x, 32));
    rounded = roundByLn2(exponent);
    rest = restOf(exponent, rounded);
    after(f, wantsY, wantsDx, x, targets, dense ? v128.load(slopes) : slope, y, dx, 4, e);
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
  let total = f32s(0);
  let exponent = f32x4.pmax(f32x4.sub(loadUpTo(x, n), most), f32s(LEAST_EXPONENT));
  let rounded = roundByLn2(exponent);
  let rest = restOf(exponent, rounded);
  while (n > 4) {
    let chunk = f32s(0);
    for (const end = max(n - 4 * CHUNK, 4); n > end; n -= 4) {
      const e = expOfRest(rest, rounded);
      x += 16;
      exponent = f32x4.pmax(f32x4.sub(loadUpTo(x, n - 4), most), f32s(LEAST_EXPONENT));
      rounded = roundByLn2(exponent);
      rest = restOf(exponent, rounded);
      chunk = f32x4.add(chunk, e);
    }
    total = f32x4.add(total, chunk);
  }
  const last = expOfRest(rest, rounded);
  return sumOfLanes(f32x4.add(total, v128.and(last, firstLanes(n))));
}
