import type { EbNo } from "./units.ts";

/** Nodes in [0, 1] and weights of Gauss and Legendre's rule of 8 points, symmetric about 1/2. */
const NODES = [0.1834346424956498, 0.525532409916329, 0.7966664774136267, 0.9602898564975363] as const;
const WEIGHTS = [0.362683783378362, 0.3137066458778873, 0.2223810344533745, 0.1012285362903763] as const;

/**
 * The integral of a smooth function that does not change its sign, from a to b, to about 1e-14 of its value: intervals are
 * halved while that changes the result.
 */
export function integrate(f: (x: number) => number, a: number, b: number): number {
  const pieces = 8;
  const ends = Array.from({ length: pieces + 1 }, (_, i) => a + ((b - a) * i) / pieces);
  const first = ends.slice(1).map((end, i) => rule(f, ends[i]!, end));
  const scale = Math.abs(first.reduce((sum, one) => sum + one, 0));
  return first.reduce((sum, whole, i) => sum + refine(f, ends[i]!, ends[i + 1]!, whole, scale, 40), 0);
}

function refine(f: (x: number) => number, a: number, b: number, whole: number, scale: number, depth: number): number {
  const middle = (a + b) / 2;
  const [left, right] = [rule(f, a, middle), rule(f, middle, b)];
  const sum = left + right;
  const change = Math.abs(sum - whole);
  // of its own value no piece is known better than that: the first rule may have missed a peak, and with it the scale
  if (change <= 1e-15 * scale || change <= 1e-14 * Math.abs(sum) || depth === 0) return sum;
  return refine(f, a, middle, left, scale, depth - 1) + refine(f, middle, b, right, scale, depth - 1);
}

function rule(f: (x: number) => number, a: number, b: number): number {
  const [middle, half] = [(a + b) / 2, (b - a) / 2];
  let sum = 0;
  for (let i = 0; i < NODES.length; i++)
    sum += WEIGHTS[i]! * (f(middle - half * NODES[i]!) + f(middle + half * NODES[i]!));
  return half * sum;
}

/** E[f(g)] over a power gain g = e^u, exponential of mean 1 (Rayleigh fading), of an f >= 0 that does not grow. */
export function overRayleighFading(f: (gain: number) => number): number {
  return integrate((u) => f(Math.exp(u)) * Math.exp(u - Math.exp(u)), -80, Math.log(800));
}

/** Below it error rates are those of no signal, to the last digit. */
const LEAST_EBNO = 1e-290;

/**
 * An error rate in flat Rayleigh fading of whole blocks, known to the receiver, of what it is without fading: E f(g Eb/N0), g exponential of mean 1.
 * Where a block is one use of the channel, that is fading of each use.
 */
export function overBlockFading(f: (ebNo: EbNo) => number, ebNo: EbNo): number {
  return overRayleighFading((gain) => f(Math.max(gain * ebNo, LEAST_EBNO) as EbNo));
}
