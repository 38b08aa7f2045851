import { encodeLossless, writeParcel } from "@isthmus/codec";
import {
  encodePicture,
  encodeStream,
  fitCoding,
  fitLossless,
  inferLatents,
  learnedCoding,
  openLossless,
  type Picture,
  readLosslessFile,
  writeLosslessFile,
} from "@isthmus/compress";
import { batches, describeTable, syntheticDigits, type Table, tableDataset } from "@isthmus/data";
import {
  type Engine,
  initialise,
  type Model,
  modelHashes,
  readModelFile,
  type StoredTensor,
  writeModelFile,
} from "@isthmus/graph";
import { createWasmEngine } from "@isthmus/wasm";
import { configToJson, defineModel, learnedCodec, vae } from "@isthmus/models";

const engine: Engine = await createWasmEngine({ threads: 1 });
export const digits = syntheticDigits({ items: 40, seed: 1 });

/** A model with its file, as operators have it. */
export interface TestModel {
  readonly id: string;
  readonly model: Model;
  readonly file: Uint8Array;
}

function asFile(model: Model): TestModel {
  const file = writeModelFile(model);
  return { id: hex(modelHashes(model).id), model: readModelFile(file), file };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function untrained(kind: string, config: Parameters<typeof defineModel>[1], seed: number): Omit<Model, "coding"> {
  const definition = defineModel(kind, config);
  const drawn = initialise(definition.parameters, seed);
  const parameters = Object.fromEntries(
    Object.entries(definition.parameters).map(([name, { shape }]) => [
      name,
      { shape, data: drawn[name]! } as StoredTensor,
    ]),
  );
  return { ...definition, config: configToJson(definition.config), parameters, provenance: {}, metrics: {} };
}

/** Of digits, 28 x 28. Another seed is another model. */
export async function digitsModel(seed = 1): Promise<TestModel> {
  const base = untrained("vae", { trunk: { kind: "dense", hidden: [8] }, latent: 4 }, seed);
  const latents = await inferLatents(engine, base, batches(digits, { batchSize: 20 }));
  return asFile({ ...base, coding: fitCoding(latents) });
}

/** Of four numbers, whose codes were always the same when its tables were made: a symbol is a 45,000th of a bit. */
export async function certainModel(): Promise<TestModel> {
  const base = untrained("vae", { trunk: { kind: "dense", hidden: [4] }, latent: 4, inputShape: [4] }, 5);
  const items = 2 ** 16;
  return asFile({ ...base, coding: fitCoding({ items, dims: 4, values: new Float32Array(4 * items) }) });
}

/** So many digits, from one on. */
function digitBatches(from: number, to: number) {
  const order = Int32Array.from({ length: to - from }, (_, i) => from + i);
  return batches(digits, { batchSize: 20, order });
}

export async function digitStream({ model }: TestModel, from: number, to: number): Promise<Uint8Array> {
  return await encodeStream(engine, model, digitBatches(from, to));
}

/** Rows of a pump: two numbers and a category. */
function pumpTable(rows: number): Table {
  const numbers = (of: (row: number) => number) => Float64Array.from({ length: rows }, (_, row) => of(row));
  return {
    name: "pump",
    rows,
    columns: [
      { kind: "number", name: "flow", values: numbers((row) => 20 + 5 * Math.sin(row / 3)) },
      { kind: "number", name: "heat", values: numbers((row) => 300 + (row % 7)) },
      {
        ...{ kind: "category", name: "state", categories: ["idle", "on"] },
        values: Int32Array.from({ length: rows }, (_, row) => Number(row % 5 > 1)),
      },
    ],
  };
}

/** Of windows of four rows of a pump. */
export async function pumpModel(): Promise<TestModel> {
  const description = describeTable(pumpTable(80), { window: 4 });
  const dataset = tableDataset(description, pumpTable(80), { stride: 4 });
  const inputShape = dataset.shape;
  const likelihood = { kind: "gaussian" } as const;
  const base = untrained("vae", { trunk: { kind: "dense", hidden: [8] }, latent: 3, inputShape, likelihood }, 2);
  const latents = await inferLatents(engine, base, batches(dataset, { batchSize: 20 }));
  return asFile({ ...base, data: description as unknown as NonNullable<Model["data"]>, coding: fitCoding(latents) });
}

/** A stream of so many rows: the last window is filled up. */
export async function pumpStream({ model }: TestModel, rows: number): Promise<Uint8Array> {
  const description = describeTable(pumpTable(80), { window: 4 });
  const dataset = tableDataset(description, pumpTable(rows), { stride: 4, fillLast: true });
  const { filledRows = 0 } = dataset;
  return await encodeStream(engine, model, batches(dataset, { batchSize: 20 }), { filledRows });
}

/** A codec of pictures, in tiles of 16 x 16. */
export async function pictureModel(): Promise<TestModel> {
  const trunk = { kind: "conv", channels: [4], kernel: 4, hidden: [] } as const;
  const definition = learnedCodec({ inputShape: [16, 16, 3], trunk, latent: 2 });
  const drawn = initialise(definition.parameters, 3);
  const parameters = Object.fromEntries(
    Object.entries(definition.parameters).map(([name, { shape }]) => [
      name,
      { shape, data: drawn[name]! } as StoredTensor,
    ]),
  );
  const coding = await learnedCoding(engine, definition.quantisation!, parameters);
  const { kind, encoder, decoder, prior } = definition;
  const parts = { kind, config: configToJson(definition.config), encoder, decoder, prior: prior!, parameters, coding };
  return asFile({ ...parts, provenance: {}, metrics: {} });
}

export function drawing(height: number, width: number): Picture {
  const values = Float32Array.from({ length: height * width * 3 }, (_, i) => 0.5 + 0.5 * Math.sin(i / 40));
  return { height, width, channels: 3, values };
}

export async function pictureStream({ model }: TestModel, picture: Picture, seamless: boolean): Promise<Uint8Array> {
  return await encodePicture(engine, model, picture, { seamless });
}

/** A lossless coder of digits. */
export async function losslessModel(): Promise<Pick<TestModel, "id" | "file">> {
  const {
    encoder,
    decoder,
    parameters: spec,
    config,
  } = vae({
    ...{ trunk: { kind: "dense", hidden: [12] }, latent: 3 },
    likelihood: { kind: "logisticMixture", logistics: 2 },
  });
  const drawn = initialise(spec, 1);
  const parameters = Object.fromEntries(
    Object.entries(spec).map(([name, { shape }]) => [name, { shape, data: drawn[name]! } as StoredTensor]),
  );
  const model = { encoder, decoder, parameters, config: configToJson(config) };
  const file = writeLosslessFile(await fitLossless(engine, model, batches(digits, { batchSize: 20 })));
  return { id: hex(readLosslessFile(file).modelId), file };
}

export async function losslessStream({ file }: Pick<TestModel, "file">, items: Uint8Array): Promise<Uint8Array> {
  const coding = readLosslessFile(file);
  return encodeLossless(items, { model: await openLossless(coding), modelId: coding.modelId });
}

export function parcel(
  device: string,
  sequence: number,
  stream: Uint8Array,
  time: number = sequence * 1000,
): Uint8Array {
  return writeParcel({ device, sequence, time, stream });
}
