// usage: contestant-isthmus-train.ts <build> [threads] <folder>
import { describedOptimiser, initialise } from "@isthmus/graph";
import { createWasmEngine, type WasmResult } from "@isthmus/wasm";
import type { BuildName } from "./contestants.ts";
import { planCounts } from "./counts.ts";
import { readFloats } from "./floats.ts";
import { networkOf } from "./our-networks.ts";
import { batchStart, type Prepared, serve } from "./serve.ts";
import { itemsOf, type Workload } from "./workloads.ts";

const [build, ...rest] = process.argv.slice(2) as [BuildName, ...string[]];
const folder = rest.at(-1)!;
const threads = rest.length > 1 ? Number(rest[0]) : 1;
const digits = readFloats(folder, "items.f32");

/** Fresh weights, and steps as `fit` does them. */
async function prepared(work: Workload, batch: number): Promise<Prepared> {
  const engine = await createWasmEngine({ build, threads });
  if (engine.threads.reason) throw new Error(engine.threads.reason.message);
  const { parameters, program } = networkOf(work);
  const state = engine.createState({ ...parameters, ...program.state });
  for (const [name, values] of Object.entries(initialise(state.spec, 1))) await state.write(name, values);
  const executable = await engine.compile(program, state);
  const plan = executable.plan(batch);
  const { values, width } = itemsOf(work, digits);
  const adam = describedOptimiser({ kind: "adam" }).scalars();
  const seed = Int32Array.of(1, 0);
  const step = new Int32Array(2);
  let result: WasmResult;
  let loss = NaN;

  async function train(): Promise<void> {
    const start = batchStart(step[0]!++, batch, values.length / width) * width;
    const x = values.subarray(start, start + batch * width);
    adam.advance(1e-3);
    const inputs = { x, seed, step, ...adam.inputs };
    result = await executable.run(inputs);
    loss = (await result.outputs["loss"]!.read())[0]!;
  }

  return {
    run: async (steps) => {
      for (let i = 0; i < steps; i++) await train();
    },
    value: () => loss,
    counts: () => planCounts(plan, result.choices),
    dispose: () => engine.dispose(),
  };
}

const { node, v8 } = process.versions;
await serve({ node, v8, build, threads }, ({ work, batch }) => prepared(work as Workload, batch as number));
