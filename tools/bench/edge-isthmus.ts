import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type * as Edge from "@isthmus/edge";
import { ANOMALY_FILES } from "./anomaly-names.ts";
import type { EdgeContestant } from "./edge-contestant.ts";
import { readFloats } from "./floats.ts";

/** A bundle of ours, on WebAssembly. */
export async function edgeIsthmus(folder: string, file: string): Promise<EdgeContestant> {
  const runtime = pathToFileURL(join(folder, ANOMALY_FILES.runtime)).href;
  const { loadEncoder, loadExecutor, readBundle } = (await import(runtime)) as typeof Edge;
  const bundle = new Uint8Array(readFileSync(join(folder, file)));
  const bins = readFloats(folder, ANOMALY_FILES.bins);
  const [steps, offsets] = [bins.subarray(0, bins.length / 2), bins.subarray(bins.length / 2)];
  const { node, v8 } = process.versions;
  return {
    facts: { node, v8, threads: 1, "bundle bytes": bundle.length },
    openNetwork: async () => {
      const { run } = await loadExecutor(readBundle(bundle).plan, { kernels: "wasm" });
      return { run, codes: (symbols) => Array.from(symbols, (symbol, d) => symbol * steps[d]! + offsets[d]!) };
    },
    openEncoder: async () => {
      const { encodeInto, maxBytes } = await loadEncoder(bundle, { kernels: "wasm" });
      const frame = new Uint8Array(maxBytes(1));
      return { encode: (samples) => encodeInto(samples, frame) };
    },
  };
}
