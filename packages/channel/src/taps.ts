import { requirePositive, requireWhole } from "./checks.ts";

/** Taps that fade independently, as complex Gaussians. */
export interface FadingTaps {
  /** How many, L >= 1. */
  readonly taps: number;
  /** Mean power of each; they are scaled to sum to 1. Default: equal ones. */
  readonly powers?: readonly number[];
}

/** E|h_l|^2 of each tap, of sum 1. @throws TypeError, RangeError naming what is wrong. */
export function tapPowers({ taps, powers = Array.from({ length: taps }, () => 1) }: FadingTaps): readonly number[] {
  requireWhole("taps", taps, 1, 1024);
  if (powers.length !== taps) throw new RangeError(`"powers" expected ${taps}, one for each tap, got ${powers.length}`);
  powers.forEach((power) => requirePositive("powers", power));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}
