import { IsthmusError } from "@isthmus/math";
import fc from "fast-check";
import { expect, test } from "vitest";
import { checkFloatPlan, checkPlan } from "../src/format.ts";
import {
  type ElementwiseCall,
  type FloatConvolutionCall,
  type FloatPlan,
  type IntegerPlan,
  javascriptExecutor,
  loadExecutor,
} from "../src/index.ts";
import { damaged } from "./damaged.ts";
import { floatLayers, floatPlanOf } from "./float-plans.ts";
import { denseWindow } from "./plans.ts";

const good = floatPlanOf({
  kernel: "floatConv2d",
  window: denseWindow(3, 5),
  weights: new Array<number>(15).fill(0.5),
  biases: [1, 2, 3, 4, 5],
});
const [call] = good.calls as [FloatConvolutionCall];
const withCall = (change: object): FloatPlan => ({ ...good, calls: [{ ...call, ...change } as FloatConvolutionCall] });
const function_ = floatPlanOf({ kernel: "add", length: 8, other: [1, 2, 3, 4] });
const withFunction = (change: object): FloatPlan => ({
  ...function_,
  calls: [{ ...(function_.calls[0] as ElementwiseCall), ...change } as ElementwiseCall],
});
const withOutput = (change: object): FloatPlan => ({ ...good, outputs: [{ ...good.outputs[0]!, ...change }] });

test("a plan computes symbols: the nearest steps, halves to the even one", async () => {
  const halves = floatPlanOf({ kernel: "abs", length: 8, other: [0, 0, 0, 0] }, 0.5);
  const item = Float32Array.of(0.25, 0.75, 1.25, -1.75, 0.3, 0, -0, 7);
  for (const kernels of ["wasm", "javascript"] as const) {
    const executor = await loadExecutor(halves, { kernels });
    expect([executor.kernels, ...executor.run(item)]).toEqual([kernels, 0, 2, 2, 4, 1, 0, 0, 14]);
  }
  const offset = withOutput({});
  expect([...javascriptExecutor(offset).run(Float32Array.of(2, 4, 6))]).toEqual([7, 8, 9, 10, 11].map((v) => v * 1024));
});

test.each([
  [Float32Array.of(1e30, 0, 0), "QUANTISER_RANGE"],
  [Float32Array.of(3e38, 3e38, 3e38), "QUANTISER_NON_FINITE"],
])("a number that no symbol stands for is refused, %#", async (item, code) => {
  for (const kernels of ["wasm", "javascript"] as const) {
    const { run } = await loadExecutor(good, { kernels });
    expect(() => run(item)).toThrow(expect.objectContaining({ code }));
    expect([...run(new Float32Array(3))].length).toBe(5);
  }
});

test("an item that is not finite, or of another length, is refused", () => {
  const { run } = javascriptExecutor(good);
  expect(() => run(Float32Array.of(0, Number.NaN, 0))).toThrow(/"item\[1\]" expected a finite number, got NaN/);
  expect(() => run(new Float32Array(4))).toThrow(/"item" expected 3 numbers, got 4/);
});

