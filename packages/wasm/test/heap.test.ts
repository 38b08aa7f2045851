import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { AdamSchedule } from "@isthmus/graph";
import { createWasmEngine } from "@isthmus/wasm";
import { expect, it } from "vitest";
import { vaeData, vaeTraining } from "./vae.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

function heapUsed(): number {
  for (let i = 0; i < 3; i++) collect();
  return process.memoryUsage().heapUsed;
}

it("the heap does not grow over 10,000 training steps", async () => {
  const sizes = { pixels: 16, hidden: 8, latent: 2 };
  const engine = await createWasmEngine({ build: "simd128" });
  const program = vaeTraining(sizes);
  const { inputs, state: initial } = vaeData(program, sizes, 4);
  const state = engine.createState(program.state);
  for (const [name, values] of Object.entries(initial)) await state.write(name, values);
  const executable = await engine.compile(program, state);
  const schedule = new AdamSchedule();
  const stepSize = new Float32Array(1);
  const secondScale = new Float32Array(1);
  const feed = { ...inputs, "adam.stepSize": stepSize, "adam.secondScale": secondScale };
  const train = async (steps: number) => {
    for (let step = 0; step < steps; step++) {
      schedule.advance();
      schedule.write(1e-3, stepSize, secondScale);
      inputs.step[0] = step;
      const { committed } = await executable.run(feed);
      if (!committed) throw new Error(`step ${step} diverged`);
    }
  };
  // The first rounds compile the hot functions, which the heap holds too; the last must leave nothing.
  const growth: number[] = [];
  const memory = engine.memoryBytes;
  for (let round = 0; round < 3; round++) {
    const before = heapUsed();
    await train(10_000);
    growth.push(heapUsed() - before);
  }
  // What the test runner itself allocates in between is noise; a single 16-byte object kept per step would be 160 kB.
  expect(Math.min(...growth)).toBeLessThan(16_384);
  expect(engine.memoryBytes).toBe(memory);
  engine.dispose();
});
