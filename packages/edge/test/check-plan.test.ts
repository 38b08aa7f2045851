import { IsthmusError } from "@isthmus/math";
import fc from "fast-check";
import { expect, test } from "vitest";
import { networks } from "./networks.ts";
import { checkPlan, MAX_BIAS, MAX_TAPS } from "../src/format.ts";
import { type ConvolutionCall, type IntegerPlan, javascriptExecutor, loadExecutor } from "../src/index.ts";
import { damaged } from "./damaged.ts";
import { denseWindow, type Layer, planOf, poolPlan } from "./plans.ts";

const channel = { bias: 0, multiplier: 2 ** 30, negative: 2 ** 30, shift: 31 };

function layer(inputs: number, given: Partial<Layer["channels"][number]> = {}): Layer {
  const weights = [Array.from({ length: inputs }, () => 127)];
  const bounds = { padding: 0, zero: 0, low: -(2 ** 31), high: 2 ** 31 - 1, wide: true };
  return { kernel: "conv2d", window: denseWindow(inputs, 1), weights, channels: [{ ...channel, ...given }], ...bounds };
}

const window = { ...denseWindow(1, 1), height: 2, width: 3, yHeight: 2, yWidth: 3 };
const good = planOf([layer(3)]);
const [call] = good.calls as [ConvolutionCall];
const withCall = (change: Partial<ConvolutionCall>): IntegerPlan => ({ ...good, calls: [{ ...call, ...change }] });

test("the largest sum that a plan may make stays within int32", () => {
  const extreme = layer(MAX_TAPS, { bias: MAX_BIAS, multiplier: 2 ** 30, shift: 30 });
  const [sum] = javascriptExecutor(planOf([extreme])).run(new Int8Array(MAX_TAPS).fill(127));
  expect(sum).toBe(MAX_BIAS + MAX_TAPS * 127 * 127);
});

test.each<[string, IntegerPlan, RegExp]>([
  [
    "more taps",
    planOf([layer(MAX_TAPS + 1)]),
    /call 0 \(conv2d\): taps expected an integer in \[1, 32768\], got 32769/,
  ],
  ["a larger bias", planOf([layer(3, { bias: MAX_BIAS + 1 })]), /bias of channel 0 expected .* got 1073741825/],
  ["a multiplier below 0", planOf([layer(3, { multiplier: -1 })]), /: multiplier of channel 0/],
  ["a negative multiplier below 0", planOf([layer(3, { negative: -1 })]), /negative multiplier of channel 0/],
  [
    "a shift too small",
    planOf([layer(3, { shift: 16 })]),
    /shift of channel 0 expected an integer in \[17, 62\], got 16/,
  ],
  ["a shift too large", planOf([layer(3, { shift: 63 })]), /shift of channel 0/],
  ["a memory of half a word", { ...good, memoryBytes: good.memoryBytes + 2 }, /"memoryBytes" expected a multiple of 4/],
  ["more constants than memory", { ...good, memoryBytes: 4 }, /bytes of constants in a memory of 4/],
  ["too much memory", { ...good, memoryBytes: 2 ** 31 }, /memoryBytes expected/],
  ["a scale of 0", { ...good, input: { ...good.input, scale: 0 } }, /"scale" expected > 0, got 0/],
  ["a zero point outside int8", { ...good, input: { ...good.input, zero: 128 } }, /input: zero/],
  ["an input in the constants", { ...good, input: { ...good.input, address: 0 } }, /input: address expected/],
  [
    "an output outside",
    { ...good, outputs: [{ name: "y", address: call.y, length: 99 }] },
    /output "y": length in bytes/,
  ],
  [
    "an output between words",
    { ...good, outputs: [{ name: "y", address: call.y + 1, length: 1 }] },
    /no multiple of 4/,
  ],
  ["x outside", withCall({ x: good.memoryBytes }), /call 0 \(conv2d\): x: length/],
  ["y in the constants", withCall({ y: 0 }), /y: address/],
  ["weights in the workspace", withCall({ weights: good.constants.length }), /weights: length/],
  ["channels in the workspace", withCall({ channels: good.constants.length }), /channels: length/],
  ["channels between words", withCall({ channels: call.channels + 2 }), /"channels" expected a multiple of 4/],
  ["x in y", withCall({ x: call.y, y: call.y }), /overlap/],
  ["a scratch in y", withCall({ scratch: call.y }), /overlap/],
  ["padding outside int8", withCall({ padding: 128 }), /padding expected/],
  ["bounds the wrong way round", withCall({ low: 1, high: 0 }), /"low" 1 is above "high" 0/],
  ["a bound outside int8", withCall({ wide: false }), /low expected an integer in \[-128, 127\]/],
  ["a window of 0", withCall({ window: { ...call.window, rows: 0 } }), /rows expected/],
  [
    "channels that are no multiple",
    withCall({ kernel: "depthwise", window: { ...call.window, yChannels: 4 } }),
    /no multiple of/,
  ],
  ["a row that is filled up with other than zeros", filledUp(), /fills up row 0 of the weights is not zero/],
  ["a stride too large", withCall({ window: { ...call.window, rowStride: 2 ** 15 + 1 } }), /rowStride expected/],
  [
    "another kernel",
    { ...good, calls: [{ ...call, kernel: "gdn" as "conv2d" }] },
    /call 0 \(gdn\): there is no such kernel/,
  ],
  [
    "a pool to other channels",
    { ...poolPlan(window), calls: [pool({ yChannels: 2 })] },
    /"yChannels" is not "channels"/,
  ],
])("%s is refused by name", (_, plan, message) => {
  expect(() => checkPlan(plan)).toThrow(message);
  expect(() => javascriptExecutor(plan)).toThrow(expect.objectContaining({ code: "PLAN_INVALID" }));
});

