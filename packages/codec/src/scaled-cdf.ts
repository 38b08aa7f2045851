import { IsthmusError } from "@isthmus/math";

/**
 * The cumulative distribution function of a symmetric law about 0, for integer distances and a choice of scales, in integers:
 *
 *     F(d, s) = H(u) for u >= 0, 2^16 - H(-u) below,   u = floor(d inverse[s] / 2^shift)
 *     H(u) = half[i] + floor((half[i + 1] - half[i]) r / 64),   i = floor(u / 64),   r = u mod 64
 *
 * out of 2^16, where u is d in small steps of the law's own unit and `half` holds every 64th of F from 0 on, on straight lines
 * between; beyond its end F is 0 or 2^16.
 * F does not fall as d rises, whatever the numbers are, as long as `half` does not fall and `inverse` is not negative.
 */
export interface ScaledCdf {
  /** F at u = 0, 64, ...: 2^15 first, not falling, 2^16 last. */
  readonly half: Int32Array;
  /** For each scale; all positive. */
  readonly inverse: Int32Array;
  /** 0 to 31. */
  readonly shift: number;
  /** The number that the first of the scales goes by; others follow it, and what lies outside is cut to the ends. */
  readonly firstScale: number;
}

const ONE = 0x10000;
const HALF = 0x8000;
const BETWEEN = 64;

/** 0 to 2^16. Exact while |distance| <= 2^22: the product is below 2^53. */
export function cdfAt({ half, inverse, shift }: ScaledCdf, distance: number, scaleIndex: number): number {
  const u = Math.floor((distance * inverse[scaleIndex]!) / 2 ** shift);
  return u >= 0 ? interpolated(half, u) : ONE - interpolated(half, -u);
}

function interpolated(half: Int32Array, u: number): number {
  const i = Math.floor(u / BETWEEN);
  if (i >= half.length - 1) return ONE;
  return half[i]! + Math.floor(((half[i + 1]! - half[i]!) * (u - i * BETWEEN)) / BETWEEN);
}

/** The place in `inverse` of the scale that goes by `scale`. */
export function scaleIndexOf({ inverse, firstScale }: ScaledCdf, scale: number): number {
  return Math.min(Math.max(scale - firstScale, 0), inverse.length - 1);
}

/** @throws IsthmusError `TABLE_INVALID` for numbers that break a rule of `ScaledCdf` */
export function checkScaledCdf(name: string, { half, inverse, shift, firstScale }: ScaledCdf): void {
  const first = half[0] === HALF && half.at(-1) === ONE;
  if (half.length < 2 || !first || half.some((value, i) => i > 0 && value < half[i - 1]!)) {
    throw invalidTable(`${name}.half`, "numbers from 2^15 to 2^16 that do not fall");
  }
  if (inverse.length < 1 || inverse.some((value) => value < 1))
    throw invalidTable(`${name}.inverse`, "positive numbers");
  if (!Number.isInteger(shift) || shift < 0 || shift > 31) throw invalidTable(`${name}.shift`, "0 to 31");
  if (firstScale !== (firstScale | 0)) throw invalidTable(`${name}.firstScale`, "an int32");
}

export function invalidTable(name: string, expected: string): IsthmusError {
  return new IsthmusError("TABLE_INVALID", `bits-back tables: ${name}: expected ${expected}`, { name });
}

/** What a `ScaledCdf` is made of, in floats, once. */
export interface ScaledCdfOptions {
  /** F of the law at scale 1. */
  readonly cdf: (x: number) => number;
  /** F is 1 from here on, to 16 bits. */
  readonly end: number;
  /** Numbers of `half` in the law's unit. */
  readonly stepsPerUnit: number;
  /** How many of the integer distances make 1. */
  readonly distancePerUnit: number;
  /** The first scale's number, and the scales, in the units of distances. */
  readonly firstScale: number;
  readonly scales: readonly number[];
}

/** Made of floats when a model is made ready, and stored with it: another machine might round another way. */
export function scaledCdf(options: ScaledCdfOptions): ScaledCdf {
  const { cdf, end, stepsPerUnit, distancePerUnit, firstScale, scales } = options;
  const steps = Math.ceil(end * stepsPerUnit);
  const half = Int32Array.from({ length: steps + 1 }, (_, u) => Math.round(ONE * cdf(u / stepsPerUnit)));
  half[0] = HALF;
  half[steps] = ONE;
  const factors = scales.map((scale) => (BETWEEN * stepsPerUnit) / distancePerUnit / scale);
  const shift = Math.min(30 - Math.ceil(Math.log2(Math.max(...factors))), 31);
  return {
    half,
    inverse: Int32Array.from(factors, (factor) => Math.max(1, Math.round(factor * 2 ** shift))),
    shift,
    firstScale,
  };
}
