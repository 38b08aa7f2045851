/** Bjontegaard's difference of rates against NumPy's polynomials, and what it is by definition. */
import { describe, expect, it } from "vitest";
import { bdRate, type RateQuality } from "../src/index.ts";
import { readFixture } from "./support/fixture.ts";

interface Case {
  readonly name: string;
  readonly anchor: readonly (readonly [number, number])[];
  readonly test: readonly (readonly [number, number])[];
  readonly bdRate: number;
}
const { cases } = readFixture<{ readonly cases: readonly Case[] }>("bd-rate");
const points = (curve: Case["anchor"]): RateQuality[] => curve.map(([rate, psnr]) => ({ rate, psnr }));

// NumPy fits in dB as they are, whose fourth and sixth powers cost it six of sixteen digits.
it.each(cases)("$name: NumPy's", ({ anchor, test, bdRate: expected }) => {
  expect(Math.abs(bdRate(points(anchor), points(test)) - expected)).toBeLessThan(1e-9);
});

describe("by definition", () => {
  const anchor = [30, 32, 34, 37, 40].map((psnr) => ({ psnr, rate: 2 ** (psnr / 6) }));

  // The fit is exact: both logarithms are lines.
  it("half the rate at every PSNR is -50 %, and a curve against itself 0", () => {
    const half = anchor.map(({ psnr, rate }) => ({ psnr, rate: rate / 2 }));
    expect(Math.abs(bdRate(anchor, half) + 0.5)).toBeLessThan(1e-12);
    expect(bdRate(anchor, anchor)).toBe(0);
  });

  it("refuses too few points, rates that have no logarithm, and curves with no PSNR in common", () => {
    expect(() => bdRate(anchor.slice(0, 3), anchor)).toThrow('"anchor" expected at least 4 points');
    expect(() => bdRate(anchor, [{ psnr: 30, rate: 0 }, ...anchor])).toThrow('"test" expected positive rates');
    const far = anchor.map(({ psnr, rate }) => ({ psnr: psnr + 20, rate }));
    expect(() => bdRate(anchor, far)).toThrow(RangeError);
  });
});
