import { MAX_SHIFT, MIN_SHIFT } from "@isthmus/edge/format";

/** A factor as multiplier / 2^shift. */
export interface FixedPoint {
  readonly multiplier: number;
  readonly shift: number;
}

/**
 * The nearest factor with 31 significant bits, or of 2^-62 where it is below 2^-32.
 *
 * @throws RangeError a factor below 0 or from about 2^14 on
 */
export function fixedPoint(factor: number): FixedPoint {
  if (!(factor >= 0 && factor < 2 ** (31 - MIN_SHIFT))) {
    throw new RangeError(`"factor" expected a number in [0, ${2 ** (31 - MIN_SHIFT)}), got ${factor}`);
  }
  let shift = MAX_SHIFT;
  while (shift > MIN_SHIFT && Math.round(factor * 2 ** shift) >= 2 ** 31) shift--;
  return { multiplier: Math.min(Math.round(factor * 2 ** shift), 2 ** 31 - 1), shift };
}
