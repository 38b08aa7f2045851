// usage: contestant-ort-infer.ts <folder>
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type * as OnnxRuntime from "onnxruntime-node";
import { FEATURES } from "./floats.ts";
import { inferring } from "./inferring.ts";
import { serve } from "./serve.ts";

const folder = process.argv[2]!;
const require = createRequire(import.meta.url);
const { InferenceSession, Tensor } = require("onnxruntime-node") as typeof OnnxRuntime;
const { version } = JSON.parse(readFileSync(require.resolve("onnxruntime-node/package.json"), "utf8")) as {
  version: string;
};
const session = await InferenceSession.create(join(folder, "encoder.onnx"), {
  executionMode: "sequential",
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
});

await serve({ node: process.versions.node, onnxruntime: version, threads: 1 }, ({ batch }) =>
  inferring(folder, batch as number, async (x) => {
    const { mu, logVar } = await session.run({ x: new Tensor("float32", x, [batch as number, FEATURES]) });
    return [mu!.data as Float32Array, logVar!.data as Float32Array];
  }),
);
