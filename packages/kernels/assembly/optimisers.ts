/**
 * Optimisers, each one pass in place over all parameters. `segments` points at `count` entries of seven int32: the number of elements, the
 * addresses of gradient, parameter and slots, and, where the gradient is the product of a column and a row, the address of the column and the
 * length of the row, which then is what the gradient's address leads to; else two zeros.
 * What a schedule changes is read from memory, and so are `coefficients`.
 * `share`, 256 s + i, means the i-th of s shares of every segment; 0 all of it.
 *
 * What decays never becomes denormal, as that would slow down the steps that read it: below 2^-120 it becomes 0. An average of squares ends at 2^-120,
 * from where no decay of 1/64 or more leads to a denormal number: to hold it there takes one instruction, and 0 would take two.
 */
import { f32s } from "./simd";

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

@inline
function put(address: usize, x: v128, four: bool): v128 {
  if (four) v128.store(address, x);
  else v128.store_lane<u32>(address, x, 0);
  return x;
}

/** Stores four elements, or one, 0 instead of what is below `least`; NaN stays. `magnitude` is the mask of |x|. */
@inline
function write(address: usize, x: v128, four: bool, magnitude: v128, least: v128): v128 {
  return put(address, v128.andnot(x, f32x4.lt(v128.and(x, magnitude), least)), four);
}

/** v = c0 v + c1 g^2, at least `least`, stored. */
@inline
function nextSquare(v: usize, gradient: v128, c0: v128, c1: v128, four: bool, least: v128): v128 {
  const square = f32x4.mul(f32x4.mul(gradient, gradient), c1);
  return put(v, f32x4.pmax(f32x4.add(f32x4.mul(read(v, four), c0), square), least), four);
}

/** v = c0 v + g, stored. */
@inline
function nextVelocity(v: usize, gradient: v128, c0: v128, four: bool, magnitude: v128, least: v128): v128 {
  return write(v, f32x4.add(f32x4.mul(read(v, four), c0), gradient), four, magnitude, least);
}

/** One step of four elements, or of one, without Adam's. */
@inline
function updateSome(
  method: Method, four: bool, p: usize, v: usize, g: usize, x: v128, rate: v128, c0: v128, c1: v128, c2: v128,
  magnitude: v128, least: v128,
): void {
  const gradient = f32x4.mul(read(g, four), x);
  let step = gradient;
  if (method == Method.RmsProp) {
    step = f32x4.div(gradient, f32x4.add(f32x4.sqrt(nextSquare(v, gradient, c0, c1, four, least)), c2));
  } else if (method != Method.Sgd) {
    const velocity = nextVelocity(v, gradient, c0, four, magnitude, least);
    step = method == Method.Momentum ? velocity : f32x4.add(gradient, f32x4.mul(velocity, c0));
  }
  write(p, f32x4.sub(read(p, four), f32x4.mul(rate, step)), four, magnitude, least);
}

