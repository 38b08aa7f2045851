// usage: contestant-isthmus.ts <build> <threads> <items file>
import { describedOptimiser, initialise, trainingStep } from "@isthmus/graph";
import { denseVae } from "@isthmus/models";
import { createWasmEngine } from "@isthmus/wasm";
import { batchStart, FEATURES, readItems, serve } from "./serve.ts";

const [build, count, itemsFile] = process.argv.slice(2) as ["simd128" | "relaxed", string, string];
const items = readItems(itemsFile);
const engine = await createWasmEngine({ build, threads: Number(count) });
if (engine.threads.reason) throw new Error(engine.threads.reason.message);
const { parameters, phases } = denseVae();
const program = trainingStep(phases[0]!.loss, phases[0]!.parameters);
const state = engine.createState({ ...parameters, ...program.state });
for (const [name, values] of Object.entries(initialise(state.spec, 1))) await state.write(name, values);
const executable = await engine.compile(program, state);

const adam = describedOptimiser({ kind: "adam" }).scalars();
const seed = Int32Array.of(1, 0);
const step = new Int32Array(2);

/** One step, as `fit` does it; resolves to the loss. */
async function train(batch: number): Promise<number> {
  const start = batchStart(step[0]!++, batch, items.length / FEATURES) * FEATURES;
  const x = items.subarray(start, start + batch * FEATURES);
  adam.advance(1e-3);
  const inputs = { x, seed, step, ...adam.inputs };
  const { outputs } = await executable.run(inputs);
  return (await outputs["loss"]!.read())[0]!;
}

const { node, v8 } = process.versions;
await serve({ node, v8, build: engine.build, threads: engine.threads.count }, async ({ steps, batch }) => {
  let loss = NaN;
  for (let i = 0; i < steps; i++) loss = await train(batch);
  return loss;
});
