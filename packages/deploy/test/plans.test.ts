import { javascriptExecutor, loadExecutor } from "@isthmus/edge";
import { expect, test } from "vitest";
import { conv2d, dense } from "@isthmus/graph";
import { calibrate, calibrationMethods, lowerNetwork, type Network, quantiseNetwork } from "../src/index.ts";
import { decoder, interpreted, items, manyKinds, networkOf } from "./networks.ts";

const SIZE = 9 * 8 * 3;
const grids = { mu: { steps: [0.05], offsets: [0.1, -0.2, 0, 0.3, 1, -1] }, logVar: { steps: [0.1, 0.2, 0.05, 0.3] } };

async function quantised(network: Network, method: (typeof calibrationMethods)[number] = "minmax"): Promise<Network> {
  const ranges = await calibrate(network, { outputs: ["mu", "logVar"], batches: [items(50, SIZE)], method });
  return quantiseNetwork(network, { ranges, outputs: grids });
}

test.each(["relu", "sigmoid", "tanh", "softplus"] as const)(
  "a plan computes what the float64 interpreter makes of the graph, with %s",
  async (activation) => {
    const network = await quantised(manyKinds(activation));
    const executor = javascriptExecutor(lowerNetwork(network));
    const x = items(20, SIZE, 3);
    const { mu, logVar } = interpreted(network, x, 20);
    for (let i = 0; i < 20; i++) {
      const found = [...executor.run(x.subarray(i * SIZE, (i + 1) * SIZE))];
      expect(found).toEqual([...mu!.subarray(i * 6, i * 6 + 6), ...logVar!.subarray(i * 4, i * 4 + 4)]);
    }
  },
);

test.each(calibrationMethods)("what the integers stand for is near the network in floats, by %s", async (method) => {
  const network = manyKinds();
  const x = items(200, SIZE, 4);
  const integers = interpreted(await quantised(network, method), x, 200);
  const floats = interpreted(network, x, 200);
  const [step, offsets] = [0.05, grids.mu.offsets];
  const errors = floats["mu"]!.map((value, i) => integers["mu"]![i]! * step + offsets[i % 6]! - value);
  // The grid alone leaves step^2 / 12. A value in int8 that spans 8 times its root mean square is off by 8 / 255 / sqrt(12) of it,
  // 0.9 %, and there are six of them one behind the other: sqrt(6) times that.
  const bound = Math.hypot(step / Math.sqrt(12), 0.022 * rootMeanSquare(floats["mu"]!));
  expect(rootMeanSquare(errors)).toBeLessThan(bound);
});

function rootMeanSquare(values: Float64Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length);
}

test("so does a plan of a decoder with transposed convolutions, cuts, clamps and leaky ReLUs, on either kernels", async () => {
  const network = decoder();
  const options = { outputs: ["image"], batches: [items(50, 6).map((value) => 2 * value - 1)] };
  const ranges = await calibrate(network, options);
  const integers = quantiseNetwork(network, { ranges, outputs: { image: { steps: [0.01, 0.02], offsets: [0.5] } } });
  const plan = lowerNetwork(integers);
  expect(plan.calls.map(({ kernel }) => kernel)).toEqual([
    "conv2d",
    ...Array.from({ length: 4 }, () => "conv2dTranspose"),
  ]);
  const x = items(10, 6, 3).map((value) => 2 * value - 1);
  const { image } = interpreted(integers, x, 10);
  for (const kernels of ["javascript", "wasm"] as const) {
    const { run } = await loadExecutor(plan, { kernels });
    const found = Array.from({ length: 10 }, (_, i) => [...run(x.subarray(6 * i, 6 * i + 6))]).flat();
    expect(found).toEqual([...image!]);
  }
  const floats = interpreted(network, x, 10)["image"]!;
  const errors = floats.map((value, i) => image![i]! * [0.01, 0.02][i % 2]! + 0.5 - value);
  // The wider grid's half step, and five roundings of int8 as above.
  expect(rootMeanSquare(errors)).toBeLessThan(Math.hypot(0.02 / Math.sqrt(12), 0.022 * rootMeanSquare(floats)));
});

