import { planKernelBytes } from "@isthmus/kernels/plan";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { type Executor, type IntegerPlan, javascriptExecutor, loadExecutor } from "../src/index.ts";
import { denseWindow, expectedOf, type Layer, planOf, poolPlan, pooled } from "./plans.ts";
import { networks, pools } from "./networks.ts";

/** The layers one after the other, by the formulas. */
function expected(layers: readonly Layer[], item: readonly number[]): number[] {
  return layers.reduce<number[]>((x, layer) => expectedOf(layer, x), [...item]);
}

/** Both ways to run a plan. */
const ways: readonly (readonly [string, (plan: IntegerPlan) => Promise<Executor>])[] = [
  ["plain JavaScript", (plan) => loadExecutor(plan, { kernels: "javascript" })],
  ["WebAssembly", (plan) => loadExecutor(plan, { kernels: "wasm" })],
];

test.each(ways)("random networks are what the formulas say, in %s", async (_, open) => {
  await fc.assert(
    fc.asyncProperty(networks, async ({ layers, item }) => {
      const executor = await open(planOf(layers));
      expect([...executor.run(Int8Array.from(item))]).toEqual(expected(layers, item));
    }),
    { numRuns: 300 },
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

test.each(ways)("a lookup takes each of the 256 numbers through the table, in %s", async (_, open) => {
  const all = Array.from({ length: 256 }, (_, i) => i - 128);
  const table = all.map((value) => ((value * 37 + 11) << 24) >> 24);
  const layer = { ...widened(256), low: -128, high: 127, wide: false };
  const executor = await open(planOf([layer, widened(256)], { 0: table }));
  expect([...executor.run(Int8Array.from(all))]).toEqual(table);
});

test.each(ways)("a pool takes the largest, and nothing from beside the image, in %s", async (_, open) => {
  await fc.assert(
    fc.asyncProperty(pools, async ({ window, item }) => {
      const executor = await open(poolPlan(window));
      expect([...executor.run(Int8Array.from(item))]).toEqual(pooled(window, item));
    }),
  );
});

test("the kernels are those that were asked for, and WebAssembly by default", async () => {
  const plan = planOf([widened(4)]);
  expect((await loadExecutor(plan)).kernels).toBe("wasm");
  expect((await loadExecutor(plan, { kernels: "wasm" })).kernels).toBe("wasm");
  expect((await loadExecutor(plan, { kernels: "javascript" })).kernels).toBe("javascript");
  expect(javascriptExecutor(plan).kernels).toBe("javascript");
  await expect(loadExecutor(plan, { kernels: "gpu" as "wasm" })).rejects.toThrow(
    /"kernels" expected wasm or javascript/,
  );
});

test("the kernels may come compiled, or as bytes", async () => {
  const plan = planOf([widened(4)]);
  const bytes = planKernelBytes();
  for (const module of [bytes, await WebAssembly.compile(bytes)]) {
    const executor = await loadExecutor(plan, { module });
    expect([executor.kernels, ...executor.run(Int8Array.of(1, -2, 3, -4))]).toEqual(["wasm", 1, -2, 3, -4]);
  }
});

test("where WebAssembly is missing or has no vectors, plain JavaScript runs unless the other was asked for", async () => {
  const plan = planOf([widened(4)]);
  const real = WebAssembly;
  try {
    for (const other of [
      undefined,
      { Module: real.Module, compile: () => Promise.reject(new real.CompileError("no vectors")) },
    ]) {
      Object.assign(globalThis, { WebAssembly: other });
      expect((await loadExecutor(plan)).kernels).toBe("javascript");
      await expect(loadExecutor(plan, { kernels: "wasm" })).rejects.toMatchObject({ code: "WASM_NO_SIMD" });
    }
  } finally {
    Object.assign(globalThis, { WebAssembly: real });
  }
});

test("a plan that the memory has no room for is refused by its bytes", async () => {
  const full = vi.spyOn(WebAssembly.Memory.prototype, "grow").mockImplementation(() => {
    throw new RangeError("Maximum memory size exceeded");
  });
  try {
    const refusal = { code: "WASM_MEMORY", message: expect.stringMatching(/^there are no \d+ bytes for the plan$/) };
    await expect(loadExecutor(planOf([widened(4)]), { kernels: "wasm" })).rejects.toMatchObject(refusal);
  } finally {
    full.mockRestore();
  }
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

/** By the words of docs/integer.md: halves to the even integer. */
function rounded(x: number): number {
  const below = Math.floor(x);
  return x - below === 0.5 ? below + Math.abs(below % 2) : Math.round(x);
}

const halves = fc.tuple(fc.integer({ min: -300, max: 300 }), fc.constantFrom(0.25, 0.5, 2, 8)).map(([n, scale]) => ({
  value: (n / 2) * scale,
  scale,
}));
const anyFloats = fc.tuple(
  fc.float({ noDefaultInfinity: true, noNaN: true }),
  fc.double({ min: 2 ** -20, max: 2 ** 20, noNaN: true }),
);
const inputs = fc.record({
  values: fc.array(fc.float({ noDefaultInfinity: true, noNaN: true, min: -1000, max: 1000 }), {
    minLength: 1,
    maxLength: 40,
  }),
  odd: fc.oneof(
    halves,
    anyFloats.map(([value, scale]) => ({ value, scale })),
  ),
  zero: fc.integer({ min: -128, max: 127 }),
});

test.each(ways)("floats become the nearest multiple of the scale, halves the even one, in %s", async (_, open) => {
  await fc.assert(
    fc.asyncProperty(inputs, async ({ values, odd: { value, scale }, zero }) => {
      const item = Float32Array.from([...values, value]);
      const plan = planOf([widened(item.length)]);
      const { run } = await open({ ...plan, input: { ...plan.input, scale, zero } });
      const expected = Array.from(item, (x) => Math.min(Math.max(rounded(x / scale) + zero, -128), 127));
      expect([...run(item)]).toEqual(expected);
      expect([...run(Float64Array.from(item))]).toEqual(expected);
    }),
    { numRuns: 300 },
  );
});

test.each(ways)("a float that is not finite is refused by its place, and none is run, in %s", async (_, open) => {
  for (const length of [1, 2, 3, 4, 7, 16]) {
    const { run } = await open(planOf([widened(length)]));
    for (let at = 0; at < length; at++) {
      for (const value of [NaN, Infinity, -Infinity]) {
        const item = new Float32Array(length);
        item[at] = value;
        expect(() => run(item)).toThrow(new RangeError(`"item[${at}]" expected a finite number, got ${value}`));
      }
    }
    expect([...run(new Float32Array(length).fill(1e30))]).toEqual(new Array(length).fill(127));
  }
});

test.each(ways)("a run leaves nothing behind that the next would see, in %s", async (_, open) => {
  await fc.assert(
    fc.asyncProperty(networks, async ({ layers, item }) => {
      const { run } = await open(planOf(layers));
      const first = [...run(Int8Array.from(item))];
      run(Int8Array.from(item, (value) => ~value));
      expect([...run(Int8Array.from(item))]).toEqual(first);
    }),
  );
});
