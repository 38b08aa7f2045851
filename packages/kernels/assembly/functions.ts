/**
 * Elementary functions on four floats, of + - * / and integer operations only, so that their bits are the same everywhere, but for the relaxed
 * build, which multiplies and adds at once where the machine can.
 * Reductions and polynomials follow Moshier's Cephes (1992) and Sun's fdlibm (1993).
 */
import { choose, f32s, multiplyAdd, multiplySubtract } from "./simd";

// @ts-ignore: decorator
@inline const LN2_HI: f32 = 0.693359375; // 9 bits: n * LN2_HI is exact
// @ts-ignore: decorator
@inline const LN2_LO: f32 = -2.12194440e-4;
// @ts-ignore: decorator
@inline const LOG2_E: f32 = 1.44269504088896341;
/** 1.5 * 2^23: adding it rounds to an integer and leaves that integer in the low bits. */
// @ts-ignore: decorator
@inline const ROUND: f32 = 12582912;
// @ts-ignore: decorator
@inline const SQRT_HALF_BITS: i32 = 0x3f3504f3;
// @ts-ignore: decorator
@inline const LEAST_NORMAL: f32 = 1.17549435e-38;
/** Below 2^-24, expm1(x) and log1p(x) are x (and keep its sign when it is zero). */
// @ts-ignore: decorator
@inline const TINY: f32 = 5.9604644775390625e-8;

/** Of a float's exponent. */
// @ts-ignore: decorator
@inline const BIAS: i32 = 127;

/** Below it, e^x is 0. */
// @ts-ignore: decorator
@inline export const LEAST_EXPONENT: f32 = -104;
/** Above it, e^x is infinite. */
// @ts-ignore: decorator
@inline export const MOST_EXPONENT: f32 = 89;

/** 2^n for -126 <= n <= 127. */
@inline
function powerOfTwo(n: v128): v128 {
  return i32x4.shl(i32x4.add(n, i32x4.splat(BIAS)), 23);
}

/** (e^r - 1 - r) / r^2 for |r| <= ln(2) / 2 (Cephes expf). */
@inline
function expTail(r: v128): v128 {
  let p = multiplyAdd(f32s(1.9875691500e-4), r, f32s(1.3981999507e-3));
  p = multiplyAdd(p, r, f32s(8.3334519073e-3));
  p = multiplyAdd(p, r, f32s(4.1665795894e-2));
  p = multiplyAdd(p, r, f32s(1.6666665459e-1));
  return multiplyAdd(p, r, f32s(5.0000001201e-1));
}

/** The multiple of ln 2 nearest to x, as a number plus ROUND, whose low bits are then that of an integer. */
@inline
export function roundByLn2(x: v128): v128 {
  return multiplyAdd(x, f32s(LOG2_E), f32s(ROUND));
}

/** What is left of x when `rounded` times ln 2 is taken away, whose product is exact in its high part; `rounded` is as `roundByLn2` makes it. */
@inline
export function restOf(x: v128, rounded: v128): v128 {
  const n = f32x4.sub(rounded, f32s(ROUND));
  return multiplySubtract(n, f32s(LN2_LO), multiplySubtract(n, f32s(LN2_HI), x));
}

/**
 * e^x for -104 <= x <= 89, from its rest r. The power of two is applied in two steps, so that results below 2^-126 are rounded once and those above 2^128 are infinite.
 */
@inline
export function expOfRest(r: v128, rounded: v128): v128 {
  const p = f32x4.add(multiplyAdd(f32x4.mul(r, r), expTail(r), r), f32s(1));
  const n = i32x4.sub(rounded, f32s(ROUND));
  const half = i32x4.shr_s(n, 1);
  return f32x4.mul(f32x4.mul(p, powerOfTwo(half)), powerOfTwo(i32x4.sub(n, half)));
}

/** e^x. */
@inline
export function expV(value: v128): v128 {
  const x = f32x4.pmin(f32x4.pmax(value, f32s(LEAST_EXPONENT)), f32s(MOST_EXPONENT));
  const rounded = roundByLn2(x);
  return expOfRest(restOf(x, rounded), rounded);
}

