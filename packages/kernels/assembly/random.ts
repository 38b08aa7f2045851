/**
 * Philox 4x32-10 (Salmon et al., SC 2011), four blocks at once, and Box-Muller normals: the bits of `randomUniform` and `randomNormal`
 * in @isthmus/math, whose every float operation is repeated here in its order.
 */
import { choose, f32s, storePart } from "./simd";

/** a * b + c, rounded twice, in the relaxed build, too. */
@inline
function mulAdd(a: v128, b: v128, c: v128): v128 {
  return f32x4.add(f32x4.mul(a, b), c);
}

/** High words of four unsigned products. */
@inline
function highOf(low: v128, high: v128): v128 {
  return v128.shuffle<i32>(low, high, 1, 3, 5, 7);
}

@inline
function lowOf(low: v128, high: v128): v128 {
  return v128.shuffle<i32>(low, high, 0, 2, 4, 6);
}

/** ((word >>> 9) + 1/2) 2^-23, exactly. */
@inline
function unit(word: v128): v128 {
  const odd = v128.or(i32x4.shl(i32x4.shr_u(word, 9), 1), i32x4.splat(1));
  return f32x4.mul(f32x4.convert_i32x4_s(odd), f32s(5.9604644775390625e-8));
}

/** ln u for 0 < u < 1, as `lnUnit`. */
@inline
function lnUnit(u: v128): v128 {
  const shifted = i32x4.add(u, i32x4.splat(0x3f800000 - 0x3f3504f3));
  const e = f32x4.convert_i32x4_s(i32x4.sub(i32x4.shr_s(shifted, 23), i32x4.splat(127)));
  const m = i32x4.add(v128.and(shifted, i32x4.splat(0x7fffff)), i32x4.splat(0x3f3504f3));
  const f = f32x4.sub(m, f32s(1));
  const s = f32x4.div(f, f32x4.add(f32s(2), f));
  const z = f32x4.mul(s, s);
  const remainder = f32x4.mul(z, mulAdd(mulAdd(f32s(0.2993861), z, f32s(0.39975202)), z, f32s(0.66666794)));
  const halfSquare = f32x4.mul(f32x4.mul(f32s(0.5), f), f);
  const correction = mulAdd(s, f32x4.add(halfSquare, remainder), f32x4.mul(e, f32s(1.4286068e-6)));
  return mulAdd(e, f32s(0.693145751953125), f32x4.add(f32x4.sub(correction, halfSquare), f));
}

/** sin(pi t / 2) / t in w = t^2. */
@inline
function sinQuarterOver(w: v128): v128 {
  return mulAdd(mulAdd(mulAdd(f32s(-0.0046105594), w, f32s(0.07968582)), w, f32s(-0.6459645)), w, f32s(1.5707964));
}

/** cos(pi t / 2) in w = t^2. */
@inline
function cosQuarter(w: v128): v128 {
  const tail = mulAdd(mulAdd(f32s(0.0008970078), w, f32s(-0.02085643)), w, f32s(0.2536686));
  return mulAdd(mulAdd(tail, w, f32s(-1.2337005)), w, f32s(1));
}

/** Bit 1 of each lane moved to the sign. */
@inline
function signFrom(quadrant: v128): v128 {
  return i32x4.shl(v128.and(quadrant, i32x4.splat(2)), 30);
}

/** 2 pi u of the angle word in quarters of a turn: the nearest whole number of them. */
@inline
function quadrantOf(k: v128): v128 {
  return i32x4.shr_u(i32x4.add(k, i32x4.splat(0x100000)), 21);
}

/** What is left of the angle, in [-1/2, 1/2) quarters. */
@inline
function remainderOf(k: v128, quadrant: v128): v128 {
  const twice = i32x4.shl(i32x4.sub(k, i32x4.shl(quadrant, 21)), 1);
  return f32x4.mul(f32x4.convert_i32x4_s(i32x4.add(twice, i32x4.splat(1))), f32s(2.384185791015625e-7));
}

/** r cos or r sin of the angle (`quarter` = 0 or 1 quarters behind). */
@inline
function boxMuller(r: v128, quadrant: v128, c: v128, s: v128, sine: bool): v128 {
  const odd = i32x4.ne(v128.and(quadrant, i32x4.splat(1)), i32x4.splat(0));
  const value = sine ? choose(odd, c, s) : choose(odd, s, c);
  const turned = sine ? quadrant : i32x4.add(quadrant, i32x4.splat(1));
  return f32x4.mul(r, v128.xor(value, signFrom(turned)));
}

