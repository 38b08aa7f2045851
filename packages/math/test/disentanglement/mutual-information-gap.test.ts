import { describe, expect, it } from "vitest";
import { type FactorIndices, fromNested, mutualInformationGap, type NdArray, ndArray } from "../../src/index.ts";
import { readFixture } from "../support/fixture.ts";
import { grid } from "./grid.ts";

interface Fixture {
  readonly gap: FactorIndices & {
    readonly indices: number[];
    readonly mu: number[][];
    readonly logVar: number[][];
    readonly bins: number;
    readonly binned: number[][];
    readonly exact: number[][];
    readonly gaps: number[];
    readonly value: number;
  };
}

const { gap: fixture } = readFixture<Fixture>("disentanglement");
const drawn = { counts: fixture.counts, indices: Int32Array.from(fixture.indices) };
const posteriors = { mu: fromNested(fixture.mu), logVar: fromNested(fixture.logVar) };

/** Posteriors of one width around these means. */
const around = (means: number[][], logVar = -12): { mu: NdArray; logVar: NdArray } => ({
  mu: fromNested(means),
  logVar: fromNested(means.map((row) => row.map(() => logVar))),
});

const largest = (found: ArrayLike<number>, wanted: readonly number[]): number =>
  Math.max(...wanted.map((value, at) => Math.abs(found[at]! - value)));

