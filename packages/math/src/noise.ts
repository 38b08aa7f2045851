/**
 * Random arrays, the same bits on every engine.
 *
 * Key = 64-bit seed [low, high]; counter = [block, step low, step high, hash32(stream)]; element i of an array is lane
 * i & 3 of block i >> 2. So an element depends on (seed, stream, step, i) alone: not on the array's length, not on what
 * was drawn before. Every float operation is one of + - * / sqrt rounded to float32, in the order written here, without
 * fused multiply-add; a SIMD port of these lines gives the same bits.
 */
import { requireKind } from "./arguments.ts";
import { hash32 } from "./hash32.ts";
import { philox4x32 } from "./philox.ts";

/** What names a random array. */
export interface NoiseKey {
  /** 64 bits: a non-negative safe integer, or the two 32-bit words [low, high]. */
  readonly seed: number | readonly [low: number, high: number];
  /** What the numbers are for: `"encoder.noise"`, `"shuffle"`. Streams of different names are independent. */
  readonly stream: string;
  /** A counter such as the training step or epoch: a non-negative safe integer. Default: 0. */
  readonly step?: number;
}

/**
 * The two 32-bit words [low, high] of a seed.
 *
 * @throws TypeError when `seed` is neither a number nor a pair of numbers; RangeError when a number is not a
 * non-negative safe integer or a word is not in [0, 2^32).
 */
export function splitSeed(seed: number | readonly [low: number, high: number]): [low: number, high: number] {
  if (!Array.isArray(seed)) return splitInteger("seed", seed as number);
  if (seed.length !== 2) throw new TypeError(`"seed" expected a number or [low, high], got ${seed.length} words`);
  for (const word of seed) {
    requireKind("seed", word, "Number");
    if (!isWord(word)) throw new RangeError(`"seed" expected words that are integers in [0, 2^32), got ${word}`);
  }
  return [seed[0], seed[1]];
}

/**
 * Fills `out` with uniform 32-bit words.
 *
 * @throws TypeError, RangeError for a bad `out` or key, as {@link splitSeed}.
 */
export function randomUint32(out: Uint32Array, key: NoiseKey): void {
  requireKind("out", out, "Uint32Array");
  forEachBlock(out.length, key, (words, start, count) => {
    for (let lane = 0; lane < count; lane++) out[start + lane] = words[lane]!;
  });
}

/**
 * An endless sequence of uniform 32-bit words, element 0 first, for whoever does not know how many are needed
 * (shuffles, rejection). Its first n words are those {@link randomUint32} gives.
 *
 * @throws TypeError, RangeError for a bad key; RangeError after 2^34 words.
 */
export function uint32Sequence(key: NoiseKey): () => number {
  const { counter, words, cipherKey } = blockState(key);
  let next = 0;
  return () => {
    if (next >= MAX_ELEMENTS) throw new RangeError(`a stream expected at most ${MAX_ELEMENTS} draws`);
    if ((next & 3) === 0) {
      counter[0] = next / 4;
      philox4x32(counter, cipherKey, words);
    }
    return words[next++ & 3]!;
  };
}

/** The next word as a number in [0, 1), of 32 bits. */
export function nextShare(words: () => number): number {
  return words() / 2 ** 32;
}

/** A whole number in [0, n) of the next word; for an n far below 2^32, whose numbers are then as good as equally likely. */
export function nextBelow(n: number, words: () => number): number {
  return Math.floor(nextShare(words) * n);
}

/**
 * Fills `out` with uniform float32 numbers ((x >>> 9) + 0.5) * 2^-23: the 2^23 odd multiples of 2^-24, never 0 or 1.
 *
 * @throws TypeError, RangeError for a bad `out` or key, as {@link splitSeed}.
 */
export function randomUniform(out: Float32Array, key: NoiseKey): void {
  requireKind("out", out, "Float32Array");
  forEachBlock(out.length, key, (words, start, count) => {
    for (let lane = 0; lane < count; lane++) out[start + lane] = ((words[lane]! >>> 9) + 0.5) * 2 ** -23;
  });
}

/**
 * Fills `out` with standard normal float32 numbers, |z| < 5.77, by Box and Muller's transform (1958) of the four
 * uniforms u0..u3 of a block:
 *
 *     z0 = r(u0) cos(2 pi u1)   z1 = r(u0) sin(2 pi u1)      r(u) = sqrt(-2 ln u)
 *     z2 = r(u2) cos(2 pi u3)   z3 = r(u2) sin(2 pi u3)
 *
 * @throws TypeError, RangeError for a bad `out` or key, as {@link splitSeed}.
 */
export function randomNormal(out: Float32Array, key: NoiseKey): void {
  requireKind("out", out, "Float32Array");
  const z = new Float32Array(4);
  forEachBlock(out.length, key, (words, start, count) => {
    boxMuller(words[0]!, words[1]!, z, 0);
    boxMuller(words[2]!, words[3]!, z, 2);
    for (let lane = 0; lane < count; lane++) out[start + lane] = z[lane]!;
  });
}

/** A block number is one 32-bit word, a block four elements. */
const MAX_ELEMENTS = 2 ** 34;