/** e^x - 1 = 2 (2^(n-1) (e^r - 1) + (2^(n-1) - 1/2)). */
@inline
export function expm1V(value: v128): v128 {
  const x = f32x4.pmin(f32x4.pmax(value, f32s(-18)), f32s(MOST_EXPONENT));
  const rounded = roundByLn2(x);
  const r = restOf(x, rounded);
  const p = multiplyAdd(f32x4.mul(r, r), expTail(r), r);
  const half = powerOfTwo(i32x4.sub(rounded, i32x4.splat(0x4b400001)));
  const e = multiplyAdd(half, p, f32x4.sub(half, f32s(0.5)));
  return choose(f32x4.lt(f32x4.abs(value), f32s(TINY)), value, f32x4.add(e, e));
}

/** log(1 + f) + e ln 2 + extra for sqrt(1/2) <= 1 + f < sqrt(2) (Cephes logf). */
@inline
function logParts(f: v128, e: v128, extra: v128): v128 {
  let p = f32s(7.0376836292e-2);
  p = multiplyAdd(p, f, f32s(-1.1514610310e-1));
  p = multiplyAdd(p, f, f32s(1.1676998740e-1));
  p = multiplyAdd(p, f, f32s(-1.2420140846e-1));
  p = multiplyAdd(p, f, f32s(1.4249322787e-1));
  p = multiplyAdd(p, f, f32s(-1.6668057665e-1));
  p = multiplyAdd(p, f, f32s(2.0000714765e-1));
  p = multiplyAdd(p, f, f32s(-2.4999993993e-1));
  p = multiplyAdd(p, f, f32s(3.3333331174e-1));
  const square = f32x4.mul(f, f);
  let y = f32x4.mul(f32x4.mul(p, f), square);
  y = f32x4.add(y, multiplyAdd(e, f32s(LN2_LO), extra));
  y = multiplySubtract(square, f32s(0.5), y);
  return multiplyAdd(e, f32s(LN2_HI), f32x4.add(f, y));
}

/** Bits of x less those of sqrt(1/2): the exponent is in the top nine bits, the mantissa in the others. */
@inline
function exponentOf(shifted: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.shr_s(shifted, 23));
}

@inline
function mantissaOf(shifted: v128): v128 {
  return i32x4.add(v128.and(shifted, i32x4.splat(0x007fffff)), i32x4.splat(SQRT_HALF_BITS));
}

/** NaN below zero, -inf at zero, +inf and NaN unchanged; `y` elsewhere. */
@inline
function logEdges(x: v128, y: v128): v128 {
  const zeroOrLess = choose(f32x4.eq(x, f32s(0)), f32s(-Infinity), f32s(NaN));
  const edged = choose(f32x4.le(x, f32s(0)), zeroOrLess, y);
  return choose(f32x4.lt(x, f32s(Infinity)), edged, x);
}

/** log(2^-scale x) + extra, of positive x that are neither below 2^-126 nor infinite. */
@inline
function logOfNormal(x: v128, scale: v128, extra: v128): v128 {
  const shifted = i32x4.sub(x, i32x4.splat(SQRT_HALF_BITS));
  const f = f32x4.sub(mantissaOf(shifted), f32s(1));
  return logParts(f, f32x4.sub(exponentOf(shifted), scale), extra);
}

/** Of whatever there is; numbers below 2^-126 are scaled up first. */
function logOfAny(x: v128): v128 {
  const small = f32x4.lt(x, f32s(LEAST_NORMAL));
  const scaled = choose(small, f32x4.mul(x, f32s(8388608)), x);
  return logEdges(x, logOfNormal(scaled, v128.and(small, f32s(23)), f32s(0)));
}

/** Natural logarithm. */
@inline
export function logV(x: v128): v128 {
  const normal = v128.and(f32x4.ge(x, f32s(LEAST_NORMAL)), f32x4.lt(x, f32s(Infinity)));
  return i32x4.bitmask(normal) == 15 ? logOfNormal(x, f32s(0), f32s(0)) : logOfAny(x);
}

/** log(1 + x) = log(u) + c / u, where u is 1 + x rounded and c what the rounding lost. */
@inline
export function log1pV(x: v128): v128 {
  const u = f32x4.add(x, f32s(1));
  const lost = choose(f32x4.lt(x, f32s(1)), f32x4.sub(x, f32x4.sub(u, f32s(1))), f32x4.sub(f32s(1), f32x4.sub(u, x)));
  const y = logEdges(u, logOfNormal(u, f32s(0), f32x4.div(lost, u)));
  return choose(f32x4.lt(f32x4.abs(x), f32s(TINY)), x, y);
}

