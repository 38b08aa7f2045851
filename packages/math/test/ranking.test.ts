import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { areaUnderRoc, partialAreaUnderRoc } from "../src/index.ts";

interface Case {
  readonly scores: readonly number[];
  readonly positive: readonly boolean[];
  readonly area: number;
  readonly partial: Readonly<Record<string, number>>;
}

const fixture = new URL("./fixtures/ranking.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(fixture, "utf8")) as { cases: readonly Case[] };

describe.each(cases.map((one, i) => ({ name: `case ${i}`, ...one })))("$name of SciPy and NumPy", (one) => {
  const { scores, positive, area, partial } = one;

  it("has their area", () => {
    // Sums of a few hundred shares, each rounded once.
    expect(Math.abs(areaUnderRoc(scores, positive) - area)).toBeLessThan(1e-13);
    expect(Math.abs(partialAreaUnderRoc(scores, positive, 1) - area)).toBeLessThan(1e-13);
  });

  it("has their partial areas", () => {
    for (const [most, expected] of Object.entries(partial)) {
      expect(Math.abs(partialAreaUnderRoc(scores, positive, Number(most)) - expected)).toBeLessThan(1e-12);
    }
  });
});

it("is 1 for scores that part all, 1/2 for scores that are all the same", () => {
  const positive = [0, 0, 0, 1, 1];
  expect(partialAreaUnderRoc([1, 2, 3, 4, 5], positive, 0.1)).toBe(1);
  expect(partialAreaUnderRoc([7, 7, 7, 7, 7], positive, 0.1)).toBeCloseTo(0.5, 12);
});

it.each([0, -0.1, 1.1, Number.NaN])("refuses a share of %s", (most) => {
  expect(() => partialAreaUnderRoc([1, 2], [0, 1], most)).toThrow(/"most" expected a number in \(0, 1\]/);
});

it("refuses scores that are no numbers, and lists of different lengths", () => {
  expect(() => partialAreaUnderRoc([1, Number.NaN], [0, 1], 0.1)).toThrow(/"scores" expected numbers, got NaN at 1/);
  expect(() => areaUnderRoc([1, 2], [0])).toThrow(RangeError);
});
