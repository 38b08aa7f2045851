/**
 * Optimisers, each one pass in place over all parameters. `segments` points at `count` entries of seven int32: the number of elements, the
 * addresses of gradient, parameter and slots, and, where the gradient is the product of a column and a row, the address of the column and the
 * length of the row, which then is what the gradient's address leads to; else two zeros.
 * What a schedule changes is read from memory, and so are `coefficients`.
 * `share`, 256 s + i, means the i-th of s shares of every segment; 0 all of it.
 *
 * What decays never becomes denormal, as that would slow down the steps that read it. It is rounded to a multiple of 2^-120, which changes nothing
 * above 2^-72 and takes one instruction less than to compare. An average of squares gets 2^-124 more in every step, from where no decay of 1/5 or
 * more leads to a denormal number.
 */
import { f32s, multiplyAdd, multiplySubtract } from "./simd";

const enum Method { Sgd, Momentum, Nesterov, RmsProp, Adam, AdamW }

/** Bytes of a segment's entry. */
// @ts-ignore: decorator
@inline const ENTRY: usize = 28;

@inline
function number(address: usize, index: usize): v128 {
  return v128.load32_splat(address + (index << 2));
}

/** Four elements, or one in all lanes. */
@inline
function read(address: usize, four: bool): v128 {
  return four ? v128.load(address) : v128.load32_splat(address);
}

/** Stores four elements, or one. */
@inline
function write(address: usize, x: v128, four: bool): v128 {
  if (four) v128.store(address, x);
  else v128.store_lane<u32>(address, x, 0);
  return x;
}

/** 1.5 2^-97, so much that the next number is 2^-120 more: a sum that begins with it, without it, is a multiple of that, and still 0 if it was. */
@inline
function grain(): v128 {
  return f32s(reinterpret<f32>(0x0f400000));
}

@inline
function withoutGrain(x: v128): v128 {
  return f32x4.sub(x, grain());
}

/** v = c0 v + g^2 + 2^-124, stored. */
@inline
function nextSquare(v: usize, g: v128, c0: v128, four: bool): v128 {
  return write(v, multiplyAdd(read(v, four), c0, multiplyAdd(g, g, f32s(reinterpret<f32>(0x01800000)))), four);
}

/** v = c0 v + c1 g, stored. */
@inline
function nextMean(v: usize, g: v128, c0: v128, c1: v128, four: bool): v128 {
  return write(v, withoutGrain(multiplyAdd(read(v, four), c0, multiplyAdd(g, c1, grain()))), four);
}

/** p - rate * step, stored. */
@inline
function move(p: usize, step: v128, rate: v128, four: bool): void {
  write(p, withoutGrain(multiplySubtract(step, rate, f32x4.add(read(p, four), grain()))), four);
}

/** One step of four elements, or of one, without Adam's; their gradients are x times what lies at g, `root` is x times the root of c1. */
@inline
function updateSome(
  method: Method, four: bool, p: usize, v: usize, g: usize, x: v128, root: v128, rate: v128, c0: v128, c2: v128,
): void {
  const row = read(g, four);
  if (method == Method.Sgd) move(p, row, f32x4.mul(x, rate), four);
  else if (method == Method.RmsProp) {
    const square = nextSquare(v, f32x4.mul(row, root), c0, four);
    move(p, f32x4.div(f32x4.mul(row, x), f32x4.add(f32x4.sqrt(square), c2)), rate, four);
  } else {
    const velocity = nextMean(v, row, c0, x, four);
    move(p, method == Method.Momentum ? velocity : multiplyAdd(velocity, c0, f32x4.mul(row, x)), rate, four);
  }
}

/** A few elements one by one. */
function updateLast(
  method: Method, n: i32, p: usize, v: usize, g: usize, x: v128, root: v128, rate: v128, c0: v128, c2: v128,
): void {
  for (const end = p + (<usize>n << 2); p < end; p += 4) {
    updateSome(method, false, p, v, g, x, root, rate, c0, c2);
    v += 4;
    g += 4;
  }
}

/** What the gradients of a row are to be multiplied by. */
@inline
function factor(column: usize): v128 {
  return column ? v128.load32_splat(column) : f32s(1);
}

