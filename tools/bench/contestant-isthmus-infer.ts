// usage: contestant-isthmus-infer.ts <build> <folder>
import { createWasmEngine, type WasmResult } from "@isthmus/wasm";
import type { BuildName } from "./contestants.ts";
import { planCounts } from "./counts.ts";
import { encoder, encoderWeights } from "./encoder.ts";
import { inferring } from "./inferring.ts";
import { type Prepared, serve } from "./serve.ts";

const [build, folder] = process.argv.slice(2) as [BuildName, string];
const engine = await createWasmEngine({ build });
const state = engine.createState(encoder.state);
for (const [name, values] of Object.entries(encoderWeights)) await state.write(name, values);
const executable = await engine.compile(encoder, state);

function prepared(batch: number): Prepared {
  const plan = executable.plan(batch);
  let result: WasmResult;
  const network = inferring(folder, batch, async (x) => {
    result = await executable.run({ x });
    const { mu, logVar } = result.outputs;
    return [await mu!.read(), await logVar!.read()];
  });
  return { ...network, counts: () => planCounts(plan, result.choices) };
}

const { node, v8 } = process.versions;
await serve({ node, v8, build, threads: 1 }, ({ batch }) => prepared(batch as number));