function forEachBlock(
  length: number,
  key: NoiseKey,
  visit: (words: Uint32Array, start: number, count: number) => void,
): void {
  if (length > MAX_ELEMENTS) throw new RangeError(`"out" expected at most ${MAX_ELEMENTS} elements, got ${length}`);
  const { counter, words, cipherKey } = blockState(key);
  for (let start = 0; start < length; start += 4) {
    counter[0] = start / 4;
    philox4x32(counter, cipherKey, words);
    visit(words, start, Math.min(4, length - start));
  }
}

function blockState({ seed, stream, step = 0 }: NoiseKey): Record<"counter" | "words" | "cipherKey", Uint32Array> {
  requireKind("stream", stream, "String");
  const counter = Uint32Array.of(0, ...splitInteger("step", step), hash32(stream));
  return { counter, words: new Uint32Array(4), cipherKey: Uint32Array.from(splitSeed(seed)) };
}

const round = Math.fround;

/**
 * One pair of normals, from 23 bits each of two words. 2 pi u = (pi / 2) (quadrant + t) with t in [-1/2, 1/2) found on
 * integers, without rounding: u = (2 k + 1) 2^-24, so 4 u = (2 k + 1) 2^-22.
 */
function boxMuller(radiusWord: number, angleWord: number, out: Float32Array, offset: number): void {
  const u = round(((radiusWord >>> 9) + 0.5) * 2 ** -23);
  const r = round(Math.sqrt(round(-2 * lnUnit(u))));
  const k = angleWord >>> 9;
  const quadrant = (k + 0x100000) >> 21;
  const t = round((2 * (k - (quadrant << 21)) + 1) * 2 ** -22);
  const w = round(t * t);
  const c = cosQuarter(w);
  const s = round(t * sinQuarterOver(w));
  const x = quadrant & 1 ? s : c;
  const y = quadrant & 1 ? c : s;
  out[offset] = round(r * ((quadrant + 1) & 2 ? -x : x));
  out[offset + 1] = round(r * (quadrant & 2 ? -y : y));
}

// Minimax polynomials, fitted and rounded to float32 one coefficient at a time by tools/fixtures/math_noise.py; each
// decimal is the shortest that rounds to the intended float32. The approximation errors are those of the polynomials;
// the README gives the measured total.

/** R(z) / z with R = 2 artanh(s) / s - 2, z = s^2, |s| <= 0.1716; relative error of ln 1.0e-9. */
const LN_0 = round(0.66666794);
const LN_1 = round(0.39975202);
const LN_2 = round(0.2993861);
/** ln 2 in two parts; the first has 16 bits, so its product with an exponent is exact. */
const LN2_HIGH = 0.693145751953125;
const LN2_LOW = round(1.4286068e-6);
/** sin(pi t / 2) / t in w = t^2, |t| <= 1/2; error of the sine 4.9e-9. */
const SIN_0 = round(1.5707964);
const SIN_1 = round(-0.6459645);
const SIN_2 = round(0.07968582);
const SIN_3 = round(-0.0046105594);
/** cos(pi t / 2) in w = t^2, |t| <= 1/2; error 4.6e-10. */
const COS_1 = round(-1.2337005);
const COS_2 = round(0.2536686);
const COS_3 = round(-0.02085643);
const COS_4 = round(0.0008970078);

/** The bits of the float32 nearest sqrt(1/2), and of 1. */
const SQRT_HALF_BITS = 0x3f3504f3;
const ONE_BITS = 0x3f800000;
const scratch = new Float32Array(1);
const scratchBits = new Int32Array(scratch.buffer);

/**
 * ln u for a normal float32 u in (0, 1): u = 2^e m with m in [sqrt(1/2), sqrt(2)), f = m - 1 (exact), s = f / (2 + f),
 * ln(1 + f) = f - (f^2 / 2 - s (f^2 / 2 + R(s^2))).
 */
function lnUnit(u: number): number {
  scratch[0] = u;
  const shifted = scratchBits[0]! + (ONE_BITS - SQRT_HALF_BITS);
  const e = (shifted >> 23) - 127;
  scratchBits[0] = (shifted & 0x7fffff) + SQRT_HALF_BITS;
  const f = round(scratch[0]! - 1);
  const s = round(f / round(2 + f));
  const z = round(s * s);
  const remainder = round(z * round(round(round(round(LN_2 * z) + LN_1) * z) + LN_0));
  const halfSquare = round(round(0.5 * f) * f);
  const correction = round(round(s * round(halfSquare + remainder)) + round(e * LN2_LOW));
  return round(round(round(correction - halfSquare) + f) + round(e * LN2_HIGH));
}

function sinQuarterOver(w: number): number {
  return round(round(round(round(round(round(SIN_3 * w) + SIN_2) * w) + SIN_1) * w) + SIN_0);
}

function cosQuarter(w: number): number {
  const tail = round(round(round(round(round(round(COS_4 * w) + COS_3) * w) + COS_2) * w) + COS_1);
  return round(round(tail * w) + 1);
}

function splitInteger(name: string, value: number): [low: number, high: number] {
  requireKind(name, value, "Number");
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`"${name}" expected a non-negative safe integer, got ${value}`);
  }
  return [value >>> 0, Math.floor(value / 2 ** 32)];
}

function isWord(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < 2 ** 32;
}
