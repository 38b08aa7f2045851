import { javascriptExecutor } from "@isthmus/edge";
import { dense } from "@isthmus/graph";
import { expect, test } from "vitest";
import { calibrate, calibrationMethods, lowerNetwork, type Network, quantiseNetwork } from "../src/index.ts";
import { interpreted, items, networkOf } from "./networks.ts";
import { Randomness } from "./randomness.ts";

/** Two layers; the input is node 0. */
const network = (inputs: number): Network =>
  networkOf([inputs], (build, x) => ({
    z: dense(build, dense(build, x, { name: "hidden", units: 8, activation: "relu" }), { name: "z", units: 4 }),
  }));

async function inputRange(values: Float32Array, method: "minmax" | "percentile" | "mse") {
  const ranges = await calibrate(network(values.length), { outputs: ["z"], batches: [values], method });
  return ranges.get(0)!;
}

test("minmax keeps everything; percentile leaves out 1 in 20,000 on either side; mse leaves out what costs more than it is worth", async () => {
  const draw = new Randomness(5);
  const values = Float32Array.from({ length: 40_000 }, () => draw.uniform() - 0.5);
  values.set([50, -20, 30]);
  const [all, most, best] = await Promise.all(
    (["minmax", "percentile", "mse"] as const).map((method) => inputRange(values, method)),
  );
  expect([all!.min, all!.max]).toEqual([-20, 50]);
  // 2 of 40,000 are 1 in 20,000: 50 and 30 above and -20 below are left out, to a bin of 64 / 2048.
  expect(most!.max).toBeGreaterThan(0.4);
  expect(most!.max).toBeLessThan(0.5 + 1 / 16);
  expect(most!.min).toBeLessThan(-0.4);
  expect(most!.min).toBeGreaterThan(-0.5 - 1 / 16);
  // Shrunk to a part p of it, some 40,000 (70 p / 255)^2 / 12 = 251 p^2 of rounding and 3800 (1 - p)^2 of clamping: least at p = 0.94.
  expect(best!.max / 50).toBeGreaterThan(0.85);
  expect(best!.max / 50).toBeLessThan(1);
});

test("by outputs it is the one of the three whose integers are nearest to the floats", async () => {
  const two = networkOf([8], (build, x) => ({
    z: dense(build, dense(build, x, { name: "hidden", units: 16, activation: "relu" }), { name: "z", units: 4 }),
  }));
  for (const seed of [1, 2, 3]) {
    const draw = new Randomness(seed);
    // Some far ones: whether it is worth to clamp them depends on how far.
    const x = Float32Array.from({ length: 400 * 8 }, (_, i) => draw.normal() * (i % 97 === 0 ? 2 ** seed : 1));
    const found = (method: (typeof calibrationMethods)[number]) =>
      calibrate(two, { outputs: ["z"], batches: [x], method });
    const floats = interpreted(two, x, 400)["z"]!;
    const errorOf = async (method: (typeof calibrationMethods)[number]): Promise<number> => {
      const integers = quantiseNetwork(two, { ranges: await found(method), outputs: { z: { steps: [1e-6] } } });
      return interpreted(integers, x, 400)["z"]!.reduce((sum, q, i) => sum + (q * 1e-6 - floats[i]!) ** 2, 0);
    };
    const each = await Promise.all((["minmax", "percentile", "mse"] as const).map(errorOf));
    expect(await errorOf("outputs")).toBe(Math.min(...each));
  }
});

test("a picture's bytes over 255 keep their exact values, by mse too", async () => {
  const bytes = Float32Array.from({ length: 2560 }, (_, i) => (i % 256) / 255);
  const { min, max } = await inputRange(bytes, "mse");
  expect([min, max]).toEqual([0, 1]);
});

test("batches may come one after the other, and are one as a whole", async () => {
  const draw = new Randomness(6);
  const values = Float32Array.from({ length: 5 * 40 }, () => draw.normal());
  const parts = [values.subarray(0, 60), values.subarray(60)];
  async function* later() {
    yield* parts;
  }
  const options = { outputs: ["z"], method: "mse" } as const;
  const whole = await calibrate(network(5), { ...options, batches: [values] });
  expect(await calibrate(network(5), { ...options, batches: parts })).toEqual(whole);
  expect(await calibrate(network(5), { ...options, batches: later() })).toEqual(whole);
});

test("channels that reach less far behind a ReLU keep their digits", async () => {
  const two = networkOf([8], (build, x) => ({
    z: dense(build, dense(build, x, { name: "hidden", units: 16, activation: "relu" }), { name: "z", units: 4 }),
  }));
  // Channel 0 reaches a hundred times as far as the others, and is read with a hundredth of the weight.
  const [hidden, kernel] = ["hidden.kernel", "z.kernel"].map((name) => two.parameters[name]!.data as Float32Array);
  for (let i = 0; i < 8; i++) hidden![i * 16] = 100 * Math.abs(hidden![i * 16]!);
  for (let c = 0; c < 4; c++) kernel![c]! /= 100;
  const x = items(300, 8);
  const found = await calibrate(two, { outputs: ["z"], batches: [x], method: "minmax" });
  const without = new Map([...found].map(([id, { min, max, means }]) => [id, { min, max, ...(means && { means }) }]));
  const floats = interpreted(two, x, 300)["z"]!;
  const error = (ranges: typeof found): number => {
    const integers = quantiseNetwork(two, { ranges, outputs: { z: { steps: [1e-6] } } });
    return Math.sqrt(interpreted(integers, x, 300)["z"]!.reduce((sum, q, i) => sum + (q * 1e-6 - floats[i]!) ** 2, 0));
  };
  // The others have 1 / 100 of 256 steps without, and sqrt(1 / 64) = 1 / 8 of them with: some twelve times as many.
  expect(error(found)).toBeLessThan(error(without) / 6);
});

test("biases take back what rounding weights does to the mean", async () => {
  const one = networkOf([64], (build, x) => ({ z: dense(build, x, { name: "z", units: 16 }) }));
  const draw = new Randomness(7);
  // Near 0.8: what rounding a weight adds is nearly the same for every item.
  const x = Float32Array.from({ length: 64 * 100 }, () => 0.8 + 0.01 * draw.normal());
  const found = await calibrate(one, { outputs: ["z"], batches: [x] });
  const without = new Map([...found].map(([id, { min, max }]) => [id, { min, max }]));
  const meanError = (ranges: typeof found): number => {
    const outputs = { z: { steps: [1e-6] } };
    const { run } = javascriptExecutor(lowerNetwork(quantiseNetwork(one, { ranges, outputs })));
    const sums = new Float64Array(16);
    for (let i = 0; i < 100; i++) {
      const item = x.subarray(64 * i, 64 * i + 64);
      run(item).forEach((value, c) => (sums[c]! += (value * 1e-6 - exact(one, item, c)) / 100));
    }
    return Math.max(...sums.map(Math.abs));
  };
  expect(meanError(found)).toBeLessThan(0.2 * meanError(without));
});

function exact({ parameters }: Network, x: Float32Array, c: number): number {
  const [kernel, bias] = ["z.kernel", "z.bias"].map((name) => parameters[name]!.data as Float32Array);
  return x.reduce((sum, value, k) => sum + value * kernel![k * 16 + c]!, bias![c]!);
}
