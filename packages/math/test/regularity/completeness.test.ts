import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  fromNested,
  latentCompleteness,
  type NdArray,
  ndArray,
  nearestDistances,
  randomNormal,
} from "../../src/index.ts";
import { normalCdf } from "../../src/plain/index.ts";

const same = (x: NdArray): NdArray => x;

function normals(shape: readonly [number, number]): NdArray {
  const values = new Float32Array(shape[0] * shape[1]);
  randomNormal(values, { seed: 3, stream: "draws" });
  return ndArray(shape, Float64Array.from(values));
}

/** The true posterior of an even mixture of N(-m, 1) and N(m, 1): p(second | x) = 1 / (1 + exp(-2 m x)). */
const mixtureOf = (m: number) => (x: NdArray) => {
  const second = Array.from(x.data, (value) => 1 / (1 + Math.exp(-2 * m * value)));
  return fromNested(second.map((p) => [1 - p, p]));
};

describe("completeness", () => {
  it("of a known mixture is known: the prior's mass where one component is likely enough", async () => {
    const n = 20_000;
    const draws = normals([n, 1]);
    for (const [m, confidence] of [
      [1, 0.9],
      [3, 0.9],
      [2, 0.99],
    ] as const) {
      const found = await latentCompleteness(draws, { decode: same, classify: mixtureOf(m) }, { confidence });
      // p >= c where |x| >= logit(c) / (2 m).
      const edge = Math.log(confidence / (1 - confidence)) / (2 * m);
      const truth = 2 * normalCdf(-edge);
      // Four standard errors of the true share: one in 16,000 would be further off.
      expect(Math.abs(found.share.value - truth)).toBeLessThan(4 * Math.sqrt((truth * (1 - truth)) / n));
      expect(found.share.standardError).toBeCloseTo(Math.sqrt((truth * (1 - truth)) / n), 4);
      expect(found.effectiveClasses).toBeGreaterThan(1.999);
    }
  });

  it("counts all at confidence 1 / classes, and tells which classes came", async () => {
    const table = fromNested([
      [0.95, 0.05, 0],
      [0.92, 0, 0.08],
      [0, 0.99, 0.01],
      [0.4, 0.35, 0.25],
    ]);
    const draws = fromNested([[0], [1], [2], [3]]);
    const found = await latentCompleteness(draws, { decode: same, classify: () => table });
    expect(found.share.value).toBe(0.75);
    expect([...found.classShares]).toEqual([2 / 3, 1 / 3, 0]);
    expect(found.effectiveClasses).toBeCloseTo(Math.exp((2 / 3) * Math.log(1.5) + Math.log(3) / 3), 14);
    expect(found.meanConfidence).toBeCloseTo((0.95 + 0.92 + 0.99 + 0.4) / 4, 14);
    expect(found.distance).toBeUndefined();
    expect(found.decoded).toBe(draws);
    const all = await latentCompleteness(draws, { decode: same, classify: () => table }, { confidence: 1 / 3 });
    expect(all.share.value).toBe(1);
    const none = await latentCompleteness(draws, { decode: same, classify: () => table }, { confidence: 1 });
    expect(none).toMatchObject({ share: { value: 0, standardError: 0 }, effectiveClasses: 0 });
  });

  it("of a decoder that always shows one thing is 1, with one effective class", async () => {
    const constant = (z: NdArray) => ndArray([z.shape[0]!, 1], new Float64Array(z.shape[0]!).fill(5));
    const options = { data: fromNested([[5.5], [9]]) };
    const found = await latentCompleteness(normals([40, 3]), { decode: constant, classify: mixtureOf(1) }, options);
    expect(found.share.value).toBe(1);
    expect(found.effectiveClasses).toBe(1);
    expect(found.distance).toEqual({ value: 0.5, standardError: 0 });
  });

  it.each([
    ["draws", { draws: ndArray([0, 1], new Float64Array(0)) }],
    ["draws", { draws: fromNested([[Infinity]]) }],
    ["classify()", { classify: (x: NdArray) => x }],
    ["classify()", { classify: () => fromNested([[Number.NaN, 1]]) }],
    ["decode()", { decode: () => fromNested([[1], [2]]) }],
    ["confidence", { options: { confidence: 1.1 } }],
    ["confidence", { options: { confidence: 0 } }],
    ["data", { options: { data: fromNested([[1, 2]]) } }],
  ])("names %s when it does not fit", async (name, given) => {
    const { draws, decode, classify, options } = {
      ...{ draws: fromNested([[3]]), decode: same, classify: mixtureOf(1), options: {} },
      ...given,
    };
    const error = await latentCompleteness(draws, { decode, classify }, options).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RangeError);
    expect(String(error)).toContain(`"${name}"`);
  });
});

describe("the distance to the nearest item", () => {
  const rows = (width: number) =>
    fc.array(fc.array(fc.double({ min: -9, max: 9, noNaN: true }), { minLength: width, maxLength: width }), {
      minLength: 1,
      maxLength: 6,
    });

  it("is the least of all distances", () => {
    // Rows longer than the stretches in which sums are compared.
    fc.assert(
      fc.property(rows(70), rows(70), (x, data) => {
        const found = nearestDistances(fromNested(x), fromNested(data));
        x.forEach((row, point) => {
          const all = data.map((item) => Math.hypot(...item.map((value, i) => value - row[i]!)));
          expect(Math.abs(found[point]! - Math.min(...all))).toBeLessThan(1e-12 * 100);
        });
      }),
      { numRuns: 50 },
    );
  });

  it("is 0 for an item itself", () => {
    const data = normals([20, 40]);
    expect([...nearestDistances(data, data)]).toEqual(Array.from({ length: 20 }, () => 0));
  });

  it("wants an item, of as many features", () => {
    const x = fromNested([[1, 2]]);
    expect(() => nearestDistances(x, ndArray([0, 2], new Float64Array(0)))).toThrow('"data" expected at least 1 item');
    expect(() => nearestDistances(x, fromNested([[1]]))).toThrow(RangeError);
  });
});
