import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type * as OnnxRuntime from "onnxruntime-node";
import type { EdgeContestant } from "./edge-contestant.ts";

/** onnxruntime-node on one thread. */
export function edgeOrt(folder: string, file: string): EdgeContestant {
  const require = createRequire(import.meta.url);
  const { InferenceSession, Tensor } = require("onnxruntime-node") as typeof OnnxRuntime;
  const { version } = require("onnxruntime-node/package.json") as { version: string };
  const bytes = readFileSync(join(folder, file));
  return {
    facts: { node: process.versions.node, onnxruntime: version, threads: 1, file },
    openNetwork: async () => {
      const session = await InferenceSession.create(bytes, {
        executionMode: "sequential",
        intraOpNumThreads: 1,
        interOpNumThreads: 1,
      });
      return {
        run: async (x) =>
          (await session.run({ x: new Tensor("float32", x, [1, x.length]) }))["z"]!.data as Float32Array,
        codes: (outputs) => outputs,
      };
    },
  };
}