/** `rows` of n elements, whose gradients are what lies at g times each element of `column`, or 1. */
@inline
function updateRows(method: Method, rows: i32, n: i32, p: usize, v: usize, g: usize, column: usize, rate: v128, c: usize): void {
  const c0 = method == Method.Sgd ? rate : number(c, 0);
  const rootOfC1 = method == Method.RmsProp ? f32x4.sqrt(number(c, 1)) : rate, c2 = method == Method.RmsProp ? number(c, 2) : rate;
  const whole = <usize>(n & ~3) << 2;
  for (; rows > 0; rows--) {
    const x = factor(column), root = f32x4.mul(x, rootOfC1);
    let i: usize = 0;
    for (; i < whole; i += 16) updateSome(method, true, p + i, v + i, g + i, x, root, rate, c0, c2);
    if (n & 3) updateLast(method, n & 3, p + i, v + i, g + i, x, root, rate, c0, c2);
    p += <usize>n << 2;
    v += <usize>n << 2;
    column += 4;
  }
}

/** p - rate * quotient, of what is left of p where it decays. Else it has nothing to become denormal by: steps end long before they are as small. */
@inline
function moveByQuotient(decays: bool, p: usize, quotient: v128, rate: v128, keep: v128, four: bool): void {
  const parameter = read(p, four);
  if (decays) write(p, withoutGrain(multiplySubtract(quotient, rate, multiplyAdd(parameter, keep, grain()))), four);
  else write(p, multiplySubtract(quotient, rate, parameter), four);
}

/**
 * As `updateRows`, for Adam. Roots and quotients take most of the time and can only be made one after the other, so they must never wait for anything:
 * a turn takes the root of its four elements, divides those of the turn before, and moves the parameters of the one before that, and rows follow
 * each other without a break. `dividing` and `moving` are the places of those parameters, 0 before there are any.
 */
@inline
function adamRows(
  decays: bool, rows: i32, n: i32, p: usize, m: usize, v: usize, g: usize, column: usize, stepSize: v128, second: v128, keep: v128, c: usize,
): void {
  const c0 = number(c, 0), c1 = number(c, 1), c3 = number(c, 3), rootOfC4 = f32x4.sqrt(number(c, 4));
  const rate = f32x4.div(stepSize, second), epsilon = f32x4.div(number(c, 2), second);
  let dividend = rate, divisor = rate, quotient = rate;
  let dividing: usize = 0, moving: usize = 0;
  for (; rows > 0; rows--) {
    const x = factor(column);
    const ofMean = f32x4.mul(x, c3), ofRoot = f32x4.mul(x, rootOfC4);
    for (const whole = p + (<usize>(n & ~3) << 2); p < whole; p += 16) {
      const row = v128.load(g);
      const mean = nextMean(m, row, c0, ofMean, true);
      const root = f32x4.sqrt(nextSquare(v, f32x4.mul(row, ofRoot), c1, true));
      if (moving) moveByQuotient(decays, moving, quotient, rate, keep, true);
      quotient = f32x4.div(dividend, divisor);
      moving = dividing;
      dividend = mean;
      divisor = f32x4.add(root, epsilon);
      dividing = p;
      g += 16;
      m += 16;
      v += 16;
    }
    for (const end = p + (<usize>(n & 3) << 2); p < end; p += 4) {
      const row = read(g, false);
      const mean = nextMean(m, row, c0, ofMean, false);
      const root = f32x4.sqrt(nextSquare(v, f32x4.mul(row, ofRoot), c1, false));
      moveByQuotient(decays, p, f32x4.div(mean, f32x4.add(root, epsilon)), rate, keep, false);
      g += 4;
      m += 4;
      v += 4;
    }
    g -= <usize>n << 2;
    column += 4;
  }
  if (moving) moveByQuotient(decays, moving, quotient, rate, keep, true);
  if (dividing) moveByQuotient(decays, dividing, f32x4.div(dividend, divisor), rate, keep, true);
}

