import { UsageError } from "@isthmus/command-line/node";
import { openNetwork } from "@isthmus/compress";
import { type Dataset, gather, itemSize } from "@isthmus/data";
import type { Engine, HostArray, Model, Program } from "@isthmus/graph";
import { splitSeed } from "@isthmus/math";
import { definitionOf } from "./model-files.ts";

/** Codes of items, [items, dims]. */
export interface Codes {
  readonly items: number;
  readonly dims: number;
  /** The posterior's mean, or the code of a model that has no posterior. */
  readonly mean: Float32Array;
  /** Of a diagonal Gaussian posterior, log variances. */
  readonly logVar?: Float32Array;
}

/** What a conditional model's networks are told of each item, by the names of their inputs: nothing, where it is not one. */
export type Told = Readonly<Record<string, Float32Array | Int32Array>>;

/** Items that programs see at once; it bounds memory, not results. */
const BATCH = 256;

/** The values of all items, [items, features]. */
export function valuesOf(dataset: Dataset): Float32Array {
  const values = new Float32Array(dataset.items * itemSize(dataset));
  gather(
    dataset,
    Int32Array.from({ length: dataset.items }, (_, item) => item),
    values,
  );
  return values;
}

/** The encoder's word on every item; a conditional model is told the item's label. */
export async function encodeItems(engine: Engine, model: Model, dataset: Dataset): Promise<Codes> {
  const outputs = await runInBatches(engine, model, model.encoder, {
    items: dataset.items,
    inputs: { x: valuesOf(dataset), ...labelInput(model.encoder, dataset) },
  });
  const mean = outputs["mu"] ?? outputs["z"];
  if (!mean) throw new UsageError(`a model of kind "${model.kind}" gives no code that can be drawn`);
  const { logVar } = outputs;
  return {
    items: dataset.items,
    dims: mean.length / dataset.items,
    mean,
    ...(logVar?.length === mean.length && { logVar }),
  };
}

/** What the decoder makes of codes [items, dims]: its outputs, [items, features] each. */
export function decodeCodes(
  engine: Engine,
  model: Model,
  { items, values, told }: { readonly items: number; readonly values: Float32Array; readonly told: Told },
): Promise<Record<string, Float32Array>> {
  return runInBatches(engine, model, model.decoder, { items, inputs: { z: values, ...told } });
}

/** Their means, [items, features]. */
export async function reconstructionsOf(...args: Parameters<typeof decodeCodes>): Promise<Float32Array> {
  return (await decodeCodes(...args))["reconstruction"] as Float32Array;
}

/** Draws from the prior, with what the model was told for each. */
export interface PriorDraws {
  readonly items: number;
  readonly values: Float32Array;
  readonly told: Told;
}

export interface PriorOptions {
  readonly count: number;
  readonly seed: number;
  /** The model's file, to be named. */
  readonly path: string;
  /** For each draw. Default: of a model that is told labels each class in its turn. */
  readonly told?: Told;
}

/** @throws UsageError for a model without a prior, and for one that is told a part of an image where it is told none */
export async function priorDraws(
  engine: Engine,
  model: Model,
  { count, seed, path, told = classesInTurn(model, path, count) }: PriorOptions,
): Promise<PriorDraws> {
  const { prior } = model;
  if (!prior) {
    throw new UsageError(`${path} is of kind "${model.kind}", which has no prior to sample from; train a vae`);
  }
  const network = await openNetwork(engine, prior, model.parameters);
  try {
    const { z } = await network.run(named(prior, { ...noiseOf(seed), ...told }), { batch: count });
    return { items: count, values: z as Float32Array, told };
  } finally {
    network.dispose();
  }
}

function classesInTurn(model: Model, path: string, count: number): Told {
  if (isToldImage(model)) {
    throw new UsageError(`${path} is told a part of an image with each draw: sample --condition says of which`);
  }
  const classes = classesOf(model);
  return classes === undefined ? {} : { label: Int32Array.from({ length: count }, (_, item) => item % classes) };
}

/**
 * A draw from the posterior of each item, [items, dims].
 *
 * @throws UsageError for a model that has no posterior
 */
