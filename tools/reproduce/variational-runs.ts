import { openNetwork } from "@isthmus/compress";
import type { HostArray, Program } from "@isthmus/graph";
import { splitSeed } from "@isthmus/math";
import type { ModelDefinition } from "@isthmus/models";
import { dataConvention } from "@isthmus/train";
import type { Context, PassLine, Row, Splits } from "./harness/reproduction.ts";
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
