/** y = f(x), elementwise; y may be x. */
import { After, mapExponential } from "./exponential";
import { erfV, expm1V, log1pV, logV, tanhV } from "./functions";
import { choose, f32s, loadPart, loadUpTo, storePart, storeUpTo } from "./simd";

const enum Unary { Neg, Abs, Sign, Step, Expm1, Log, Log1p, Sqrt, Square, Tanh, Relu, Erf, Round }

/** ±1, or x itself when it is ±0 or NaN. */
@inline
function signV(x: v128): v128 {
  const moved = v128.or(f32x4.gt(x, f32s(0)), f32x4.lt(x, f32s(0)));
  return choose(moved, v128.or(v128.and(x, i32x4.splat(0x80000000)), f32s(1)), x);
}

@inline
function evaluate(f: Unary, x: v128): v128 {
  if (f == Unary.Neg) return f32x4.neg(x);
  if (f == Unary.Abs) return f32x4.abs(x);
  if (f == Unary.Sign) return signV(x);
  if (f == Unary.Step) return v128.and(f32x4.gt(x, f32s(0)), f32s(1));
  if (f == Unary.Expm1) return expm1V(x);
  if (f == Unary.Log) return logV(x);
  if (f == Unary.Log1p) return log1pV(x);
  if (f == Unary.Sqrt) return f32x4.sqrt(x);
  if (f == Unary.Square) return f32x4.mul(x, x);
  if (f == Unary.Tanh) return tanhV(x);
  if (f == Unary.Erf) return erfV(x);
  if (f == Unary.Round) return f32x4.nearest(x);
  return f32x4.pmax(x, f32s(0));
}

@inline
function map(f: Unary, x: usize, y: usize, n: i32): void {
  const whole = <usize>(n & ~3) << 2;
  for (let i: usize = 0; i < whole; i += 16) v128.store(y + i, evaluate(f, v128.load(x + i)));
  const rest = n & 3;
  if (rest) storePart(y + whole, evaluate(f, loadPart(x + whole, rest)), rest);
}

/** As `map`, a little slower, with the formula written once: where it is long, or no network spends its time on it. */
@inline
function mapOnce(f: Unary, x: usize, y: usize, n: i32): void {
  for (; n > 0; n -= 4) {
    storeUpTo(y, evaluate(f, loadUpTo(x, n)), n);
    x += 16;
    y += 16;
  }
}

export function neg(x: usize, y: usize, n: i32): void { map(Unary.Neg, x, y, n); }
export function absolute(x: usize, y: usize, n: i32): void { map(Unary.Abs, x, y, n); }
export function sign(x: usize, y: usize, n: i32): void { mapOnce(Unary.Sign, x, y, n); }
export function step(x: usize, y: usize, n: i32): void { mapOnce(Unary.Step, x, y, n); }
export function exp(x: usize, y: usize, n: i32): void { mapExponential(After.Nothing, true, false, x, 0, 0, 0, y, 0, n); }
export function expm1(x: usize, y: usize, n: i32): void { mapOnce(Unary.Expm1, x, y, n); }
export function log(x: usize, y: usize, n: i32): void { mapOnce(Unary.Log, x, y, n); }
export function log1p(x: usize, y: usize, n: i32): void { mapOnce(Unary.Log1p, x, y, n); }
export function squareRoot(x: usize, y: usize, n: i32): void { map(Unary.Sqrt, x, y, n); }
export function square(x: usize, y: usize, n: i32): void { map(Unary.Square, x, y, n); }
export function sigmoid(x: usize, y: usize, n: i32): void { mapExponential(After.Sigmoid, true, false, x, 0, 0, 0, y, 0, n); }
export function tanh(x: usize, y: usize, n: i32): void { map(Unary.Tanh, x, y, n); }
export function softplus(x: usize, y: usize, n: i32): void { mapExponential(After.Softplus, true, false, x, 0, 0, 0, y, 0, n); }
export function relu(x: usize, y: usize, n: i32): void { map(Unary.Relu, x, y, n); }
export function round(x: usize, y: usize, n: i32): void { mapOnce(Unary.Round, x, y, n); }
export function erf(x: usize, y: usize, n: i32): void { mapOnce(Unary.Erf, x, y, n); }
