import { describe, expect, test } from "vitest";
import { type OutputValues, parity, requireParity } from "../src/index.ts";

const report = (actual: OutputValues, expected: OutputValues) =>
  parity({ run: async () => actual, reference: async () => expected, inputs: {} });

describe("parity", () => {
  test("gives both sides the same inputs", async () => {
    const twice = async ({ x }: { x: number[] }) => ({ y: x.map((value) => 2 * value) });
    expect(await parity({ run: twice, reference: twice, inputs: { x: [1, 2] } })).toEqual({
      maxAbs: 0,
      maxRel: 0,
      share: 0,
      finite: true,
      perOutput: { y: { maxAbs: 0, maxRel: 0, share: 0, finite: true } },
    });
  });

  test("is the worst of the outputs that the reference has", async () => {
    const actual = { a: [1, 2.5], b: [100, -401], more: [1] };
    const a = { maxAbs: 0.5, maxRel: 0.25, share: 0.5 / (1e-5 + 1e-4 * 2), finite: true };
    const b = { maxAbs: 1, maxRel: 1 / 400, share: 1 / (1e-5 + 1e-4 * 400), finite: true };
    expect(await report(actual, { a: [1, 2], b: Float32Array.from([100, -400]) })).toEqual({
      ...{ maxAbs: 1, maxRel: 0.25, share: a.share, finite: true },
      perOutput: { a, b },
    });
  });

  test("allows each value its own difference, not that of the largest", async () => {
    // 1e-3 is nothing beside 1000 and far too much beside 0.
    expect((await report({ a: [1000.001, 0] }, { a: [1000, 0] })).share).toBeLessThan(1);
    expect((await report({ a: [1000, 0.001] }, { a: [1000, 0] })).share).toBeCloseTo(100, 6);
    const tolerances = { a: { absolute: 0.002, relative: 0 } };
    const run = async () => ({ a: [1000, 0.001] });
    expect(await parity({ run, reference: async () => ({ a: [1000, 0] }), inputs: {}, tolerances })).toMatchObject({
      share: 0.5,
    });
  });

  test("is required of every output, and the first that lacks it is named", async () => {
    const told = "they differ";
    const of = async (actual: OutputValues, expected: OutputValues) =>
      requireParity(await report(actual, expected), told);
    await of({ a: [1 + 1e-5], b: [0] }, { a: [1], b: [0] });
    await expect(of({ a: [1], b: [2e-5] }, { a: [1], b: [0] })).rejects.toMatchObject({
      code: "ONNX_PARITY",
      message: expect.stringMatching(/^they differ in "b": max abs error 2\.0e-5 .* 2\.00 times what is allowed$/),
      details: { output: "b" },
    });
    await expect(of({ a: [Infinity] }, { a: [Infinity] })).rejects.toThrow(/"a": values that are not finite/);
  });

  test("counts a difference from zero as infinitely large, relatively", async () => {
    expect(await report({ a: [1e-9] }, { a: [0] })).toMatchObject({ maxAbs: 1e-9, maxRel: Infinity, share: 1e-4 });
    expect(await report({ a: [0] }, { a: [0] })).toMatchObject({ maxAbs: 0, maxRel: 0 });
  });

  test("says what is not finite, and differs only where the other side does not share it", async () => {
    expect(await report({ a: [NaN, Infinity] }, { a: [NaN, Infinity] })).toMatchObject({
      maxAbs: 0,
      maxRel: 0,
      finite: false,
    });
    expect(await report({ a: [NaN] }, { a: [1] })).toMatchObject({ maxAbs: Infinity, maxRel: Infinity, finite: false });
    expect(await report({ a: [1] }, { a: [-Infinity] })).toMatchObject({
      maxAbs: Infinity,
      maxRel: Infinity,
      finite: false,
    });
  });

  test("refuses outputs that are missing or of another length", async () => {
    await expect(report({}, { a: [1] })).rejects.toMatchObject({ code: "ONNX_PARITY", details: { output: "a" } });
    await expect(report({ a: [1, 2] }, { a: [1] })).rejects.toMatchObject({ code: "ONNX_PARITY" });
  });
});
