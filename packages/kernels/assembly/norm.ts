/** Euclidean norms. Squares are float64, where those of float32 numbers neither overflow nor vanish. */
import { loadPart } from "./simd";

@inline
function squareLow(x: v128): v128 {
  const wide = f64x2.promote_low_f32x4(x);
  return f64x2.mul(wide, wide);
}

@inline
function squareHigh(x: v128): v128 {
  return squareLow(v128.shuffle<i64>(x, x, 1, 1));
}

/** y[0] = sqrt(sum x^2) of n floats, rounded once from float64; not finite when an element is not. */
export function euclideanNorm(x: usize, y: usize, n: i32): void {
  let s0 = f64x2.splat(0), s1 = f64x2.splat(0), s2 = f64x2.splat(0), s3 = f64x2.splat(0);
  const whole = x + (<usize>(n & ~7) << 2);
  for (; x != whole; x += 32) {
    const a = v128.load(x);
    const b = v128.load(x, 16);
    s0 = f64x2.add(s0, squareLow(a));
    s1 = f64x2.add(s1, squareHigh(a));
    s2 = f64x2.add(s2, squareLow(b));
    s3 = f64x2.add(s3, squareHigh(b));
  }
  let left = n & 7;
  if (left >= 4) {
    const a = v128.load(x);
    s0 = f64x2.add(s0, squareLow(a));
    s1 = f64x2.add(s1, squareHigh(a));
    x += 16;
    left -= 4;
  }
  if (left) {
    const a = loadPart(x, left);
    s2 = f64x2.add(s2, squareLow(a));
    s3 = f64x2.add(s3, squareHigh(a));
  }
  const sum = f64x2.add(f64x2.add(s0, s2), f64x2.add(s1, s3));
  store<f32>(y, <f32>Math.sqrt(f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1)));
}
