import type { Dataset } from "@isthmus/data";
import { type Engine, referenceEngine, type StoredTensor } from "@isthmus/graph";
import { autoencoder, type ModelDefinition, vae } from "@isthmus/models";
import { createWasmEngine } from "@isthmus/wasm";

/** The engines that training is tested on. `simd128` gives the same bits on every machine. */
export const engines: readonly (readonly [string, () => Promise<Engine>])[] = [
  ["reference", async () => referenceEngine()],
  ["wasm", () => createWasmEngine({ build: "simd128" })],
];

const tiny = { inputShape: [6], trunk: { kind: "dense", hidden: [5] }, latent: 2 } as const;

export const tinyVae: ModelDefinition = vae(tiny);

export const tinyAe: ModelDefinition = autoencoder(tiny);

/** Float rows as a data set. */
export function rowsDataset(rows: readonly (readonly number[])[], name = "rows"): Dataset {
  const values = Float32Array.from(rows.flat());
  return { name, items: rows.length, shape: [rows[0]!.length], values, scale: 1, provenance: { source: name } };
}

/** 22 items of six bytes that depend on `variant`: batches of 8 leave 6 over. */
export function byteDataset(variant = 0): Dataset {
  const values = Uint8Array.from({ length: 22 * 6 }, (_, i) => (i * (37 + variant)) % 256);
  return { name: "bytes", items: 22, shape: [6], values, scale: 1 / 255, provenance: { source: "made for tests" } };
}

/** Tensors as plain bits, to be compared for equality: NaN and -0 count as themselves. */
export function bits(tensors: Readonly<Record<string, StoredTensor>>): Record<string, number[]> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { data }]) => [name, [...new Uint32Array(data.slice().buffer)]]),
  );
}
