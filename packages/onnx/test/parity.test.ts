import { describe, expect, test } from "vitest";
import { type OutputValues, parity } from "../src/index.ts";

const report = (actual: OutputValues, expected: OutputValues) =>
  parity({ run: async () => actual, reference: async () => expected, inputs: {} });

describe("parity", () => {
  test("gives both sides the same inputs", async () => {
    const twice = async ({ x }: { x: number[] }) => ({ y: x.map((value) => 2 * value) });
    expect(await parity({ run: twice, reference: twice, inputs: { x: [1, 2] } })).toEqual({
      maxAbs: 0,
      maxRel: 0,
      finite: true,
      perOutput: { y: { maxAbs: 0, maxRel: 0, finite: true } },
    });
  });

  test("is the worst of the outputs that the reference has", async () => {
    const actual = { a: [1, 2.5], b: [100, -401], more: [1] };
    expect(await report(actual, { a: [1, 2], b: Float32Array.from([100, -400]) })).toEqual({
      maxAbs: 1,
      maxRel: 0.25,
      finite: true,
      perOutput: {
        a: { maxAbs: 0.5, maxRel: 0.25, finite: true },
        b: { maxAbs: 1, maxRel: 1 / 400, finite: true },
      },
    });
  });

  test("counts a difference from zero as infinitely large, relatively", async () => {
    expect(await report({ a: [1e-9] }, { a: [0] })).toMatchObject({ maxAbs: 1e-9, maxRel: Infinity });
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
