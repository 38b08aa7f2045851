import { dense, GraphBuilder, include, interpret, vjp } from "@isthmus/graph";
import { expect, test } from "vitest";
import { calibrate, fakeQuantiseNetwork, quantiseNetwork } from "../src/index.ts";
import { decoder, interpreted, items, manyKinds, networkOf } from "./networks.ts";

const SIZE = 9 * 8 * 3;
const outputs = {
  mu: { steps: [0.05], offsets: [0.1, -0.2, 0, 0.3, 1, -1] },
  logVar: { steps: [0.1, 0.2, 0.05, 0.3] },
};

test.each(["relu", "sigmoid", "tanh", "softplus"] as const)(
  "in the nearest bins, values rounded in floats are the integers, with %s",
  async (activation) => {
    const network = manyKinds(activation);
    const ranges = await calibrate(network, { outputs: ["mu", "logVar"], batches: [items(50, SIZE)] });
    const x = items(60, SIZE, 3);
    const integers = interpreted(quantiseNetwork(network, { ranges, outputs }), x, 60);
    const program = fakeQuantiseNetwork(network.program, { ranges, outputs });
    const floats = interpreted({ ...network, program }, x, 60);
    const [step, offsets] = [0.05, outputs.mu.offsets];
    // In float64 both are exact but for the last bits of scales and multipliers, 2^-31: a half would have to be nearer than that.
    expect(floats["mu"]!.map((y, i) => Math.round((y - offsets[i % 6]!) / step))).toEqual(integers["mu"]);
    const steps = outputs.logVar.steps;
    expect(floats["logVar"]!.map((y, i) => Math.round(y / steps[i % 4]!))).toEqual(integers["logVar"]);
  },
);

test("in the nearest bins they are the integers of a decoder, too", async () => {
  const network = decoder();
  const ranges = await calibrate(network, { outputs: ["image"], batches: [items(50, 6)] });
  const options = { ranges, outputs: { image: { steps: [0.01] } } };
  const x = items(10, 6, 3);
  const integers = interpreted(quantiseNetwork(network, options), x, 10)["image"]!;
  const program = fakeQuantiseNetwork(network.program, options);
  const floats = interpreted({ ...network, program }, x, 10)["image"]!;
  // There is one zero among integers.
  expect(floats.map((y) => Math.round(y / 0.01) + 0)).toEqual(integers);
});

test("a gradient reaches every weight that is read, and descent along it brings the rounded outputs nearer to a target", async () => {
  const network = networkOf([6], (build, x) => ({
    z: dense(build, dense(build, x, { name: "hidden", units: 8, activation: "relu" }), { name: "z", units: 3 }),
  }));
  const x = items(40, 6);
  const ranges = await calibrate(network, { outputs: ["z"], batches: [x], method: "minmax" });
  const program = fakeQuantiseNetwork(network.program, { ranges, outputs: { z: { steps: [0.01] } } });
  const build = new GraphBuilder();
  const z = include(build, program)[program.outputs["z"]!]!;
  const loss = build.mean(build.square(build.sub(z, build.scalar(0.5))));
  const names = Object.keys(network.parameters);
  const sources = names.map((name) => build.state(name, program.state[name]!));
  const slopes = vjp(build, [loss], sources, [build.scalar(1)]);
  const slopeProgram = build.program({
    outputs: { loss, ...Object.fromEntries(names.map((name, i) => [name, slopes[i]!])) },
  });
  const state = Object.fromEntries(names.map((name) => [name, network.parameters[name]!.data as Float32Array]));
  const at = (weights: typeof state) => interpret(slopeProgram, { inputs: { x }, state: weights, batch: 40 }).outputs;
  const first = at(state);
  for (const name of names) expect(first[name]!.data.some((slope) => slope !== 0)).toBe(true);
  const moved = names.map((name) => [name, state[name]!.map((w, i) => w - 0.05 * first[name]!.data[i]!)] as const);
  expect(at(Object.fromEntries(moved))["loss"]!.data[0]).toBeLessThan(first["loss"]!.data[0]!);
});
