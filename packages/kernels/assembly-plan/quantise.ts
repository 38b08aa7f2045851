/** Numbers to the int8 that a network in integers is given: `docs/integer.md`. */

/**
 * y = round(x / scale) + zero in float64, halves to the even integer, within int8, of the first `length` floats.
 *
 * @returns `length`, or 0 where one of them is not finite
 */
export function quantise(x: usize, y: usize, length: i32, scale: f64, zero: f64): i32 {
  let apart = i32x4.splat(0);
  for (const end = y + <usize>(length & -2); y < end; x += 8, y += 2) {
    const two = v128.load64_zero(x);
    apart = v128.or(apart, notFinite(two));
    v128.store16_lane(y, inBytes(two, scale, zero), 0);
  }
  if (length & 1) {
    const last = v128.load32_zero(x);
    apart = v128.or(apart, notFinite(last));
    v128.store8_lane(y, inBytes(last, scale, zero), 0);
  }
  return v128.any_true(apart) ? 0 : length;
}

@inline
function notFinite(x: v128): v128 {
  return f32x4.ne(f32x4.sub(x, x), f32x4.splat(0));
}

/** Of the first two floats, in the first two bytes. */
@inline
function inBytes(x: v128, scale: f64, zero: f64): v128 {
  const steps = f64x2.nearest(f64x2.div(f64x2.promote_low_f32x4(x), f64x2.splat(scale)));
  const whole = i32x4.trunc_sat_f64x2_s_zero(f64x2.add(steps, f64x2.splat(zero)));
  const words = i16x8.narrow_i32x4_s(whole, whole);
  return i8x16.narrow_i16x8_s(words, words);
}
