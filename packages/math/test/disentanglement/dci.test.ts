import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Forest } from "../../src/disentanglement/forest.ts";
import { dci, fromNested, importanceScores, type NdArray, ndArray, randomNormal } from "../../src/index.ts";
import { readFixture } from "../support/fixture.ts";
import { grid } from "./grid.ts";

interface Fixture {
  readonly scores: {
    readonly importances: number[][];
    readonly perLatent: number[];
    readonly perFactor: number[];
    readonly disentanglement: number;
    readonly completeness: number;
  };
  readonly forest: {
    readonly features: number[][];
    readonly labels: number[];
    readonly classes: number;
    readonly leaf: number;
    readonly draws: number[][];
    readonly test: number[];
    readonly gains: number[];
    readonly told: number[];
  };
}

const { scores, forest } = readFixture<Fixture>("disentanglement");
const key = { seed: 1, stream: "dci" };

/** With noise of this deviation on every number. */
function noisy(rows: readonly (readonly number[])[], deviation: number): NdArray {
  const noise = new Float32Array(rows.length * rows[0]!.length);
  randomNormal(noise, { seed: 2, stream: "noise" });
  return ndArray(
    [rows.length, rows[0]!.length],
    Float64Array.from(rows.flat(), (value, at) => value + deviation * noise[at]!),
  );
}

describe("scores of importances", () => {
  it("are NumPy's", () => {
    const found = importanceScores(fromNested(scores.importances));
    const all = [found.disentanglement, found.completeness, ...found.perLatentDisentanglement];
    const wanted = [scores.disentanglement, scores.completeness, ...scores.perLatent, ...scores.perFactor];
    // Sums of at most 15 terms below 2.
    [...all, ...found.perFactorCompleteness].forEach((value, at) => expect(value).toBeCloseTo(wanted[at]!, 14));
  });

  it("are 1 for one latent each, whatever it is worth, and 0 for equal ones", () => {
    const diagonal = fromNested([
      [0, 0, 3],
      [0.1, 0, 0],
      [0, 0, 0],
      [0, 20, 0],
    ]);
    expect(importanceScores(diagonal)).toMatchObject({ disentanglement: 1, completeness: 1 });
    const equal = importanceScores(fromNested([0, 1, 2].map(() => [0.7, 0.7])));
    // 1 - log 3 / log 3, from thirds that are rounded.
    expect(equal.disentanglement).toBeLessThan(1e-15);
    expect(equal.completeness).toBeLessThan(1e-15);
  });

  it("tell a latent of two factors from a factor of two latents", () => {
    const twoFactors = importanceScores(
      fromNested([
        [1, 1],
        [0, 0],
      ]),
    );
    expect(twoFactors).toMatchObject({ disentanglement: 0, completeness: 1 });
    const twoLatents = importanceScores(
      fromNested([
        [1, 0],
        [1, 0],
      ]),
    );
    expect(twoLatents).toMatchObject({ disentanglement: 1, completeness: 0 });
  });

  it("are 0 where nothing is of importance, and not divided in one alone", () => {
    expect(importanceScores(fromNested([[0, 0]]))).toMatchObject({ disentanglement: 0, completeness: 0 });
    expect(importanceScores(fromNested([[2], [1]])).disentanglement).toBe(1);
    expect(importanceScores(fromNested([[2, 1]])).completeness).toBe(1);
  });

  it("are shares, the same in another unit and order", () => {
    const row = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(fc.array(row, { minLength: 2, maxLength: 5 }), fc.double({ min: 0.1, max: 10 }), (rows, unit) => {
        const one = importanceScores(fromNested(rows));
        const turned = rows.toReversed().map((values) => values.toReversed().map((value) => value * unit));
        const other = importanceScores(fromNested(turned));
        for (const name of ["disentanglement", "completeness"] as const) {
          expect(one[name]).toBeGreaterThanOrEqual(0);
          expect(one[name]).toBeLessThanOrEqual(1);
          expect(Math.abs(one[name] - other[name])).toBeLessThan(1e-12);
        }
      }),
    );
  });

  it.each([
    ["importances", fromNested([[1, -1]])],
    ["importances", fromNested([[1, Number.NaN]])],
    ["importances", fromNested([1, 2])],
    ["importances.shape[0]", ndArray([0, 2], new Float64Array(0))],
  ])("name %s when it does not fit", (name, importances) => {
    expect(() => importanceScores(importances)).toThrow(`"${name}"`);
  });
});

describe("a forest", () => {
  const data = {
    features: forest.features.map((values) => Float64Array.from(values)),
    labels: Int32Array.from(forest.labels),
    classes: forest.classes,
  };
  const draws = forest.draws.map((items) => Int32Array.from(items));

  it("is that of trying every threshold, by NumPy", () => {
    const found = new Forest(data, draws, forest.leaf);
    expect(forest.test.map((item) => found.classOf(item))).toEqual(forest.told);
    // Sums of some hundred differences of shares.
    found.gains(Int32Array.from(forest.test)).forEach((gain, at) => expect(gain).toBeCloseTo(forest.gains[at]!, 14));
  });

  it("gains on the items it was grown on what its leaves are purer", () => {
    const [items] = draws as [Int32Array];
    const found = new Forest(data, [items], 1);
    const sum = (values: ArrayLike<number>) => Array.from(values).reduce((total, value) => total + value, 0);
    const counts = items.reduce(
      (all, item) => all.with(data.labels[item]!, all[data.labels[item]!]! + 1),
      [0, 0, 0, 0],
    );
    // With leaves of one item all are pure.
    const impurity = 1 - sum(counts.map((count) => (count / items.length) ** 2));
    expect(sum(found.gains(items))).toBeCloseTo(impurity, 12);
    expect([...items].every((item) => found.classOf(item) === data.labels[item])).toBe(true);
  });
});

