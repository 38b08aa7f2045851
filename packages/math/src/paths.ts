import { requireSameLength } from "./vectors.ts";

/** A point on the way from one code to another: `a` at t = 0, `b` at t = 1. */
export type Path = (a: ArrayLike<number>, b: ArrayLike<number>, t: number) => Float64Array;

/**
 * The straight way, (1 - t) a + t b. Between codes far from the origin it passes nearer to it than draws of N(0, I) in many
 * dimensions ever come.
 *
 * @throws RangeError vectors of different lengths
 */
export function interpolateLinear(a: ArrayLike<number>, b: ArrayLike<number>, t: number): Float64Array {
  requireSameLength("b", b, a.length);
  return Float64Array.from(a, (value, i) => (1 - t) * value + t * b[i]!);
}

/**
 * Along the arc (Shoemake 1985), sin((1 - t) w) / sin(w) a + sin(t w) / sin(w) b with w the angle between a and b: the
 * length changes from that of a to that of b without a dip. Between vectors of one or of opposite direction there is no
 * one arc, and the way is straight.
 *
 * @throws RangeError vectors of different lengths
 */
export function interpolateSpherical(a: ArrayLike<number>, b: ArrayLike<number>, t: number): Float64Array {
  requireSameLength("b", b, a.length);
  const w = angleBetween(a, b);
  const sine = Math.sin(w);
  if (!(sine > 1e-6)) return interpolateLinear(a, b, t);
  const [fromA, fromB] = [Math.sin((1 - t) * w) / sine, Math.sin(t * w) / sine];
  return Float64Array.from(a, (value, i) => fromA * value + fromB * b[i]!);
}

/** In radians; 0 where a vector is zero. */
function angleBetween(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [aa, ab, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    aa += a[i]! * a[i]!;
    ab += a[i]! * b[i]!;
    bb += b[i]! * b[i]!;
  }
  if (aa === 0 || bb === 0) return 0;
  return Math.acos(Math.min(1, Math.max(-1, ab / Math.sqrt(aa * bb))));
}