test.each<[string, FloatPlan, RegExp]>([
  ["more constants than memory", { ...good, memoryBytes: 4 }, /bytes of constants in a memory of 4/],
  ["an input in the constants", { ...good, input: { ...good.input, address: 0 } }, /input: address expected/],
  ["an input between words", { ...good, input: { ...good.input, address: call.x + 2 } }, /no multiple of 4/],
  ["an output outside", withOutput({ length: 99999 }), /output "y": length in bytes/],
  ["a grid in the workspace", withOutput({ grid: call.x }), /output "y": grid: length/],
  ["no channels", withOutput({ channels: 0 }), /output "y": channels expected/],
  ["a step of 0", withOutput({ grid: call.weights - 12 }), /channel 0 has steps of 0 from/],
  ["x outside", withCall({ x: good.memoryBytes }), /call 0 \(floatConv2d\): x: length/],
  ["y in the constants", withCall({ y: 0 }), /y: address/],
  ["y without room behind its last pixel", withCall({ y: good.memoryBytes - 20 }), /y: length in bytes/],
  ["weights in the workspace", withCall({ weights: good.constants.length }), /weights: length/],
  ["biases in the workspace", withCall({ biases: good.constants.length }), /biases: length/],
  ["biases without room for a vector", withCall({ biases: good.constants.length - 20 }), /biases: length/],
  ["weights between words", withCall({ weights: call.weights + 1 }), /no multiple of 4/],
  ["x in y", withCall({ x: call.y }), /overlap/],
  ["a scratch in y", withCall({ scratch: call.y }), /overlap/],
  ["a window of 0", withCall({ window: { ...call.window, rows: 0 } }), /rows expected/],
  ["a window that is none", withCall({ window: null }), /window expected an object, got null/],
  [
    "channels that are no multiple",
    withCall({ kernel: "floatDepthwise", window: { ...call.window, yChannels: 4 } }),
    /no multiple of/,
  ],
  [
    "a pool to other channels",
    withCall({ kernel: "floatMaxPool", window: { ...call.window, yChannels: 6 } }),
    /is not "channels"/,
  ],
  ["a kernel of integers", withCall({ kernel: "conv2d" }), /call 0 \(conv2d\): there is no such kernel/],
  ["a name of every object", withFunction({ kernel: "toString" }), /there is no such kernel/],
  ["a length of no whole vectors", withFunction({ length: 7 }), /length expected a multiple of 4, got 7/],
  ["a length of 0", withFunction({ length: 0 }), /length expected an integer in \[4,/],
  ["an operand of no numbers", withFunction({ otherLength: 0 }), /otherLength expected an integer/],
  ["an operand outside", withFunction({ other: function_.memoryBytes - 4 }), /other: length in bytes/],
  [
    "an operand in y, but for a vector",
    withFunction({ x: (function_.calls[0] as ElementwiseCall).y + 4, xLength: 4 }),
    /overlap/,
  ],
])("%s is refused by name", (_, plan, message) => {
  expect(() => checkFloatPlan(plan)).toThrow(message);
  expect(() => javascriptExecutor(plan)).toThrow(expect.objectContaining({ code: "PLAN_INVALID" }));
});

test("a plan of another version is refused, and one of floats where integers are asked for", () => {
  expect(() => checkFloatPlan({ ...good, version: 3 })).toThrow(/version 3; this runtime runs version 2/);
  expect(() => checkPlan(good as unknown as IntegerPlan)).toThrow(/version 2; this runtime runs version 1/);
  expect(() => javascriptExecutor({ ...good, version: 3 })).toThrow(expect.objectContaining({ code: "PLAN_VERSION" }));
});

test("a damaged plan is refused, or runs to the same symbols on either kernels", async () => {
  let [refused, ran] = [0, 0];
  const value = fc.oneof(
    fc.integer({ min: -5, max: 40 }),
    fc.integer(),
    fc.constantFrom(0.5, Number.NaN, 2 ** 31, 2 ** 53),
  );
  await fc.assert(
    fc.asyncProperty(floatLayers, fc.nat(40), value, async ({ layer, item }, place, replaced) => {
      const plan = damaged(floatPlanOf(layer), place, replaced);
      const executor = await loadExecutor(plan, { kernels: "wasm" }).catch((error: unknown) => {
        expect(error).toBeInstanceOf(IsthmusError);
        expect((error as IsthmusError).code).toMatch(/^PLAN_/);
      });
      if (!executor) return void refused++;
      const given = Float32Array.from({ length: plan.input.length }, (_, i) => item[i] ?? 1);
      const made = (run: (item: Float32Array) => Int32Array): number[] | string => {
        try {
          return [...run(given)];
        } catch (error) {
          return (error as IsthmusError).code;
        }
      };
      expect(made(executor.run)).toEqual(made(javascriptExecutor(plan).run));
      ran++;
    }),
    { numRuns: 400 },
  );
  expect(Math.min(refused, ran)).toBeGreaterThan(20);
});
