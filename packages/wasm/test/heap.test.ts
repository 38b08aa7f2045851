import { AdamSchedule } from "@isthmus/graph";
import { createWasmEngine, type WasmEngine } from "@isthmus/wasm";
import { expect, it } from "vitest";
import { MNIST, vaeData, vaeTraining } from "../../graph/test/conformance/vae-programs.ts";

/** Collects until what is to go has gone: some garbage needs a turn of the host, unused code several collections. */
async function settle(turns: number): Promise<number> {
  for (let i = 0; i < turns; i++) {
    globalThis.gc!();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage().heapUsed;
}

/** Trains as `fit` of `@isthmus/train` does: the same buffers at every step, every output read. */
async function trainer(engine: WasmEngine): Promise<(steps: number) => Promise<void>> {
  const program = vaeTraining(MNIST);
  const { inputs, state: initial } = vaeData(program, MNIST, 2);
  const state = engine.createState(program.state);
  for (const [name, values] of Object.entries(initial)) await state.write(name, values);
  const executable = await engine.compile(program, state);
  const schedule = new AdamSchedule();
  const [stepSize, secondScale] = [new Float32Array(1), new Float32Array(1)];
  const feed = { ...inputs, "adam.stepSize": stepSize, "adam.secondScale": secondScale };
  const names = Object.keys(program.outputs);
  const values = new Float64Array(names.length);
  return async (steps) => {
    for (let step = 1; step <= steps; step++) {
      schedule.advance();
      schedule.write(1e-3, stepSize, secondScale);
      inputs.step[0] = step;
      const { committed, outputs } = await executable.run(feed);
      for (let k = 0; k < names.length; k++) values[k] = (await outputs[names[k]!]!.read())[0]!;
      if (!committed) throw new Error(`step ${step} diverged: ${values.join(", ")}`);
    }
  };
}

it("the heap does not grow over 10,000 training steps of 784-400-20, every output read", async () => {
  const engine = await createWasmEngine({ build: "simd128" });
  const train = await trainer(engine);
  // The first round leaves what the runtime makes of the hot functions; only the second is the steps' own.
  await train(10_000);
  await settle(50);
  const memory = engine.memoryBytes;
  // Three bytes a step, while the smallest object takes twelve. Measured: 12,000 up or down. The runtime and the test
  // runner allocate too, up to 29,000 without a step; what steps leave behind shows in every round, theirs does not.
  const allowance = 32_768;
  let growth = Infinity;
  for (let round = 0; round < 4 && growth >= allowance; round++) {
    const before = await settle(5);
    await train(10_000);
    growth = (await settle(5)) - before;
  }
  expect(growth).toBeLessThan(allowance);
  expect(engine.memoryBytes).toBe(memory);
  engine.dispose();
}, 300_000);