/** 1 / (1 + e^-x), from e = e^-|x|, so that nothing overflows and small results keep their digits. */
@inline
export function sigmoidFrom(x: v128, e: v128): v128 {
  const s = f32x4.div(f32s(1), f32x4.add(e, f32s(1)));
  return choose(f32x4.lt(x, f32s(0)), f32x4.mul(e, s), s);
}

/** (e^2|x| - 1) / (e^2|x| + 1) with the sign of x. */
@inline
export function tanhV(x: v128): v128 {
  return tanhFrom(x, expm1V(doubleMagnitude(x)));
}

/** 2|x|, as far as it matters to tanh. */
@inline
export function doubleMagnitude(x: v128): v128 {
  const magnitude = f32x4.pmin(f32x4.abs(x), f32s(10));
  return f32x4.add(magnitude, magnitude);
}

/** From t = e^2|x| - 1. */
@inline
export function tanhFrom(x: v128, t: v128): v128 {
  return signedAs(x, f32x4.div(t, f32x4.add(t, f32s(2))));
}

/** y, which is not below 0, with the sign of x. */
@inline
function signedAs(x: v128, y: v128): v128 {
  return v128.or(y, v128.and(x, i32x4.splat(0x80000000)));
}

/**
 * log1p for 0 <= f <= 1 (or NaN), as fdlibm's: s = f / (2 + f), log(1 + f) = f - (f^2 / 2 - s (f^2 / 2 + R)), where R = 2 artanh(s) / s - 2 in z = s^2 is
 * fitted for s <= 1/3 (relative error of the logarithm 4.5e-9).
 */
@inline
export function log1pOfUnit(f: v128): v128 {
  const s = f32x4.div(f, f32x4.add(f, f32s(2)));
  const z = f32x4.mul(s, s);
  let r = multiplyAdd(f32s(0.28011995553970337), z, f32s(0.28001803159713745));
  r = multiplyAdd(r, z, f32s(0.4002152681350708));
  r = f32x4.mul(z, multiplyAdd(r, z, f32s(0.666664183139801)));
  const halfSquare = f32x4.mul(f32x4.mul(f, f), f32s(0.5));
  return f32x4.sub(f, multiplySubtract(s, f32x4.add(halfSquare, r), halfSquare));
}

/** log(1 + e^x) = max(x, 0) + log1p(e), from e = e^-|x|. */
@inline
export function softplusFrom(x: v128, e: v128): v128 {
  return f32x4.add(f32x4.pmax(x, f32s(0)), log1pOfUnit(e));
}

/** -t q(t) = log(1 - erf(t)) for 0.92 <= t <= 4 (relative error of erf 3e-9). */
@inline
function logOfRest(t: v128): v128 {
  let q = multiplyAdd(f32s(-0.00021398508), t, f32s(0.0032149565));
  q = multiplyAdd(q, t, f32s(-0.022889968));
  q = multiplyAdd(q, t, f32s(0.10526185));
  q = multiplyAdd(q, t, f32s(0.63571829));
  q = multiplyAdd(q, t, f32s(1.12851441));
  return f32x4.neg(f32x4.mul(q, t));
}

/** erf(t) = t + t p(t^2) for 0 <= t <= 0.94 (relative error 2e-8). */
@inline
function erfOfSmall(t: v128): v128 {
  const z = f32x4.mul(t, t);
  let p = multiplyAdd(f32s(-0.000590796), z, f32s(0.0049768323));
  p = multiplyAdd(p, z, f32s(-0.026755437));
  p = multiplyAdd(p, z, f32s(0.11281507));
  p = multiplyAdd(p, z, f32s(-0.37612465));
  return multiplyAdd(t, multiplyAdd(p, z, f32s(0.12837915)), t);
}

/** The error function; polynomials fitted to it in the relative error of the result. 1 from 4 on. */
@inline
export function erfV(x: v128): v128 {
  return erfFrom(x, expV(erfExponent(x)));
}

/** log(1 - erf(|x|)), where |x| is not small. */
@inline
export function erfExponent(x: v128): v128 {
  return logOfRest(f32x4.pmin(f32x4.abs(x), f32s(4)));
}

/** From rest = 1 - erf(|x|), which a small |x| does without. */
@inline
export function erfFrom(x: v128, rest: v128): v128 {
  const t = f32x4.pmin(f32x4.abs(x), f32s(4));
  return signedAs(x, choose(f32x4.lt(t, f32s(0.93)), erfOfSmall(t), f32x4.sub(f32s(1), rest)));
}
