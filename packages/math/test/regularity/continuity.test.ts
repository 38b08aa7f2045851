import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  fromNested,
  latentContinuity,
  type NdArray,
  ndArray,
  ndArrayOps as ops,
  randomNormal,
} from "../../src/index.ts";

const key = { seed: 1, stream: "segments" };

function normals(shape: readonly [number, number], seed = 1): NdArray {
  const values = new Float32Array(shape[0] * shape[1]);
  randomNormal(values, { seed, stream: "codes" });
  return ndArray(shape, Float64Array.from(values));
}

/** x = z W, z [rows, 2] -> [rows, 3] */
const linear = (w: NdArray) => (z: NdArray) => ops.matmul(z, w);
/** Orthogonal rows of length 3. */
const threefold = fromNested([
  [1, 2, 2],
  [2, 1, -2],
]);

describe("continuity", () => {
  it("of a linear decoder is known: its speed, an even pace, a straight way", async () => {
    const found = await latentContinuity(normals([50, 2]), linear(threefold), { segments: 40, key });
    // Each of 32 steps is a difference of numbers below 10 with a last place of 2^-50; the shortest segment here is above 0.05.
    expect(found.speed.value).toBeCloseTo(3, 10);
    expect(found.speed.standardError).toBeLessThan(1e-10);
    expect(found.unevenness.value).toBeCloseTo(1, 10);
    expect(found.detour.value).toBeCloseTo(1, 10);
    expect(found.perSegment.speed).toHaveLength(40);
  });

  it("of a linear decoder that stretches one axis lies between its singular values, by direction", async () => {
    const codes = fromNested([
      [0, 0],
      [4, 0],
    ]);
    const along = (w: number[][]) => latentContinuity(codes, linear(fromNested(w)), { segments: 3, key });
    expect((await along([[5], [0.5]])).speed.value).toBeCloseTo(5, 12);
    expect((await along([[0.5], [5]])).speed.value).toBeCloseTo(0.5, 12);
  });

  it("of a decoder that always says the same is 0, and has neither pace nor way", async () => {
    const constant = (z: NdArray) => ndArray([z.shape[0]!, 1], new Float64Array(z.shape[0]!).fill(7));
    const found = await latentContinuity(normals([10, 2]), constant, { key, segments: 20 });
    expect(found.speed).toEqual({ value: 0, standardError: 0 });
    expect(found.scaledSpeed.value).toBe(0);
    expect(found.unevenness.value).toBeNaN();
    expect(found.detour.value).toBeNaN();
  });

  it("of a jump is the number of steps uneven, and yet straight", async () => {
    const codes = fromNested([[-1], [2]]);
    const jump = (z: NdArray) =>
      ndArray(
        z.shape,
        z.data.map((value) => Number(value > 0)),
      );
    const found = await latentContinuity(codes, jump, { segments: 5, steps: 20, key });
    expect(found.unevenness.value).toBe(20);
    expect(found.detour.value).toBe(1);
    expect(found.speed.value).toBeCloseTo(1 / 3, 14);
  });

  it("of a circle is its polygon's", async () => {
    const codes = fromNested([[0], [Math.PI]]);
    const circle = (z: NdArray) => {
      const points = Array.from(z.data, (angle) => [Math.cos(angle), Math.sin(angle)]);
      return fromNested(points);
    };
    const found = await latentContinuity(codes, circle, { segments: 4, steps: 8, key });
    const polygon = 8 * 2 * Math.sin(Math.PI / 16);
    expect(found.speed.value).toBeCloseTo(polygon / Math.PI, 13);
    expect(found.detour.value).toBeCloseTo(polygon / 2, 13);
    expect(found.unevenness.value).toBeCloseTo(1, 13);
  });

  it("per deviation is the same for codes in other units", async () => {
    const codes = normals([30, 2]);
    const bent = (unit: number) => (z: NdArray) =>
      ndArray(
        z.shape,
        z.data.map((value) => Math.tanh(value / unit)),
      );
    const one = await latentContinuity(codes, bent(1), { segments: 25, key });
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 1e-3, max: 1e3, noNaN: true }), async (unit) => {
        const stretched = ndArray(
          codes.shape,
          codes.data.map((value) => value * unit),
        );
        const other = await latentContinuity(stretched, bent(unit), { segments: 25, key });
        // Rounding of a few hundred operations.
        expect(other.scaledSpeed.value / one.scaledSpeed.value).toBeCloseTo(1, 11);
        expect(other.speed.value / (one.speed.value / unit)).toBeCloseTo(1, 11);
        expect(other.unevenness.value).toBeCloseTo(one.unevenness.value, 10);
        expect(other.detour.value).toBeCloseTo(one.detour.value, 10);
      }),
      { numRuns: 20 },
    );
  });

  it("waits for a decoder, leaves out pairs that coincide, and gives the same for the same key", async () => {
    const codes = fromNested([[0], [0], [1]]);
    const later = async (z: NdArray) => Promise.resolve(z);
    const [one, again, other] = await Promise.all(
      [1, 1, 2].map((seed) => latentContinuity(codes, later, { segments: 60, key: { ...key, seed } })),
    );
    // A third of the ordered pairs of different items are the two zeros.
    expect(one!.perSegment.speed.length).toBeLessThan(60);
    expect(one!.perSegment.speed.length).toBeGreaterThan(20);
    expect(again).toEqual(one);
    expect(other!.perSegment.speed.length).not.toBe(one!.perSegment.speed.length);
  });

  it.each([
    ["codes", ndArray([3], new Float64Array(3)), linear(threefold), {}],
    ["codes", fromNested([[1, Number.NaN]]), linear(threefold), {}],
    ["codes.shape[0]", fromNested([[1, 2]]), linear(threefold), {}],
    ["codes", fromNested([[1], [1]]), (z: NdArray) => z, {}],
    ["decode()", normals([5, 2]), () => fromNested([[1]]), {}],
    [
      "decode()",
      normals([5, 2]),
      (z: NdArray) =>
        ndArray(
          z.shape,
          z.data.map(() => Infinity),
        ),
      {},
    ],
    ["segments", normals([5, 2]), linear(threefold), { segments: 0 }],
    ["steps", normals([5, 2]), linear(threefold), { steps: 1 }],
  ])("names %s when it does not fit", async (name, codes, decode, options) => {
    const error = await latentContinuity(codes, decode, { key, ...options }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RangeError);
    expect(String(error)).toContain(`"${name}"`);
  });

  it("wants a function", async () => {
    await expect(latentContinuity(normals([5, 2]), 1 as never, { key })).rejects.toThrow(TypeError);
  });
});
