/**
 * Optimisers, each one pass in place over all parameters. `segments` points at `count` entries of five int32: the number of elements, and
 * the addresses of gradient, parameter and slots. What a schedule changes is read from memory, and so are `coefficients`.
 * `share`, 256 s + i, means the i-th of s shares of every segment; 0 all of it.
 *
 * Nothing denormal is stored: below 2^-126 it becomes 0, so that what decays does not slow down the steps that read it.
 */

const enum Method { Sgd, Momentum, Nesterov, RmsProp, Adam, AdamW }

/** By integers, so that NaN stays. */
@inline
function flush(x: v128): v128 {
  return v128.and(x, i32x4.gt_s(v128.and(x, i32x4.splat(0x7fffffff)), i32x4.splat(0x007fffff)));
}

@inline
function number(address: usize, index: usize): v128 {
  return v128.load32_splat(address + (index << 2));
}

/** Four elements, or one in all lanes. */
@inline
function read(address: usize, four: bool): v128 {
  return four ? v128.load(address) : v128.load32_splat(address);
}

/** Flushes and stores four elements, or one. */
@inline
function write(address: usize, value: v128, four: bool): v128 {
  const next = flush(value);
  if (four) v128.store(address, next);
  else v128.store_lane<u32>(address, next, 0);
  return next;
}

/** Four elements, or one. `rate`, `second` and `keep` are what the schedule feeds, c0 to c4 the coefficients. */
@inline
function updateSome(
  method: Method, four: bool, p: usize, m: usize, v: usize, g: usize, rate: v128, second: v128, keep: v128,
  c0: v128, c1: v128, c2: v128, c3: v128, c4: v128,
): void {
  const gradient = read(g, four);
  let parameter = read(p, four);
  let step = gradient;
  if (method == Method.Momentum || method == Method.Nesterov) {
    const velocity = write(m, f32x4.add(f32x4.mul(read(m, four), c0), gradient), four);
    step = method == Method.Momentum ? velocity : f32x4.add(gradient, f32x4.mul(velocity, c0));
  }
  if (method == Method.RmsProp) {
    const square = f32x4.mul(f32x4.mul(gradient, gradient), c1);
    const next = write(m, f32x4.add(f32x4.mul(read(m, four), c0), square), four);
    step = f32x4.div(gradient, f32x4.add(f32x4.sqrt(next), c2));
  }
  if (method < Method.Adam) step = f32x4.mul(rate, step);
  else {
    const square = f32x4.mul(f32x4.mul(gradient, gradient), c4);
    const first = write(m, f32x4.add(f32x4.mul(read(m, four), c0), f32x4.mul(gradient, c3)), four);
    const next = write(v, f32x4.add(f32x4.mul(read(v, four), c1), square), four);
    step = f32x4.div(f32x4.mul(first, rate), f32x4.add(f32x4.mul(f32x4.sqrt(next), second), c2));
  }
  if (method == Method.AdamW) parameter = f32x4.mul(parameter, keep);
  write(p, f32x4.sub(parameter, step), four);
}

/** n elements, the last n mod 4 one by one. */
@inline
function update(
  method: Method, p: usize, m: usize, v: usize, g: usize, n: i32, rate: v128, second: v128, keep: v128, c: usize,
): void {
  const c0 = method == Method.Sgd ? rate : number(c, 0);
  const c1 = method < Method.RmsProp ? rate : number(c, 1), c2 = method < Method.RmsProp ? rate : number(c, 2);
  const c3 = method < Method.Adam ? rate : number(c, 3), c4 = method < Method.Adam ? rate : number(c, 4);
  const whole = <usize>(n & ~3) << 2;
  let i: usize = 0;
  for (; i < whole; i += 16) updateSome(method, true, p + i, m + i, v + i, g + i, rate, second, keep, c0, c1, c2, c3, c4);
  for (const end = <usize>n << 2; i < end; i += 4) {
    updateSome(method, false, p + i, m + i, v + i, g + i, rate, second, keep, c0, c1, c2, c3, c4);
  }
}

/** Segments are cut at multiples of 64 bytes. */
@inline
function updateAll(
  method: Method, segments: usize, count: i32, coefficients: usize, share: i32, rate: usize, second: usize, keep: usize,
): void {
  const shares = <u64>max(share >> 8, 1), index = <u64>(share & 255);
  const rates = number(rate, 0), seconds = number(second, 0), keeps = number(keep, 0);
  for (; count > 0; count--) {
    const n = load<i32>(segments);
    const lines = <u64>((n + 15) >> 4);
    const from = <i32>(lines * index / shares) << 4;
    const to = min(<i32>(lines * (index + 1) / shares) << 4, n);
    const offset = <usize>from << 2;
    const g = <usize>load<u32>(segments, 4) + offset, p = <usize>load<u32>(segments, 8) + offset;
    const m = <usize>load<u32>(segments, 12) + offset, v = <usize>load<u32>(segments, 16) + offset;
    update(method, p, m, v, g, to - from, rates, seconds, keeps, coefficients);
    segments += 20;
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
 * m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2, p -= stepSize m / (sqrt(v) secondScale + epsilon), where
 * stepSize = lr / (1 - beta1^t) and secondScale = 1 / sqrt(1 - beta2^t) (Kingma and Ba, 2015, algorithm 1).
 * Coefficients: beta1, beta2, epsilon, 1 - beta1, 1 - beta2.
 */
export function adam(
  segments: usize, count: i32, coefficients: usize, share: i32, stepSize: usize, secondScale: usize,
): void {
  updateAll(Method.Adam, segments, count, coefficients, share, stepSize, secondScale, stepSize);
}

/** As `adam`, but p = keep p - stepSize m / (sqrt(v) secondScale + epsilon) (Loshchilov and Hutter, 2019, algorithm 2). */
export function adamW(
  segments: usize, count: i32, coefficients: usize, share: i32, stepSize: usize, secondScale: usize, keep: usize,
): void {
  updateAll(Method.AdamW, segments, count, coefficients, share, stepSize, secondScale, keep);
}
