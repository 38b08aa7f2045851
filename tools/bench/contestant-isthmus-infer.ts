// usage: contestant-isthmus-infer.ts <build> <folder>
import { createWasmEngine } from "@isthmus/wasm";
import type { BuildName } from "./contestants.ts";
import { encoder, encoderWeights } from "./encoder.ts";
import { inferring } from "./inferring.ts";
import { serve } from "./serve.ts";

const [build, folder] = process.argv.slice(2) as [BuildName, string];
const engine = await createWasmEngine({ build });
const state = engine.createState(encoder.state);
for (const [name, values] of Object.entries(encoderWeights)) await state.write(name, values);
const executable = await engine.compile(encoder, state);

const { node, v8 } = process.versions;
await serve({ node, v8, build, threads: 1 }, ({ batch }) =>
  inferring(folder, batch as number, async (x) => {
    const { outputs } = await executable.run({ x });
    return [await outputs["mu"]!.read(), await outputs["logVar"]!.read()];
  }),
);