export async function posteriorDraws(
  engine: Engine,
  model: Model,
  dataset: Dataset,
  seed: number,
): Promise<Float32Array> {
  const { posterior } = definitionOf(model);
  if (!posterior) {
    throw new UsageError(`a model of kind "${model.kind}" has no posterior to draw from; train a vae`);
  }
  const network = await openNetwork(engine, posterior, model.parameters);
  try {
    const inputs = { x: valuesOf(dataset), ...noiseOf(seed), ...labelInput(posterior, dataset) };
    return (await network.run(named(posterior, inputs)))["z"] as Float32Array;
  } finally {
    network.dispose();
  }
}

/** What noise is drawn with. */
function noiseOf(seed: number): { seed: Int32Array; step: Int32Array } {
  return { seed: Int32Array.from(splitSeed(seed)), step: Int32Array.of(0, 0) };
}

/** Whether the decoder is told a label. */
export function isToldLabels({ decoder }: Pick<Model, "decoder">): boolean {
  return Object.hasOwn(decoder.inputs, "label");
}

/** Whether the decoder is told a part of an image. */
export function isToldImage({ decoder }: Pick<Model, "decoder">): boolean {
  return Object.hasOwn(decoder.inputs, "condition");
}

/** How many classes a model knows that is told labels. */
export function classesOf(model: Model): number | undefined {
  const classes = model.config["classes"];
  return isToldLabels(model) && typeof classes === "number" ? classes : undefined;
}

/** What the decoder and the prior of a conditional model are told of each item: its label, or a part of the image. */
export async function toldOf(engine: Engine, model: Model, dataset: Dataset): Promise<Told> {
  if (!isToldImage(model)) return labelInput(model.decoder, dataset);
  const { program } = definitionOf(model).condition!;
  return runInBatches(engine, model, program, { items: dataset.items, inputs: { x: valuesOf(dataset) } });
}

/** What was told of one item of so many, `count` times. */
export function repeated(told: Told, { items, item, count }: Record<"items" | "item" | "count", number>): Told {
  const rows = Object.entries(told).map(([name, values]) => {
    const size = values.length / items;
    const one = values.subarray(item * size, (item + 1) * size);
    const all = new (values.constructor as Float32ArrayConstructor)(count * size);
    for (let row = 0; row < count; row++) all.set(one, row * size);
    return [name, all] as const;
  });
  return Object.fromEntries(rows);
}

/** Whether draws from the prior are N(0, I), without anything learned. */
export function hasStandardNormalPrior({ prior }: Pick<Model, "prior">): boolean {
  const node = prior?.nodes[prior.outputs["z"] ?? -1];
  return node?.op === "randomNormal" && Object.keys(prior?.state ?? {}).length === 0;
}

/** The labels of items where a program asks for them. */
function labelInput(program: Program, { labels, name }: Dataset): Record<string, Int32Array> {
  if (!Object.hasOwn(program.inputs, "label")) return {};
  if (!labels) throw new UsageError(`the model is told a label with each item, and ${name} has none`);
  return { label: Int32Array.from(labels) };
}

/** Those inputs that the program names. */
function named(program: Program, inputs: Readonly<Record<string, HostArray>>): Record<string, HostArray> {
  return Object.fromEntries(Object.entries(inputs).filter(([name]) => Object.hasOwn(program.inputs, name)));
}

async function runInBatches(
  engine: Engine,
  model: Model,
  program: Program,
  { items, inputs }: { readonly items: number; readonly inputs: Readonly<Record<string, Float32Array | Int32Array>> },
): Promise<Record<string, Float32Array>> {
  const network = await openNetwork(engine, program, model.parameters);
  const all: Record<string, Float32Array> = {};
  try {
    for (let from = 0; from < items; from += BATCH) {
      const to = Math.min(items, from + BATCH);
      const part = (values: Float32Array | Int32Array): HostArray => {
        const size = values.length / items;
        return values.slice(from * size, to * size);
      };
      const fed = Object.fromEntries(Object.entries(inputs).map(([name, values]) => [name, part(values)]));
      for (const [name, values] of Object.entries(await network.run(named(program, fed)))) {
        const size = values.length / (to - from);
        (all[name] ??= new Float32Array(items * size)).set(values, from * size);
      }
    }
  } finally {
    network.dispose();
  }
  return all;
}
