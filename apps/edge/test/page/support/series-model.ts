import { fitCoding, inferLatents } from "@isthmus/compress";
import { bundleEncoder } from "@isthmus/deploy";
import { modelHashes, writeModelFile } from "@isthmus/graph";
import { vae } from "@isthmus/models";
import { fit, toModel } from "@isthmus/train";
import { createWasmEngine } from "@isthmus/wasm";

const LENGTH = 16;
const ITEMS = 64;

/** A model of 16 numbers, hardly trained; `rows` are two items as four rows of four numbers each. */
export async function seriesModel(): Promise<{ id: string; bundle: Uint8Array; file: Uint8Array; rows: number[][] }> {
  const values = Float32Array.from({ length: ITEMS * LENGTH }, (_, i) => Math.fround(Math.sin(i / 3) + (i % 5) / 10));
  const train = { name: "waves", items: ITEMS, shape: [LENGTH], values, scale: 1, provenance: { source: "waves" } };
  const engine = await createWasmEngine({ build: "simd128" });
  const definition = vae({
    ...{ inputShape: [LENGTH], latent: 2, trunk: { kind: "dense", hidden: [8] } },
    likelihood: { kind: "gaussian", variance: "fixed", value: 0.1 },
  });
  const trained = await fit(definition, { train }, { engine, epochs: 2, batchSize: 16 });
  const latents = await inferLatents(engine, { ...definition, ...trained }, [{ size: ITEMS, values }]);
  const model = toModel(definition, trained, { coding: fitCoding(latents), provenance: {}, metrics: {} });
  const bundle = await bundleEncoder(model, { engine, batches: [values] });
  engine.dispose();
  const rows = Array.from({ length: (2 * LENGTH) / 4 }, (_, row) => [...values.subarray(4 * row, 4 * row + 4)]);
  return { id: Buffer.from(modelHashes(model).id).toString("hex"), bundle, file: writeModelFile(model), rows };
}
