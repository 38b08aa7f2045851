import { openNetwork } from "@isthmus/compress";
import type { HostArray, Program } from "@isthmus/graph";
import { splitSeed } from "@isthmus/math";
import type { ModelDefinition } from "@isthmus/models";
import { pngGrid } from "@isthmus/plot/png";
import { dataConvention } from "@isthmus/train";
import type { Context, Made, PassLine, Row, Splits } from "./harness/reproduction.ts";
import { trained, type Trained } from "./harness/training.ts";

/** The protocol of the ten-epoch figures. */
export const TEN_EPOCHS = { epochs: 10, batchSize: 128, learningRate: 1e-3 } as const;

/** In words. */
export const TEN_EPOCHS_TEXT = "Adam 0.001, batch 128, 10 epochs";

/** Figures that an implementation in NumPy came to, written for this comparison alone and by the same protocol. */
export const OWN_NUMPY = "an independent NumPy implementation by the same protocol";

export interface Training {
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
}

/** One training for each seed. */
export async function trainedForSeeds(
  context: Context,
  definition: ModelDefinition,
  data: Splits,
  title: string,
  { epochs, ...settings }: Training = TEN_EPOCHS,
): Promise<Trained[]> {
  const made: Trained[] = [];
  for (const seed of context.seeds) {
    const options = { ...settings, seed, epochs: context.epochs(epochs), title };
    made.push(await trained(context, definition, data, options));
  }
  return made;
}

/** A test metric of these trainings. */
export function metricRow(
  { seeds }: Pick<Context, "seeds">,
  made: readonly Trained[],
  metric: string,
  rest: Pick<Row, "what" | "published"> & { readonly line?: PassLine },
): Row {
  return {
    ...rest,
    unit: "nats per image",
    convention: `${dataConvention(made[0]!.definition.config)}; one drawn z per test image`,
    runs: made.map(({ test, seconds }, i) => ({ seed: seeds[i]!, value: test[metric]!, seconds })),
  };
}

/** One of the models that a family compares. */
export interface Compared {
  /** In the progress, and of its metrics in the figures' file. */
  readonly name: string;
  readonly definition: ModelDefinition;
  /** What of it is a row. */
  readonly metrics: readonly ({ readonly metric: string } & Parameters<typeof metricRow>[3])[];
  /** Its part of the name of a picture of decoded draws of the prior; without one there is none. */
  readonly picture?: string;
}

/** Trains models one after the other, all seeds of each, on MNIST for ten epochs. */
export async function comparedOnMnist(
  context: Context,
  models: readonly Compared[],
): Promise<Pick<Made, "rows" | "details" | "pictures">> {
  const data = await context.mnist();
  const rows: Row[] = [];
  const details: Record<string, Record<string, number>[]> = {};
  const pictures: Record<string, Uint8Array> = {};
  for (const { name, definition, metrics, picture } of models) {
    const made = await trainedForSeeds(context, definition, data, name);
    for (const { metric, ...rest } of metrics) rows.push(metricRow(context, made, metric, rest));
    details[name] = termsOf(made);
    if (picture !== undefined) pictures[picture] = await priorGrid(context, made[0]!);
  }
  return { rows, details, pictures };
}

/** All metrics of these trainings, for the figures' file. */
export function termsOf(made: readonly Trained[]): Record<string, number>[] {
  return made.map(({ test }) => ({ ...test }));
}

/** Draws from the prior, decoded: the likelihood's means, [count, features]. `labels` for a conditional model. */
export async function priorSamples(
  context: Pick<Context, "engine">,
  one: Pick<Trained, "definition" | "parameters">,
  { count, seed, labels }: { readonly count: number; readonly seed: number; readonly labels?: Int32Array },
): Promise<Float32Array> {
  const { prior, decoder } = one.definition;
  const noise = { seed: Int32Array.from(splitSeed(seed)), step: Int32Array.of(0, 0) };
  const { z } = await ranOnce(context, one, prior!, { ...noise, ...(labels && { label: labels }) }, count);
  const inputs = { z: z!, ...(labels && { label: labels }) };
  return (await ranOnce(context, one, decoder, inputs, count))["reconstruction"]!;
}

/** What `priorGrid` draws, in words. */
export function priorGridText({ seeds }: Pick<Context, "seeds">): string {
  return `means of p(x|z) at draws of the prior, seed ${seeds[0]}`;
}

/** Five rows of 16 draws of the prior of a model of digits, decoded, as a PNG. */
export async function priorGrid(context: Pick<Context, "engine">, one: Trained): Promise<Uint8Array> {
  const columns = 16;
  const values = await priorSamples(context, one, { count: 5 * columns, seed: 1 });
  return pngGrid({ shape: [28, 28, 1], values }, { columns });
}

/** Runs a program of a trained model, feeding it what it names of `inputs`. */
export async function ranOnce(
  { engine }: Pick<Context, "engine">,
  { parameters }: Pick<Trained, "parameters">,
  program: Program,
  inputs: Readonly<Record<string, HostArray>>,
  batch: number,
): Promise<Record<string, Float32Array>> {
  const network = await openNetwork(engine, program, parameters);
  try {
    const named = Object.fromEntries(Object.entries(inputs).filter(([name]) => Object.hasOwn(program.inputs, name)));
    return await network.run(named, { batch });
  } finally {
    network.dispose();
  }
}