describe("the mutual information gap", () => {
  it("is NumPy's, by the same intervals", () => {
    const found = mutualInformationGap(posteriors, drawn, { bins: fixture.bins });
    // Entropies of up to 6 nats from sums of some hundred terms; the normal distribution functions agree to 4 u.
    expect(largest(found.information.data, fixture.binned.flat())).toBeLessThan(1e-13);
    expect(largest(found.gaps, fixture.gaps)).toBeLessThan(1e-12);
    expect(Math.abs(found.value - fixture.value)).toBeLessThan(1e-12);
    expect(found.varying).toEqual([0, 1, 2]);
  });

  it("is from below that of draws, to which it comes with the square of the intervals' width", () => {
    const missing = (bins: number) => {
      const { information } = mutualInformationGap(posteriors, drawn, { bins });
      return fixture.exact.flat().map((exact, at) => exact - information.data[at]!);
    };
    const [coarse, fine] = [missing(200), missing(400)];
    // Of the six that are not 0: the seventh and on are of a latent given up, with nothing to miss.
    for (let at = 0; at < 6; at++) {
      expect(fine[at]).toBeGreaterThan(0);
      expect(coarse[at]! / fine[at]!).toBeGreaterThan(3.8);
      expect(coarse[at]! / fine[at]!).toBeLessThan(4.2);
    }
  });

  it("is 1 for a code of one latent for each factor, and 0 for that code twice", () => {
    const { factors, rows } = grid([4, 3, 5]);
    const once = mutualInformationGap(around(rows), factors);
    expect(once.value).toBeCloseTo(1, 12);
    expect(largest(once.entropies, [4, 3, 5].map(Math.log))).toBeLessThan(1e-14);
    const twice = mutualInformationGap(around(rows.map((row) => [...row, ...row])), factors);
    expect(twice.value).toBe(0);
  });

  it("is 0 for two factors turned by an eighth, which each latent tells half of", () => {
    const { factors, rows } = grid([6, 6]);
    const turned = rows.map(([a, b]) => [a! + b!, a! - b!]);
    const found = mutualInformationGap(around(turned, 0), factors);
    expect(found.information.data[0]).toBeGreaterThan(0.1);
    // By symmetry both latents tell equally much of both; the intervals' edges are not symmetric to the last place.
    expect(found.value).toBeLessThan(1e-12);
    expect(mutualInformationGap(around(rows, 0), factors).value).toBeGreaterThan(0.2);
  });

  it("is 0 for means that do not depend on the factor", () => {
    const { factors, rows } = grid([4, 3]);
    const found = mutualInformationGap(around(rows.map(([a]) => [a!, 0])), factors);
    expect(found.gaps[0]).toBeCloseTo(1, 12);
    expect(found.gaps[1]).toBeLessThan(1e-12);
  });

  it("has no use for a latent given up, however surely its mean tells the factor", () => {
    const { factors, rows } = grid([4]);
    const alone = (width: number) =>
      mutualInformationGap(
        around(
          rows.map(([a]) => [1e-3 * a!]),
          width,
        ),
        factors,
      );
    // The information of a mean that varies by s in noise of variance 1 is s^2 / 2 and less.
    expect(alone(0).value * Math.log(4)).toBeLessThan((1e-3 ** 2 * 1.25) / 2);
    expect(alone(-30).value).toBeCloseTo(1, 12);
  });

  it("does not change with latents put in another order, unit or sign", () => {
    const order = [2, 0, 1];
    const [scale, shift] = [
      [-3, 0.1, 7],
      [1, -2, 100],
    ];
    const mu = fixture.mu.map((row) => order.map((j) => row[j]! * scale[j]! + shift[j]!));
    const logVar = fixture.logVar.map((row) => order.map((j) => row[j]! + 2 * Math.log(Math.abs(scale[j]!))));
    const other = mutualInformationGap({ mu: fromNested(mu), logVar: fromNested(logVar) }, drawn);
    const found = mutualInformationGap(posteriors, drawn);
    // A shift of 100 takes 2 of 16 digits from differences of means and edges.
    expect(Math.abs(other.value - found.value)).toBeLessThan(1e-11);
  });

  it("is that of one latent alone when there is no other", () => {
    const { factors, rows } = grid([3]);
    expect(mutualInformationGap(around(rows), factors).value).toBeCloseTo(1, 12);
  });

  it("leaves out factors that stand still", () => {
    const { factors, rows } = grid([3, 1, 2]);
    const found = mutualInformationGap(around(rows), factors);
    expect(found.varying).toEqual([0, 2]);
    expect(found.value).toBeCloseTo(1, 12);
    expect(found.information.shape).toEqual([3, 2]);
  });

  it("is known where posteriors are points, and all of them one", () => {
    const { factors } = grid([2]);
    const found = mutualInformationGap(around([[5], [5]], -3000), factors);
    expect(found.value).toBe(0);
  });

  const { factors, rows } = grid([2, 2]);
  it.each([
    ["q.mu", { mu: ndArray([4], new Float64Array(4)) }],
    [
      "q.mu",
      {
        mu: fromNested([
          [0, 0],
          [0, 0],
          [0, Infinity],
          [0, 0],
        ]),
      },
    ],
    ["q.mu.shape[1]", { mu: ndArray([4, 0], new Float64Array(0)), logVar: ndArray([4, 0], new Float64Array(0)) }],
    ["q.logVar", { logVar: fromNested([[0, 0]]) }],
    [
      "q.logVar",
      {
        logVar: fromNested([
          [0, 0],
          [0, 0],
          [0, Number.NaN],
          [0, 0],
        ]),
      },
    ],
    ["factors.indices", { factors: { ...factors, indices: Int32Array.of(0, 1) } }],
    ["factors.indices", { factors: { ...factors, indices: Int32Array.of(0, 0, 0, 1, 1, 0, 1, 2) } }],
    ["factors.counts[1]", { factors: { ...factors, counts: [2, 0] } }],
    ["factors", { factors: { ...factors, indices: new Int32Array(8) } }],
    ["bins", { bins: 1 }],
  ])("names %s when it does not fit", (name, given) => {
    const { mu, logVar, factors: table, bins } = { ...around(rows), factors, bins: 10, ...given };
    const measure = () => mutualInformationGap({ mu, logVar }, table, { bins });
    expect(measure).toThrow(RangeError);
    expect(measure).toThrow(`"${name}"`);
  });

  it("wants indices as whole numbers", () => {
    const indices = [...factors.indices] as never;
    expect(() => mutualInformationGap(around(rows), { ...factors, indices })).toThrow(TypeError);
  });
});
