// usage: contestant-isthmus.ts <build> <network> <items file>
import { AdamSchedule, initialise } from "@isthmus/graph";
import { denseVae } from "@isthmus/models";
import { createWasmEngine } from "@isthmus/wasm";
import { convVae } from "./conv-vae.ts";
import type { NetworkName } from "./networks.ts";
import { batchStart, FEATURES, readItems, serve } from "./serve.ts";

const [build, network, itemsFile] = process.argv.slice(2) as ["simd128" | "relaxed", NetworkName, string];
const items = readItems(itemsFile);
const engine = await createWasmEngine({ build });
const { parameters, program } = network === "conv" ? convVae() : firstPhase();
const state = engine.createState({ ...parameters, ...program.state });
for (const [name, values] of Object.entries(initialise(state.spec, 1))) await state.write(name, values);
const executable = await engine.compile(program, state);

const schedule = new AdamSchedule();
const stepSize = new Float32Array(1);
const secondScale = new Float32Array(1);
const seed = Int32Array.of(1, 0);
const step = new Int32Array(2);

function firstPhase() {
  const { parameters, phases } = denseVae();
  return { parameters, program: phases[0]!.program };
}

/** One step, as `fit` does it; resolves to the loss. */
async function train(batch: number): Promise<number> {
  const start = batchStart(step[0]!++, batch, items.length / FEATURES) * FEATURES;
  const x = items.subarray(start, start + batch * FEATURES);
  schedule.advance();
  schedule.write(1e-3, stepSize, secondScale);
  const inputs = { x, seed, step, "adam.stepSize": stepSize, "adam.secondScale": secondScale };
  const { outputs } = await executable.run(inputs);
  return (await outputs["loss"]!.read())[0]!;
}

await serve({ node: process.versions.node, v8: process.versions.v8, build: engine.build }, async ({ steps, batch }) => {
  let loss = NaN;
  for (let i = 0; i < steps; i++) loss = await train(batch);
  return loss;
});