test("the same network gives the same plan, and running it leaves the network alone", async () => {
  const network = manyKinds();
  const before = structuredClone(network);
  const [first, second] = [lowerNetwork(await quantised(network)), lowerNetwork(await quantised(network))];
  expect(first).toEqual(second);
  expect(network).toEqual(before);
});

test("weights are int8 in [-127, 127], each channel's largest at the end", async () => {
  const { parameters } = await quantised(manyKinds());
  for (const [name, { shape, data }] of Object.entries(parameters)) {
    const channels = shape.at(-1)!;
    const largest = Array.from({ length: channels }, (_, c) =>
      Math.max(
        ...Array.from(data as Float32Array)
          .filter((__, i) => i % channels === c)
          .map(Math.abs),
      ),
    );
    expect(Array.from(data).every(Number.isInteger)).toBe(true);
    expect(largest).toEqual(largest.map(() => (name.startsWith("averages") ? 1 : 127)));
  }
});

test("a channel whose bias is huge beside its weights keeps its bias", async () => {
  const network = networkOf([2], (build, x) => ({ mu: dense(build, x, { name: "mu", units: 2 }) }));
  (network.parameters["mu.kernel"]!.data as Float32Array).set([1e-9, 1, 0, 1]);
  (network.parameters["mu.bias"]!.data as Float32Array).set([1000, -3]);
  const ranges = await calibrate(network, { outputs: ["mu"], batches: [Float32Array.of(0, 1)] });
  const plan = lowerNetwork(quantiseNetwork(network, { ranges, outputs: { mu: { steps: [0.5] } } }));
  expect([...javascriptExecutor(plan).run(Float32Array.of(1, 1))]).toEqual([2000, -2]);
});

test("of a convolution's numbers each channel has one step", async () => {
  const network = networkOf([2, 2, 1], (build, x) => {
    const y = conv2d(build, x, { name: "conv", filters: 2, window: 1 });
    return { z: build.reshape(y, ["batch", 8]) };
  });
  const ranges = await calibrate(network, { outputs: ["z"], batches: [items(20, 4)] });
  const x = items(1, 4, 5);
  const run = (steps: readonly number[]) => [
    ...javascriptExecutor(lowerNetwork(quantiseNetwork(network, { ranges, outputs: { z: { steps } } }))).run(x),
  ];
  const each = run([0.1, 0.2]);
  expect(run([0.1, 0.2, 0.1, 0.2, 0.1, 0.2, 0.1, 0.2])).toEqual(each);
  const floats = interpreted(network, x, 1)["z"]!;
  // One step of rounding, and what int8 weights and inputs add: less than another.
  each.forEach((value, i) => expect(Math.abs(value - floats[i]! / [0.1, 0.2][i % 2]!)).toBeLessThan(1));
  expect(() => run([0.1, 0.2, 0.1, 0.2, 0.1, 0.2, 0.1, 0.3])).toThrow(
    /one number for each channel of a convolution, got two for channel 1/,
  );
  expect(() => run([0.1, 0.2, 0.3])).toThrow(/"steps" expected 1, 2 or 8 numbers, got 3/);
  expect(() => run([0])).toThrow(/"steps" expected finite numbers above 0, got 0/);
});

test("a layer that reads a zero point of 0 is lowered, too", () => {
  const network = networkOf([4], (build, x) => ({
    z: dense(build, dense(build, x, { name: "hidden", units: 5, activation: "tanh" }), { name: "z", units: 2 }),
  }));
  // 255 steps from -1 to 127/128: 0 is the integer 0.
  const ranges = new Map(Array.from({ length: 12 }, (_, id) => [id, { min: -1, max: 127 / 128 }]));
  const integers = quantiseNetwork(network, { ranges, outputs: { z: { steps: [0.01] } } });
  expect(integers.program.nodes.filter(({ op }) => op === "sub")).toEqual([]);
  const x = items(20, 4).map((value) => 2 * value - 1);
  const { run } = javascriptExecutor(lowerNetwork(integers));
  const found = Array.from({ length: 20 }, (_, i) => [...run(x.subarray(4 * i, 4 * i + 4))]).flat();
  expect(found).toEqual([...interpreted(integers, x, 20)["z"]!]);
});