function pool(change: object): IntegerPlan["calls"][number] {
  const [first] = poolPlan(window).calls;
  return { ...first!, window: { ...window, ...change } } as IntegerPlan["calls"][number];
}

function filledUp(): IntegerPlan {
  const constants = good.constants.slice();
  constants[call.weights + 3] = 1;
  return { ...good, constants };
}

test("a damaged plan is refused, or runs to the same integers on either kernels", async () => {
  let [refused, ran] = [0, 0];
  const value = fc.oneof(
    fc.integer({ min: -5, max: 40 }),
    fc.integer(),
    fc.constantFrom(0.5, Number.NaN, 2 ** 31, 2 ** 53),
  );
  await fc.assert(
    fc.asyncProperty(networks, fc.nat(60), value, async ({ layers }, place, replaced) => {
      const plan = damaged(planOf(layers), place, replaced);
      const executor = await loadExecutor(plan, { kernels: "wasm" }).catch((error: unknown) => {
        expect(error).toBeInstanceOf(IsthmusError);
        expect((error as IsthmusError).code).toMatch(/^PLAN_/);
      });
      if (!executor) return void refused++;
      const item = Int8Array.from({ length: plan.input.length }, (_, i) => i * 37);
      expect([...executor.run(item)]).toEqual([...javascriptExecutor(plan).run(item)]);
      ran++;
    }),
    { numRuns: 400 },
  );
  expect(Math.min(refused, ran)).toBeGreaterThan(20);
});

test("a plan of another version is refused with its number", () => {
  expect(() => checkPlan({ ...good, version: 2 })).toThrow(IsthmusError);
  expect(() => checkPlan({ ...good, version: 2 })).toThrow(/version 2; this runtime runs version 1/);
});

test.each<[string, unknown, RegExp]>([
  ["no plan", null, /plan expected an object, got null/],
  ["no bytes of constants", { ...good, constants: [] }, /"constants" expected bytes/],
  ["no input", { ...good, input: null }, /input expected an object, got null/],
  ["outputs that are no array", { ...good, outputs: "" }, /"outputs" and "calls" expected arrays/],
  ["calls left out", { ...good, calls: undefined }, /"outputs" and "calls" expected arrays/],
  ["an output that is none", { ...good, outputs: [null] }, /output 0 expected an object, got null/],
  ["an output without a name", { ...good, outputs: [{ ...good.outputs[0]!, name: 1 }] }, /output 0: "name" expected/],
  ["a call that is none", { ...good, calls: [null] }, /call 0 expected an object, got null/],
  ["a window that is none", withCall({ window: null! }), /window expected an object, got null/],
  [
    "a window with a side left out",
    withCall({ window: { ...call.window, top: undefined! } }),
    /top expected an integer/,
  ],
])("a plan out of a file that says anything is refused: %s", (_, plan, what) => {
  expect(() => checkPlan(plan as IntegerPlan)).toThrow(expect.objectContaining({ name: "IsthmusError" }));
  expect(() => checkPlan(plan as IntegerPlan)).toThrow(what);
});
