/** Gauss-Hermite quadrature for expectations over a standard normal variable. */
import { requireKind } from "../arguments.ts";

/** E[f(Z)] is about the sum of weights[i] f(nodes[i]). */
export interface Quadrature {
  /** Ascending. */
  readonly nodes: Float64Array;
  /** Positive, of sum 1. */
  readonly weights: Float64Array;
}

const MOST = 256;

/**
 * The rule of `count` nodes for Z ~ N(0, 1), exact for polynomials of degree 2 count - 1.
 *
 * @throws TypeError when `count` is no number, RangeError when it is not a whole one from 1 to 256.
 */
export function gaussHermite(count: number): Quadrature {
  requireKind("count", count, "Number");
  if (!(Number.isInteger(count) && count >= 1 && count <= MOST)) {
    throw new RangeError(`"count" expected a whole number from 1 to ${MOST}, got ${count}`);
  }
  const nodes = new Float64Array(count);
  const weights = new Float64Array(count);
  for (let i = 0; i < Math.ceil(count / 2); i++) {
    const x = 2 * i + 1 === count ? 0 : root(count, i);
    const { before } = polynomials(count, x);
    nodes[i] = -x;
    nodes[count - 1 - i] = x;
    weights[i] = weights[count - 1 - i] = 1 / (count * before * before);
  }
  return { nodes, weights };
}

/** The orthonormal Hermite polynomials of degree `count` and one less at x, and how many roots of the first lie above x. */
function polynomials(count: number, x: number): { value: number; before: number; above: number } {
  let [before, value, above] = [0, 1, 0];
  for (let k = 0; k < count; k++) {
    [before, value] = [value, (x * value - Math.sqrt(k) * before) / Math.sqrt(k + 1)];
    if (value === 0 ? before < 0 : value < 0 !== before < 0 && before !== 0) above++;
  }
  return { value, before, above };
}

/** The root with `rank` others above it: bisected by the sign changes of the sequence (Sturm), then by Newton's steps. */
function root(count: number, rank: number): number {
  let [low, high] = [0, 2 * Math.sqrt(count) + 1];
  while (high - low > 1e-4) {
    const middle = (low + high) / 2;
    if (polynomials(count, middle).above > rank) low = middle;
    else high = middle;
  }
  let x = (low + high) / 2;
  for (let step = 0; step < 4; step++) {
    const { value, before } = polynomials(count, x);
    x -= value / (Math.sqrt(count) * before);
  }
  return x;
}
