import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dequantise, quantise, uniformQuantiser } from "../src/index.ts";
import { isthmusErrorOf } from "./support/index.ts";

const finite = { noNaN: true, noDefaultInfinity: true } as const;

describe("uniform quantiser", () => {
  it("rounds halves to the even integer, as NumPy, PyTorch, ONNX Round and WASM nearest do", () => {
    const values = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.49999999999999994, -0.50000000000000011];
    expect([...quantise(values, uniformQuantiser([1]))]).toEqual([-2, -2, 0, 0, 2, 2, 0, -1]);
  });

  it("applies each dimension's own step and offset", () => {
    const quantiser = uniformQuantiser([0.5, 2], [10, -1]);
    expect([...quantise([11, 3, 9.5, -5], quantiser)]).toEqual([2, 2, -1, -2]);
    expect([...dequantise(Int32Array.of(2, 2, -1, -2), quantiser)]).toEqual([11, 3, 9.5, -5]);
  });

  it("moves a value by half a step at most", () => {
    const step = fc.float({ min: Math.fround(1e-3), max: Math.fround(1e3), ...finite });
    const value = fc.float({ min: -1e3, max: 1e3, ...finite });
    fc.assert(
      fc.property(step, value, value, (s, offset, y) => {
        const quantiser = uniformQuantiser([s], [offset]);
        const yHat = dequantise(quantise([y], quantiser), quantiser)[0]!;
        // Half a step, and one float32 rounding of yHat (2^-24 relative); the float64 steps in between are far below it.
        expect(Math.abs(yHat - y)).toBeLessThanOrEqual(s / 2 + Math.abs(yHat) * 2 ** -24 + s * 2 ** -24);
      }),
    );
  });

  it("gives back the symbols of what it reconstructs", () => {
    const quantiser = uniformQuantiser([0.25], [-3]);
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 20), max: 2 ** 20 }), (q) => {
        expect([...quantise(dequantise(Int32Array.of(q), quantiser), quantiser)]).toEqual([q]);
      }),
    );
  });

  it("reaches both ends of int32 and refuses what lies beyond", () => {
    const quantiser = uniformQuantiser([1, 1]);
    expect([...quantise([-2147483648, 2147483647.4], quantiser)]).toEqual([-2147483648, 2147483647]);
    expect(isthmusErrorOf(() => quantise([0, 0, 0, 2147483648], quantiser))).toMatchObject({
      code: "QUANTISER_RANGE",
      message: expect.stringContaining("item 1, dimension 1"),
      details: { item: 1, dimension: 1, value: 2147483648 },
    });
    expect(isthmusErrorOf(() => quantise([-2147483649, 0], quantiser)).code).toBe("QUANTISER_RANGE");
  });

  it.each([NaN, Infinity, -Infinity])("refuses %s by item and dimension", (value) => {
    const error = isthmusErrorOf(() => quantise([0, 0, 0, 0, 0, value], uniformQuantiser([1, 1, 1])));
    expect(error).toMatchObject({ code: "QUANTISER_NON_FINITE", details: { item: 1, dimension: 2 } });
    expect(error.message).toContain("item 1, dimension 2");
  });

  it("takes no items", () => {
    expect(quantise([], uniformQuantiser([1, 1]))).toHaveLength(0);
  });

  it("refuses steps, offsets and lengths that make no sense", () => {
    expect(() => uniformQuantiser([])).toThrow(RangeError);
    for (const step of [0, -1, NaN, Infinity, 1e-60]) expect(() => uniformQuantiser([1, step])).toThrow(/steps\[1\]/);
    expect(() => uniformQuantiser([1], [NaN])).toThrow(/offsets\[0\]/);
    expect(() => uniformQuantiser([1, 1], [0])).toThrow(/expected length 2/);
    expect(() => quantise([1, 2, 3], uniformQuantiser([1, 1]))).toThrow(RangeError);
    expect(() => dequantise(new Int32Array(3), uniformQuantiser([1, 1]))).toThrow(RangeError);
  });
});