/** Shares are whole rows where the gradient is a product, else cut at multiples of 64 bytes. */
function updateAll(
  method: Method, segments: usize, count: i32, c: usize, share: i32, rate: usize, second: usize, keep: usize,
): void {
  const shares = <u64>max(share >> 8, 1), index = <u64>(share & 255);
  const rates = number(rate, 0), seconds = number(second, 0), keeps = number(keep, 0);
  for (; count > 0; count--) {
    const n = load<i32>(segments), column = load<usize>(segments, 20);
    const unit = column ? load<i32>(segments, 24) : 16;
    const units = <u64>((n + unit - 1) / unit);
    const from = <i32>(units * index / shares) * unit;
    const to = min(<i32>(units * (index + 1) / shares) * unit, n);
    const length = column ? unit : to - from, rows = column ? (to - from) / unit : 1;
    const offset = <usize>from << 2;
    const factors = column ? column + (<usize>(from / unit) << 2) : 0;
    const g = load<usize>(segments, 4) + (column ? 0 : offset), p = load<usize>(segments, 8) + offset;
    const m = load<usize>(segments, 12) + offset, v = load<usize>(segments, 16) + offset;
    if (method == Method.Sgd) updateRows(Method.Sgd, rows, length, p, m, g, factors, rates, c);
    else if (method == Method.Momentum) updateRows(Method.Momentum, rows, length, p, m, g, factors, rates, c);
    else if (method == Method.Nesterov) updateRows(Method.Nesterov, rows, length, p, m, g, factors, rates, c);
    else if (method == Method.RmsProp) updateRows(Method.RmsProp, rows, length, p, m, g, factors, rates, c);
    else if (method == Method.Adam) adamRows(false, rows, length, p, m, v, g, factors, rates, seconds, keeps, c);
    else adamRows(true, rows, length, p, m, v, g, factors, rates, seconds, keeps, c);
    segments += ENTRY;
  }
}

/** p -= lr g. */
export function sgd(segments: usize, count: i32, coefficients: usize, share: i32, learningRate: usize): void {
  updateAll(Method.Sgd, segments, count, coefficients, share, learningRate, learningRate, learningRate);
}

/** v = momentum v + g, p -= lr v. Coefficients: momentum. */
export function sgdMomentum(segments: usize, count: i32, coefficients: usize, share: i32, learningRate: usize): void {
  updateAll(Method.Momentum, segments, count, coefficients, share, learningRate, learningRate, learningRate);
}

/** v = momentum v + g, p -= lr (g + momentum v). Coefficients: momentum. */
export function sgdNesterov(segments: usize, count: i32, coefficients: usize, share: i32, learningRate: usize): void {
  updateAll(Method.Nesterov, segments, count, coefficients, share, learningRate, learningRate, learningRate);
}

/** v = decay v + (1 - decay) g^2, p -= lr g / (sqrt(v) + epsilon) (Tieleman and Hinton, 2012). Coefficients: decay, 1 - decay, epsilon. */
export function rmsProp(segments: usize, count: i32, coefficients: usize, share: i32, learningRate: usize): void {
  updateAll(Method.RmsProp, segments, count, coefficients, share, learningRate, learningRate, learningRate);
}

/**
 * m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2, p -= (stepSize / secondScale) m / (sqrt(v) + epsilon / secondScale), where
 * stepSize = lr / (1 - beta1^t) and secondScale = 1 / sqrt(1 - beta2^t) (Kingma and Ba, 2015, algorithm 1).
 * Coefficients: beta1, beta2, epsilon, 1 - beta1, 1 - beta2.
 */
export function adam(
  segments: usize, count: i32, coefficients: usize, share: i32, stepSize: usize, secondScale: usize,
): void {
  updateAll(Method.Adam, segments, count, coefficients, share, stepSize, secondScale, stepSize);
}

/** As `adam`, but p = keep p - (stepSize / secondScale) m / (sqrt(v) + epsilon / secondScale) (Loshchilov and Hutter, 2019, algorithm 2). */
export function adamW(
  segments: usize, count: i32, coefficients: usize, share: i32, stepSize: usize, secondScale: usize, keep: usize,
): void {
  updateAll(Method.AdamW, segments, count, coefficients, share, stepSize, secondScale, keep);
}
