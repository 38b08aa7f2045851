/** Optimisers other than Adam, each in one pass over the parameters, in place. Scalars that a schedule changes are read from memory. */
import { f32s, loadUpTo, storeUpTo } from "./simd";

const enum Descent { Plain, Momentum, Nesterov }

@inline
function descend4(kind: Descent, p: usize, v: usize, g: usize, rate: v128, momentum: v128, count: i32): void {
  const gradient = loadUpTo(g, count);
  let direction = gradient;
  if (kind != Descent.Plain) {
    const velocity = f32x4.add(f32x4.mul(loadUpTo(v, count), momentum), gradient);
    storeUpTo(v, velocity, count);
    direction = kind == Descent.Momentum ? velocity : f32x4.add(gradient, f32x4.mul(velocity, momentum));
  }
  storeUpTo(p, f32x4.sub(loadUpTo(p, count), f32x4.mul(rate, direction)), count);
}

@inline
function descend(kind: Descent, p: usize, v: usize, g: usize, n: i32, learningRatePtr: usize, momentum: f32): void {
  const rate = v128.load32_splat(learningRatePtr);
  const decay = f32s(momentum);
  const whole = <usize>(n & ~3) << 2;
  for (let i: usize = 0; i < whole; i += 16) descend4(kind, p + i, v + i, g + i, rate, decay, 4);
  const rest = n & 3;
  if (rest) descend4(kind, p + whole, v + whole, g + whole, rate, decay, rest);
}

/** p -= lr g. */
export function sgd(p: usize, g: usize, n: i32, learningRatePtr: usize): void {
  descend(Descent.Plain, p, 0, g, n, learningRatePtr, 0);
}

/** v = momentum v + g, p -= lr v. */
export function sgdMomentum(p: usize, v: usize, g: usize, n: i32, learningRatePtr: usize, momentum: f32): void {
  descend(Descent.Momentum, p, v, g, n, learningRatePtr, momentum);
}

/** v = momentum v + g, p -= lr (g + momentum v). */
export function sgdNesterov(p: usize, v: usize, g: usize, n: i32, learningRatePtr: usize, momentum: f32): void {
  descend(Descent.Nesterov, p, v, g, n, learningRatePtr, momentum);
}

@inline
function rmsProp4(p: usize, v: usize, g: usize, rate: v128, b: v128, c: v128, eps: v128, count: i32): void {
  const gradient = loadUpTo(g, count);
  const square = f32x4.add(f32x4.mul(loadUpTo(v, count), b), f32x4.mul(f32x4.mul(gradient, gradient), c));
  storeUpTo(v, square, count);
  const step = f32x4.mul(rate, f32x4.div(gradient, f32x4.add(f32x4.sqrt(square), eps)));
  storeUpTo(p, f32x4.sub(loadUpTo(p, count), step), count);
}

/** v = decay v + (1 - decay) g^2, p -= lr g / (sqrt(v) + epsilon) (Tieleman and Hinton, 2012). */
export function rmsProp(
  p: usize, v: usize, g: usize, n: i32, learningRatePtr: usize, decay: f32, oneMinusDecay: f32, epsilon: f32,
): void {
  const rate = v128.load32_splat(learningRatePtr);
  const b = f32s(decay);
  const c = f32s(oneMinusDecay);
  const eps = f32s(epsilon);
  for (let i: usize = 0; n > 0; n -= 4) {
    rmsProp4(p + i, v + i, g + i, rate, b, c, eps, n);
    i += 16;
  }
}

@inline
function adamW4(
  p: usize, m: usize, v: usize, g: usize, stepSize: v128, secondScale: v128, keep: v128,
  b1: v128, b2: v128, eps: v128, c1: v128, c2: v128, count: i32,
): void {
  const gradient = loadUpTo(g, count);
  const first = f32x4.add(f32x4.mul(loadUpTo(m, count), b1), f32x4.mul(gradient, c1));
  const second = f32x4.add(f32x4.mul(loadUpTo(v, count), b2), f32x4.mul(f32x4.mul(gradient, gradient), c2));
  const scale = f32x4.add(f32x4.mul(f32x4.sqrt(second), secondScale), eps);
  storeUpTo(m, first, count);
  storeUpTo(v, second, count);
  const kept = f32x4.mul(loadUpTo(p, count), keep);
  storeUpTo(p, f32x4.sub(kept, f32x4.div(f32x4.mul(first, stepSize), scale)), count);
}

/**
 * As `adam`, but p = keep p - stepSize m / (sqrt(v) secondScale + epsilon) (Loshchilov and Hutter, 2019, algorithm 2).
 * `coefficients` holds beta1, beta2, epsilon, 1 - beta1, 1 - beta2.
 */
export function adamW(
  p: usize, m: usize, v: usize, g: usize, n: i32,
  stepSizePtr: usize, secondScalePtr: usize, keepPtr: usize, coefficients: usize,
): void {
  const stepSize = v128.load32_splat(stepSizePtr);
  const secondScale = v128.load32_splat(secondScalePtr);
  const keep = v128.load32_splat(keepPtr);
  const b1 = v128.load32_splat(coefficients);
  const b2 = v128.load32_splat(coefficients, 4);
  const eps = v128.load32_splat(coefficients, 8);
  const c1 = v128.load32_splat(coefficients, 12);
  const c2 = v128.load32_splat(coefficients, 16);
  for (let i: usize = 0; n > 0; n -= 4) {
    adamW4(p + i, m + i, v + i, g + i, stepSize, secondScale, keep, b1, b2, eps, c1, c2, n);
    i += 16;
  }
}
