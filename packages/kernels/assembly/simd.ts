/** Lanes past the end: a vector of four is read or written with only the first `count` (1 to 3) lanes touching memory. */

@inline
export function f32s(value: f32): v128 {
  return f32x4.splat(value);
}

/** All ones in the first `count` lanes, or in all four. */
@inline
export function firstLanes(count: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count));
}

/** (x0 + x2) + (x1 + x3), in all lanes. */
@inline
export function sumOfLanes(x: v128): v128 {
  const pairs = f32x4.add(x, v128.shuffle<i32>(x, x, 2, 3, 2, 3));
  return f32s(f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1));
}

/** The other lanes are zero. */
@inline
export function loadPart(address: usize, count: i32): v128 {
  if (count == 1) return v128.load32_zero(address);
  const pair = v128.load64_zero(address);
  return count == 2 ? pair : v128.load_lane<u32>(address, pair, 2, 8);
}

@inline
export function storePart(address: usize, value: v128, count: i32): void {
  if (count == 1) {
    v128.store_lane<u32>(address, value, 0);
    return;
  }
  v128.store_lane<u64>(address, value, 0);
  if (count == 3) v128.store_lane<u32>(address, value, 2, 8);
}

/** As `loadPart`, and whole vectors, too: long formulas are not written twice for the sake of their last lanes. */
@inline
export function loadUpTo(address: usize, count: i32): v128 {
  return count > 3 ? v128.load(address) : loadPart(address, count);
}

@inline
export function storeUpTo(address: usize, value: v128, count: i32): void {
  if (count > 3) v128.store(address, value);
  else storePart(address, value, count);
}

/** Where `condition` is all ones take `yes`, where it is zero take `no`. */
@inline
export function choose(condition: v128, yes: v128, no: v128): v128 {
  return v128.bitselect(yes, no, condition);
}

/** a * b + c: one rounding where the machine has the instruction (relaxed build), else two. */
@inline
export function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(c, f32x4.mul(a, b));
}

/** c - a * b, rounded as `multiplyAdd` is. */
@inline
export function multiplySubtract(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_nmadd(a, b, c);
  return f32x4.sub(c, f32x4.mul(a, b));
}
