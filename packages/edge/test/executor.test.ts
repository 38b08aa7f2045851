import fc from "fast-check";
import { expect, test } from "vitest";
import { javascriptExecutor } from "../src/index.ts";
import { denseWindow, expectedOf, type Layer, planOf, poolPlan } from "./plans.ts";
import { networks } from "./networks.ts";

/** The layers one after the other, by the formulas. */
function expected(layers: readonly Layer[], item: readonly number[]): number[] {
  return layers.reduce<number[]>((x, layer) => expectedOf(layer, x), [...item]);
}

test("random networks are what the formulas say, in plain JavaScript", () => {
  fc.assert(
    fc.property(networks, ({ layers, item }) => {
      const executor = javascriptExecutor(planOf(layers));
      expect([...executor.run(Int8Array.from(item))]).toEqual(expected(layers, item));
    }),
  );
});

const identity = { bias: 0, multiplier: 2 ** 30, negative: 2 ** 30, shift: 30 };

/** As they come out of a lookup and a pool: a layer that gives each number its own int32. */
function widened(length: number): Layer {
  const weights = Array.from({ length }, (_, i) => Array.from({ length }, (__, k) => (i === k ? 1 : 0)));
  const channels = weights.map(() => identity);
  const bounds = { zero: 0, low: -(2 ** 31), high: 2 ** 31 - 1, wide: true };
  return { kernel: "conv2d", window: denseWindow(length, length), weights, channels, padding: 0, ...bounds };
}

test("a lookup takes each of the 256 numbers through the table", () => {
  const all = Array.from({ length: 256 }, (_, i) => i - 128);
  const table = all.map((value) => ((value * 37 + 11) << 24) >> 24);
  const layer = { ...widened(256), low: -128, high: 127, wide: false };
  const executor = javascriptExecutor(planOf([layer, widened(256)], { 0: table }));
  expect([...executor.run(Int8Array.from(all))]).toEqual(table);
});

test("a pool takes the largest, and nothing from beside the image", () => {
  const plan = poolPlan();
  const item = Int8Array.from([-5, -128, -7, -9, -3, -120]);
  // [[-5, -128, -7], [-9, -3, -120]], windows of 2 x 2 from one above and left of it.
  expect([...javascriptExecutor(plan).run(item)]).toEqual([-5, -5, -7, -5, -3, -3, -9, -3, -3]);
});

test("an item is int8, uint8 less 128, or floats by the input's scale, halves to even", () => {
  const plan = planOf([widened(4)]);
  const { run } = javascriptExecutor(plan);
  expect([...run(Int8Array.of(-128, -1, 0, 127))]).toEqual([-128, -1, 0, 127]);
  expect([...run(Uint8Array.of(0, 127, 128, 255))]).toEqual([-128, -1, 0, 127]);
  expect([...run(Uint8ClampedArray.of(0, 127, 128, 255))]).toEqual([-128, -1, 0, 127]);
  expect([...run(Float32Array.of(0, 1, 7, -1))]).toEqual([-128, 127, 127, -128]);
  const halves = javascriptExecutor({ ...plan, input: { ...plan.input, scale: 2, zero: 3 } });
  expect([...halves.run(Float64Array.of(1, 3, -1, -3))]).toEqual([3, 5, 3, 1]);
  expect(() => run(new Int8Array(3))).toThrow(/"item" expected 4 numbers, got 3/);
  expect(() => run(Float32Array.of(0, Number.NaN, 0, 0))).toThrow(/"item\[1\]" expected a finite number, got NaN/);
});

test("a run leaves nothing behind that the next would see", () => {
  fc.assert(
    fc.property(networks, ({ layers, item }) => {
      const { run } = javascriptExecutor(planOf(layers));
      const first = [...run(Int8Array.from(item))];
      run(Int8Array.from(item, (value) => ~value));
      expect([...run(Int8Array.from(item))]).toEqual(first);
    }),
  );
});