/** A few elements one by one. */
function updateLast(
  method: Method, n: i32, p: usize, v: usize, g: usize, x: v128, rate: v128, c0: v128, c1: v128, c2: v128, magnitude: v128, least: v128,
): void {
  for (const end = p + (<usize>n << 2); p < end; p += 4) {
    updateSome(method, false, p, v, g, x, rate, c0, c1, c2, magnitude, least);
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
function updateRows(
  method: Method, rows: i32, n: i32, p: usize, v: usize, g: usize, column: usize, rate: v128, c: usize, magnitude: v128, least: v128,
): void {
  const c0 = method == Method.Sgd ? rate : number(c, 0);
  const c1 = method == Method.RmsProp ? number(c, 1) : rate, c2 = method == Method.RmsProp ? number(c, 2) : rate;
  const whole = <usize>(n & ~3) << 2;
  for (; rows > 0; rows--) {
    const x = factor(column);
    let i: usize = 0;
    for (; i < whole; i += 16) updateSome(method, true, p + i, v + i, g + i, x, rate, c0, c1, c2, magnitude, least);
    if (n & 3) updateLast(method, n & 3, p + i, v + i, g + i, x, rate, c0, c1, c2, magnitude, least);
    p += <usize>n << 2;
    v += <usize>n << 2;
    column += 4;
  }
}

/** m = c0 m + c1 g, stored. */
@inline
function nextMean(m: usize, gradient: v128, c0: v128, c1: v128, four: bool, magnitude: v128, least: v128): v128 {
  return write(m, f32x4.add(f32x4.mul(read(m, four), c0), f32x4.mul(gradient, c1)), four, magnitude, least);
}

/** p - step, of what is left of p where it decays. Else it has nothing to become denormal by: steps end long before they are as small. */
@inline
function move(decays: bool, p: usize, step: v128, keep: v128, four: bool, magnitude: v128, least: v128): void {
  const parameter = read(p, four);
  if (decays) write(p, f32x4.sub(f32x4.mul(parameter, keep), step), four, magnitude, least);
  else put(p, f32x4.sub(parameter, step), four);
}

/**
 * As `updateRows`, for Adam. Roots and quotients take most of the time and can only be made one after the other, so they must never wait for anything:
 * a turn takes the root of its four elements, divides those of the turn before, and moves the parameters of the one before that, and rows follow
 * each other without a break. `dividing` and `moving` are the places of those parameters, 0 before there are any.
 */
@inline
function adamRows(
  decays: bool, rows: i32, n: i32, p: usize, m: usize, v: usize, g: usize, column: usize, stepSize: v128, second: v128, keep: v128, c: usize,
  magnitude: v128, least: v128,
): void {
  const c0 = number(c, 0), c1 = number(c, 1), c3 = number(c, 3), c4 = number(c, 4);
  const rate = f32x4.div(stepSize, second), epsilon = f32x4.div(number(c, 2), second);
  let scaled = rate, root = rate, step = rate;
  let dividing: usize = 0, moving: usize = 0;
  for (; rows > 0; rows--) {
    const x = factor(column);
    for (const whole = p + (<usize>(n & ~3) << 2); p < whole; p += 16) {
      const gradient = f32x4.mul(v128.load(g), x);
      const mean = nextMean(m, gradient, c0, c3, true, magnitude, least);
      const rootOfSquare = f32x4.sqrt(nextSquare(v, gradient, c1, c4, true, least));
      if (moving) move(decays, moving, step, keep, true, magnitude, least);
      step = f32x4.div(scaled, root);
      moving = dividing;
      scaled = f32x4.mul(mean, rate);
      root = f32x4.add(rootOfSquare, epsilon);
      dividing = p;
      g += 16;
      m += 16;
      v += 16;
    }
    for (const end = p + (<usize>(n & 3) << 2); p < end; p += 4) {
      const gradient = f32x4.mul(read(g, false), x);
      const mean = nextMean(m, gradient, c0, c3, false, magnitude, least);
      const rootOfSquare = f32x4.sqrt(nextSquare(v, gradient, c1, c4, false, least));
      move(decays, p, f32x4.div(f32x4.mul(mean, rate), f32x4.add(rootOfSquare, epsilon)), keep, false, magnitude, least);
      g += 4;
      m += 4;
      v += 4;
    }
    g -= <usize>n << 2;
    column += 4;
  }
  if (moving) move(decays, moving, step, keep, true, magnitude, least);
  if (dividing) move(decays, dividing, f32x4.div(scaled, root), keep, true, magnitude, least);
}

/** Shares are whole rows where the gradient is a product, else cut at multiples of 64 bytes. */
function updateAll(
  method: Method, segments: usize, count: i32, c: usize, share: i32, rate: usize, second: usize, keep: usize,
): void {
  const shares = <u64>max(share >> 8, 1), index = <u64>(share & 255);
  const rates = number(rate, 0), seconds = number(second, 0), keeps = number(keep, 0);
  // Of what is not known to be constant, as engines make constants anew wherever they are used.
  const zero = share >> 31;
  const magnitude = i32x4.splat(zero + 0x7fffffff), least = i32x4.splat(zero + 0x03800000);
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
    if (method == Method.Sgd) updateRows(Method.Sgd, rows, length, p, m, g, factors, rates, c, magnitude, least);
    else if (method == Method.Momentum) updateRows(Method.Momentum, rows, length, p, m, g, factors, rates, c, magnitude, least);
    else if (method == Method.Nesterov) updateRows(Method.Nesterov, rows, length, p, m, g, factors, rates, c, magnitude, least);
    else if (method == Method.RmsProp) updateRows(Method.RmsProp, rows, length, p, m, g, factors, rates, c, magnitude, least);
    else if (method == Method.Adam) adamRows(false, rows, length, p, m, v, g, factors, rates, seconds, keeps, c, magnitude, least);
    else adamRows(true, rows, length, p, m, v, g, factors, rates, seconds, keeps, c, magnitude, least);
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