/** Writes sixteen floats (a 4x4 transpose of a, b, c, d), or only the first `count` of them. */
@inline
function storeBlocks(y: usize, a: v128, b: v128, c: v128, d: v128, count: i32): void {
  const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
  const ef = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  const gh = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  storeUpTo(y, v128.shuffle<i64>(ab, cd, 0, 2), count);
  storeUpTo(y + 16, v128.shuffle<i64>(ab, cd, 1, 3), count - 4);
  storeUpTo(y + 32, v128.shuffle<i64>(ef, gh, 0, 2), count - 8);
  storeUpTo(y + 48, v128.shuffle<i64>(ef, gh, 1, 3), count - 12);
}

@inline
function storeUpTo(y: usize, value: v128, count: i32): void {
  if (count >= 4) v128.store(y, value);
  else if (count > 0) storePart(y, value, count);
}

/** Both kinds in one function: its size is that of the generator. */
function random(normal: bool, y: usize, n: i32, seedPtr: usize, stepPtr: usize, stream: i32, block: i32): void {
  const m0 = i32x4.splat(0xd2511f53);
  const m1 = i32x4.splat(0xcd9e8d57);
  let blocks = i32x4.add(i32x4.splat(block), i32x4(0, 1, 2, 3));
  for (let left = n; left > 0; left -= 16) {
    let c0 = blocks;
    let c1 = v128.load32_splat(stepPtr);
    let c2 = v128.load32_splat(stepPtr, 4);
    let c3 = i32x4.splat(stream);
    let k0 = v128.load32_splat(seedPtr);
    let k1 = v128.load32_splat(seedPtr, 4);
    for (let round = 0; round < 10; round++) {
      const low0 = i64x2.extmul_low_i32x4_u(m0, c0);
      const high0 = i64x2.extmul_high_i32x4_u(m0, c0);
      const low1 = i64x2.extmul_low_i32x4_u(m1, c2);
      const high1 = i64x2.extmul_high_i32x4_u(m1, c2);
      c0 = v128.xor(v128.xor(highOf(low1, high1), c1), k0);
      c1 = lowOf(low1, high1);
      c2 = v128.xor(v128.xor(highOf(low0, high0), c3), k1);
      c3 = lowOf(low0, high0);
      k0 = i32x4.add(k0, i32x4.splat(0x9e3779b9));
      k1 = i32x4.add(k1, i32x4.splat(0xbb67ae85));
    }
    if (normal) {
      const r0 = f32x4.sqrt(f32x4.mul(f32s(-2), lnUnit(unit(c0))));
      const a0 = i32x4.shr_u(c1, 9);
      const q0 = quadrantOf(a0);
      const t0 = remainderOf(a0, q0);
      const cos0 = cosQuarter(f32x4.mul(t0, t0));
      const sin0 = f32x4.mul(t0, sinQuarterOver(f32x4.mul(t0, t0)));
      const r1 = f32x4.sqrt(f32x4.mul(f32s(-2), lnUnit(unit(c2))));
      const a1 = i32x4.shr_u(c3, 9);
      const q1 = quadrantOf(a1);
      const t1 = remainderOf(a1, q1);
      const cos1 = cosQuarter(f32x4.mul(t1, t1));
      const sin1 = f32x4.mul(t1, sinQuarterOver(f32x4.mul(t1, t1)));
      c0 = boxMuller(r0, q0, cos0, sin0, false);
      c1 = boxMuller(r0, q0, cos0, sin0, true);
      c2 = boxMuller(r1, q1, cos1, sin1, false);
      c3 = boxMuller(r1, q1, cos1, sin1, true);
    } else {
      c0 = unit(c0);
      c1 = unit(c1);
      c2 = unit(c2);
      c3 = unit(c3);
    }
    storeBlocks(y, c0, c1, c2, c3, left);
    y += 64;
    blocks = i32x4.add(blocks, i32x4.splat(4));
  }
}

/** Uniform floats in (0, 1) from block `block` (of four) on; `seedPtr` and `stepPtr` point at [low, high] words, `stream` is a name's hash. */
export function randomUniform(y: usize, n: i32, seedPtr: usize, stepPtr: usize, stream: i32, block: i32): void {
  random(false, y, n, seedPtr, stepPtr, stream, block);
}

/** Standard normal floats; arguments as `randomUniform`. */
export function randomNormal(y: usize, n: i32, seedPtr: usize, stepPtr: usize, stream: i32, block: i32): void {
  random(true, y, n, seedPtr, stepPtr, stream, block);
}
