import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  arrayDataset,
  arrayOf,
  describeArray,
  dropMissingItems,
  gather,
  type ItemArray,
  selectItems,
  typedArray,
} from "../src/index.ts";
import { isthmusError } from "./support/error.ts";

const floats = (shape: number[], ...values: number[]): ItemArray => ({
  type: "f32",
  shape,
  values: Float32Array.from(values),
});

describe("bytes", () => {
  const array: ItemArray = { type: "u8", shape: [2, 2, 2], values: Uint8Array.of(0, 255, 51, 7, 1, 2, 3, 4) };
  const description = describeArray("x.npy", array);

  it("of two dimensions are images of one channel, each the same float32 as MNIST's", () => {
    const dataset = arrayDataset(description, array, "x.npy");
    expect(dataset.shape).toEqual([2, 2, 1]);
    expect(dataset.values).toBe(array.values);
    const out = new Float32Array(4);
    gather(dataset, [0], out);
    expect([...out]).toEqual([0, 1, Math.fround(0.2), Math.fround(7 / 255)]);
  });

  it("come back as the bytes they were, in the shape they had", () => {
    const dataset = arrayDataset(description, array, "x.npy");
    const seen = new Float32Array(8);
    gather(dataset, [0, 1], seen);
    expect(arrayOf(description, seen)).toEqual({ shape: [2, 2, 2], values: array.values });
  });
});

describe("floats", () => {
  it("are taken to [0, 1] by the training items' range, or to mean 0 and deviation 1", () => {
    const array = floats([3, 1, 2, 1], 10, 20, 30, 20, 90, -100);
    const ranged = describeArray("x.npy", array, { trainItems: [0, 1] });
    expect(ranged.item).toEqual({ kind: "array", stored: [1, 2, 1], shape: [1, 2, 1], offset: 10, scale: 20 });
    expect([...arrayDataset(ranged, array, "x.npy").values]).toEqual([0, 0.5, 1, 0.5, 4, -5.5]);
    const mean = describeArray("x.npy", array, { trainItems: [0, 1], standardise: "mean" });
    expect([mean.item.offset, mean.item.scale]).toEqual([20, Math.sqrt(50)]);
  });

  it("come back, whatever the standardisation", () => {
    const values = fc.array(fc.float({ min: -1000, max: 1000, noNaN: true }), { minLength: 4, maxLength: 40 });
    fc.assert(
      fc.property(values, fc.constantFrom("mean", "range", "none"), (given, standardise) => {
        const array = floats([Math.floor(given.length / 4), 2, 2], ...given.slice(0, 4 * Math.floor(given.length / 4)));
        const description = describeArray("x.npy", array, { standardise });
        const back = arrayOf(description, arrayDataset(description, array, "x.npy").values as Float32Array);
        expect(back.shape).toEqual(array.shape);
        // One rounding to float32 there and one back, of numbers up to the largest and to the spread.
        back.values.forEach((value, at) =>
          expect(Math.abs(Number(value) - Number(array.values[at]))).toBeLessThan(3 * 2 ** -24 * 2000),
        );
      }),
    );
  });

  it("that are missing are refused by name, filled or left out", async () => {
    const array = floats([2, 1, 2], 1, 3, Number.NaN, 8);
    const error = await isthmusError(() => arrayDataset(describeArray("x.npy", array), array, "x.npy"));
    expect(error.code).toBe("DATA_ARRAY");
    expect(error.message).toBe("x.npy: item 2, element 1: the value is missing");
    const filled = describeArray("x.npy", array, { missing: "mean", standardise: "none" });
    expect([...arrayDataset(filled, array, "x.npy").values]).toEqual([1, 3, 4, 8]);
    expect(dropMissingItems(array)).toEqual(floats([1, 1, 2], 1, 3));
  });

  it("that are infinite are refused, though scaled by nothing", async () => {
    for (const values of [
      [1, 1, Infinity, 1],
      [Infinity, Infinity, Infinity, Infinity],
    ]) {
      const array = floats([2, 1, 2], ...values);
      const description = describeArray("x.npy", floats([1, 1, 2], 1, 1));
      expect((await isthmusError(() => arrayDataset(description, array, "x.npy"))).message).toMatch(
        /Infinity is no number/,
      );
    }
  });
});

it("refuses items of another shape, and none", async () => {
  const description = describeArray("x.npy", floats([1, 2, 2], 1, 2, 3, 4));
  const error = await isthmusError(() => arrayDataset(description, floats([1, 4, 1], 1, 2, 3, 4), "y.npy"));
  expect(error.message).toBe("y.npy: expected items of shape [2, 2], got [4, 1]");
  expect((await isthmusError(() => describeArray("x.npy", floats([0, 2, 2])))).message).toBe("x.npy: no items");
});

it("selects items in any order", () => {
  expect(selectItems(floats([3, 2], 1, 2, 3, 4, 5, 6), [2, 0])).toEqual(floats([2, 2], 5, 6, 1, 2));
});

describe("typedArray", () => {
  it.each([
    ["u8", [0, 0, 2, 255]],
    ["i16", [-3, 0, 2, 32767]],
    ["u32", [0, 0, 2, 4294967295]],
    ["i64", [-3n, 0n, 2n, 1000000000000n]],
    ["u64", [0n, 0n, 2n, 1000000000000n]],
    ["f64", [-2.6, 0.2, 1.5, 1e12]],
  ] as const)("rounds to %s and keeps within its limits", (type, expected) => {
    const values = [-2.6, 0.2, 1.5, 1e12];
    expect([...typedArray(type, 4, (at) => values[at]!)]).toEqual(expected);
  });
});
