import { openNetwork } from "@isthmus/compress";
import { type Dataset, gather, itemSize } from "@isthmus/data";
import type { Engine, HostArray, Model, Program } from "@isthmus/graph";
import { splitSeed } from "@isthmus/math";
import { UsageError } from "./errors.ts";
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
  codes: { readonly items: number; readonly values: Float32Array; readonly labels?: Int32Array },
): Promise<Record<string, Float32Array>> {
  const { items, values, labels } = codes;
  if (isConditional(model) && !labels) throw new UsageError(`a model of kind "${model.kind}" needs labels to decode`);
  return runInBatches(engine, model, model.decoder, { items, inputs: { z: values, ...(labels && { label: labels }) } });
}

/** Their means, [items, features]. */
export async function reconstructionsOf(...args: Parameters<typeof decodeCodes>): Promise<Float32Array> {
  return (await decodeCodes(...args))["reconstruction"] as Float32Array;
}

/** Draws from the prior; of each class in its turn where the model is conditional. */
export interface PriorDraws {
  readonly items: number;
  readonly values: Float32Array;
  readonly labels?: Int32Array;
}

export interface PriorOptions {
  readonly count: number;
  readonly seed: number;
  /** The model's file, to be named. */
  readonly path: string;
  /** Of a conditional model: only this class. */
  readonly label?: number;
}

/** @throws UsageError for a model without a prior */
export async function priorDraws(
  engine: Engine,
  model: Model,
  { count, seed, path, label }: PriorOptions,
): Promise<PriorDraws> {
  const { prior } = model;
  if (!prior) {
    throw new UsageError(`${path} is of kind "${model.kind}", which has no prior to sample from; train a vae`);
  }
  const classes = classesOf(model);
  const labels =
    classes === undefined ? undefined : Int32Array.from({ length: count }, (_, item) => label ?? item % classes);
  const network = await openNetwork(engine, prior, model.parameters);
  try {
    const inputs = { ...noiseOf(seed), ...(labels && { label: labels }) };
    const { z } = await network.run(named(prior, inputs), { batch: count });
    return { items: count, values: z as Float32Array, ...(labels && { labels }) };
  } finally {
    network.dispose();
  }
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
export function isConditional({ decoder }: Pick<Model, "decoder">): boolean {
  return Object.hasOwn(decoder.inputs, "label");
}

/** How many classes a conditional model knows. */
export function classesOf(model: Model): number | undefined {
  const classes = model.config["classes"];
  return isConditional(model) && typeof classes === "number" ? classes : undefined;
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