describe("disentanglement, completeness and informativeness", () => {
  const { factors, rows } = grid([6, 5, 4], 10);

  it("are 1 for a code of one latent for each factor", () => {
    const found = dci(noisy(rows, 0.05), factors, { key });
    expect(found).toMatchObject({ disentanglement: 1, completeness: 1, informativeness: 1, varying: [0, 1, 2] });
    // What a perfect forest gains is 1 less the mean share of an item's own value among the drawn items: in expectation all
    // the impurity of even values; the shares of 960 drawn items are off by less than 4 sqrt(0.25 / 960).
    for (let k = 0; k < 3; k++) expect(Math.abs(found.importances.data[4 * k]! - 1)).toBeLessThan(0.07);
  });

  it("fall when two factors are turned into each other, which takes nothing from what is told of them", () => {
    const turned = rows.map(([a, b, c]) => [a! + b!, a! - b!, c!]);
    const found = dci(noisy(turned, 0.05), factors, { key });
    expect(found.disentanglement).toBeLessThan(0.6);
    expect(found.completeness).toBeLessThan(0.6);
    expect(found.perFactorCompleteness[2]).toBe(1);
    expect(found.informativeness).toBeGreaterThan(0.95);
  });

  it("tell a code that is noise from one that tells", () => {
    const found = dci(
      noisy(
        rows.map(() => [0, 0]),
        1,
      ),
      factors,
      { key },
    );
    const held = 240;
    found.perFactorInformativeness.forEach((share, k) => {
      const chance = 1 / factors.counts[k]!;
      expect(Math.abs(share - chance)).toBeLessThan(4 * Math.sqrt((chance * (1 - chance)) / held));
    });
    // A gain is a difference of shares, within 1, of which 0 is the mean; four standard errors of it at most.
    for (const one of found.importances.data) expect(one).toBeLessThan(4 / Math.sqrt(held));
  });

  it("have no use for a latent that is constant, nor for a factor", () => {
    const { factors: table, rows: values } = grid([6, 1, 4], 10);
    const found = dci(noisy(values, 0), table, { key });
    expect(found).toMatchObject({ disentanglement: 1, completeness: 1, informativeness: 1, varying: [0, 2] });
    expect(found.importances.shape).toEqual([3, 2]);
    expect([...found.importances.data.slice(2, 4)]).toEqual([0, 0]);
    const nothing = dci(ndArray([240, 2], new Float64Array(480)), table, { key });
    expect(nothing).toMatchObject({ disentanglement: 0, completeness: 0 });
  });

  it("are the same for latents in other units, and but for ties in another order or mirrored", () => {
    const codes = noisy(rows, 0.4);
    const one = dci(codes, factors, { key });
    const scaled = ndArray(
      codes.shape,
      codes.data.map((value, at) => value * [0.25, 8, 64][at % 3]!),
    );
    expect(dci(scaled, factors, { key })).toEqual(one);
    const reversed = (values: ArrayLike<number>) =>
      Array.from(values, (_, at) => values[3 * Math.floor(at / 3) + 2 - (at % 3)]!);
    const other = dci(
      ndArray(
        codes.shape,
        Float64Array.from(reversed(codes.data), (value) => -value),
      ),
      { counts: factors.counts.toReversed(), indices: Int32Array.from(reversed(factors.indices)) },
      { key },
    );
    for (const name of ["disentanglement", "completeness", "informativeness"] as const) {
      expect(one[name]).toBeLessThan(1);
      // Of splits that are equally good, which only small leaves have, the first is taken: some of 240 items in 10 trees.
      expect(Math.abs(other[name] - one[name])).toBeLessThan(0.02);
    }
  });

  it("are the same for a key, and near for another", () => {
    const codes = noisy(rows, 0.3);
    const [one, same, other] = [1, 1, 2].map((seed) => dci(codes, factors, { key: { ...key, seed } }));
    expect(same).toEqual(one);
    expect(other).not.toEqual(one);
    expect(Math.abs(other!.disentanglement - one!.disentanglement)).toBeLessThan(0.1);
  });

  it.each([
    ["codes", { codes: ndArray([4], new Float64Array(4)) }],
    ["codes", { codes: fromNested([[0], [1], [Infinity], [0]]) }],
    ["factors", { factors: { counts: [2, 2], indices: new Int32Array(8) } }],
    ["codes.shape[1]", { codes: ndArray([4, 0], new Float64Array(0)) }],
    ["factors.indices", { codes: fromNested([[0], [1], [0]]) }],
    ["trees", { options: { trees: 0 } }],
    ["leaf", { options: { leaf: 0.5 } }],
    ["testShare", { options: { testShare: 1 } }],
  ])("name %s when it does not fit", (name, given) => {
    const { factors: table, rows: values } = grid([2, 2]);
    const { codes, factors: known, options } = { codes: fromNested(values), factors: table, options: {}, ...given };
    expect(() => dci(codes, known, { key, ...options })).toThrow(`"${name}"`);
  });
});
