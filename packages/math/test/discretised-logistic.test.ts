import { describe, expect, it } from "vitest";
import { discretisedLogisticLogProb, fromNested, type NdArray, ndArrayOps as ops } from "../src/index.ts";

const row = (...values: number[]): NdArray => fromNested(values);
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

describe("the discretised logistic", () => {
  it.each([
    [0.3, 0.1],
    [0, 1],
    [-2, 0.05],
    [1.4, 3],
  ])("with location %d and scale %d has mass 1 over its levels", (loc, scale) => {
    const levels = 11;
    const x = row(...Array.from({ length: levels }, (_, i) => i / (levels - 1)));
    const p = { loc: row(loc), logScale: row(Math.log(scale)), low: 0, high: 1, levels };
    const masses = discretisedLogisticLogProb(ops, x, p).data.map(Math.exp);
    // Eleven exponentials, each a few 2^-53 off.
    expect(Math.abs(masses.reduce((a, b) => a + b) - 1)).toBeLessThan(64 * 2 ** -53);
    // The plain difference of distribution functions loses digits, but not where they are far from 0 and 1.
    const edges = [(0.45 - loc) / scale, (0.55 - loc) / scale].map(sigmoid);
    expect(Math.abs(masses[5]! - (edges[1]! - edges[0]!))).toBeLessThan(8 * 2 ** -53);
  });

  it("stays finite far outside, where the plain formula takes the logarithm of 0", () => {
    const p = { loc: row(50), logScale: row(-7), low: 0, high: 1, levels: 256 };
    const [value] = discretisedLogisticLogProb(ops, row(0.5019607843137255), p).data;
    // (x + step / 2 - loc) / scale, up to log(1 - exp(-step / scale)).
    const wanted = (0.5019607843137255 + 1 / 510 - 50) * Math.exp(7) + Math.log1p(-Math.exp(-Math.exp(7) / 255));
    expect(value).toBeCloseTo(wanted, 6);
  });

  it("names an argument that is no array", () => {
    const p = { loc: row(0), logScale: row(0), low: 0, high: 1, levels: 4 };
    expect(() => discretisedLogisticLogProb(ops, undefined as never, p)).toThrow(/"x"/);
    expect(() => discretisedLogisticLogProb(ops, row(0), { ...p, loc: 3 as never })).toThrow(/"p.loc"/);
  });
});
