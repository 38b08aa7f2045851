/** Adam (Kingma and Ba, 2015, algorithm 1) in one pass over the parameters. */
import { f32s, loadPart, storePart } from "./simd";

/**
 * m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2, p -= stepSize m / (sqrt(v) secondScale + epsilon), in place.
 * `stepSize` = lr / (1 - beta1^t) and `secondScale` = 1 / sqrt(1 - beta2^t) are read from memory.
 */
export function adam(
  p: usize, m: usize, v: usize, g: usize, n: i32, stepSizePtr: usize, secondScalePtr: usize,
  beta1: f32, beta2: f32, epsilon: f32, oneMinusBeta1: f32, oneMinusBeta2: f32,
): void {
  const stepSize = v128.load32_splat(stepSizePtr);
  const secondScale = v128.load32_splat(secondScalePtr);
  const b1 = f32x4.splat(beta1);
  const b2 = f32x4.splat(beta2);
  const c1 = f32x4.splat(oneMinusBeta1);
  const c2 = f32x4.splat(oneMinusBeta2);
  const eps = f32x4.splat(epsilon);
  const whole = <usize>(n & ~3) << 2;
  for (let i: usize = 0; i < whole; i += 16) {
    const gradient = v128.load(g + i);
    const first = f32x4.add(f32x4.mul(v128.load(m + i), b1), f32x4.mul(gradient, c1));
    const second = f32x4.add(f32x4.mul(v128.load(v + i), b2), f32x4.mul(f32x4.mul(gradient, gradient), c2));
    const scale = f32x4.add(f32x4.mul(f32x4.sqrt(second), secondScale), eps);
    v128.store(m + i, first);
    v128.store(v + i, second);
    v128.store(p + i, f32x4.sub(v128.load(p + i), f32x4.div(f32x4.mul(first, stepSize), scale)));
  }
  const rest = n & 3;
  if (!rest) return;
  const gradient = loadPart(g + whole, rest);
  const first = f32x4.add(f32x4.mul(loadPart(m + whole, rest), b1), f32x4.mul(gradient, c1));
  const second = f32x4.add(
    f32x4.mul(loadPart(v + whole, rest), b2), f32x4.mul(f32x4.mul(gradient, gradient), c2),
  );
  const scale = f32x4.add(f32x4.mul(f32x4.sqrt(second), secondScale), eps);
  storePart(m + whole, first, rest);
  storePart(v + whole, second, rest);
  storePart(p + whole, f32x4.sub(loadPart(p + whole, rest), f32x4.div(f32x4.mul(first, stepSize), scale)), rest);
}
