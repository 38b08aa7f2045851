import { fitCoding, inferLatents } from "@isthmus/compress";
import { batches, type Dataset, take } from "@isthmus/data";
import { loadMnistSplits } from "@isthmus/data/node";
import { bundleEncoder } from "@isthmus/deploy";
import { modelHashes, type ModelData, writeModelFile } from "@isthmus/graph";
import { betaVae } from "@isthmus/models";
import { fit, toModel } from "@isthmus/train";
import { createWasmEngine } from "@isthmus/wasm";

/** A model of digits that travels with the page. */
export interface PageModel {
  /** 16 hex digits. */
  readonly id: string;
  /** `.isthb`: all that encoding needs. */
  readonly bundle: Uint8Array;
  /** `.safetensors`: what a service or the page decodes with. */
  readonly file: Uint8Array;
}

export interface TrainModelOptions {
  readonly train: Dataset;
  readonly epochs: number;
}

/** Bytes of pictures, 0 to 255. */
const DATA: ModelData = {
  version: 1,
  item: { kind: "images", width: 28, height: 28, channels: 1 },
  reading: { fit: "pad" },
  writing: {},
  source: {},
};

/** The digits of MNIST where they are on this machine, else digits drawn by code. */
export async function digits(): Promise<Dataset> {
  const { train } = await loadMnistSplits({ download: false, cwd: process.cwd() });
  return train;
}

/** A small VAE whose KL has a weight of 0.15: some 15 bytes for a digit rather than 9, for a sharper picture. The same data give the same bytes. */
export async function trainModel({ train, epochs }: TrainModelOptions): Promise<PageModel> {
  const engine = await createWasmEngine({ build: "simd128" });
  const definition = betaVae({ klWeight: 0.15, latent: 24, trunk: { kind: "dense", hidden: [128] } });
  const trained = await fit(definition, { train }, { engine, epochs });
  const some = take(train, 0, Math.min(train.items, 4096));
  const latents = await inferLatents(engine, { ...definition, ...trained }, batches(some, { batchSize: 256 }));
  const notes = { provenance: { data: train.provenance.source }, metrics: {}, data: DATA };
  const model = toModel(definition, trained, { ...notes, coding: fitCoding(latents) });
  const calibration = Array.from(
    batches(take(train, 0, Math.min(train.items, 512)), { batchSize: 256 }),
    ({ values }) => values.slice(),
  );
  const bundle = await bundleEncoder(model, { engine, batches: calibration });
  engine.dispose();
  return { id: Buffer.from(modelHashes(model).id).toString("hex"), bundle, file: writeModelFile(model) };
}
