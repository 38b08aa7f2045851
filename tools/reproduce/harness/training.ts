import { decodeItems, inferLatents, type InferredLatents } from "@isthmus/compress";
import { batches, type Dataset, gather, itemSize, take } from "@isthmus/data";
import type { StoredTensor } from "@isthmus/graph";
import type { ModelDefinition, Trainable } from "@isthmus/models";
import { fit, type FitOptions, type FitResult, type Metrics } from "@isthmus/train";
import type { Context, SeedRun, Splits } from "./reproduction.ts";

export interface Trained<D extends Trainable = ModelDefinition> extends FitResult {
  readonly definition: D;
  readonly test: Metrics;
}

/** Trains and measures once, telling how it goes on. Everything but the optimisation is `fit`'s. */
export async function trained<D extends Trainable>(
  { engine, tell, kept }: Pick<Context, "engine" | "tell" | "kept">,
  definition: D,
  data: Splits,
  options: Omit<FitOptions, "engine"> & { readonly seed: number; readonly epochs: number; readonly title: string },
): Promise<Trained<D>> {
  const { title, ...settings } = options;
  const result = await fit(definition, data, {
    ...settings,
    ...(await kept?.(`${title}, seed ${settings.seed}`)),
    engine,
    evaluateEachEpoch: settings.evaluateEachEpoch ?? false,
    onEpoch: ({ epoch, epochs, train }) => {
      if (epoch % 5 === 0 || epoch === epochs) {
        tell(`${title}, seed ${settings.seed}, epoch ${epoch} of ${epochs}: loss ${train["loss"]!.toFixed(3)}`);
      }
    },
  });
  return { ...result, definition, test: result.test! };
}

/** The codes of items. */
export function codesOf(
  { engine }: Pick<Context, "engine">,
  { definition: { encoder }, parameters }: Pick<Trained, "definition" | "parameters">,
  dataset: Dataset,
): Promise<InferredLatents> {
  return inferLatents(engine, { encoder, parameters }, batches(dataset, { batchSize: 256 }));
}

/** Items from codes, [items, features]: the likelihood's mean. */
function decodedFrom(
  { engine }: Pick<Context, "engine">,
  { definition, parameters }: Pick<Trained, "definition" | "parameters">,
  codes: InferredLatents,
): Promise<Float32Array> {
  const { kind, encoder, decoder } = definition;
  const stored: Readonly<Record<string, StoredTensor>> = parameters;
  const model = { kind, config: {}, encoder, decoder, parameters: stored, provenance: {}, metrics: {} };
  return decodeItems(engine, model, codes);
}

/** Codes as a data set with the labels of the items they are of. */
export function codesDataset({ items, dims, values }: InferredLatents, of: Dataset): Dataset {
  const { labels, classes } = of;
  return {
    ...{ name: `${of.name} codes`, items, shape: [dims], values, scale: 1 },
    ...(labels && { labels }),
    ...(classes !== undefined && { classes }),
    provenance: { source: `codes of ${of.provenance.source}` },
  };
}

/** The first `count` items, as the network sees them: [count, features]. */
export function firstItems(dataset: Dataset, count: number): Float32Array {
  const out = new Float32Array(count * itemSize(dataset));
  gather(
    dataset,
    Int32Array.from({ length: count }, (_, item) => item),
    out,
  );
  return out;
}

/** What comes back of the first `count` items, [count, features]. */
export async function reconstructed(
  context: Pick<Context, "engine">,
  model: Pick<Trained, "definition" | "parameters">,
  dataset: Dataset,
  count: number,
): Promise<Float32Array> {
  return decodedFrom(context, model, await codesOf(context, model, take(dataset, 0, count)));
}

/** Runs of all seeds as a row has them; `timed: false` where another row has the training's time. */
export function seedRuns(
  { seeds }: Pick<Context, "seeds">,
  made: readonly Trained[],
  valueOf: (one: Trained, index: number) => number,
  timed = true,
): SeedRun[] {
  return made.map((one, i) => ({ seed: seeds[i]!, value: valueOf(one, i), seconds: timed ? one.seconds : 0 }));
}

/** One training for each seed. */
export async function forSeeds<R>({ seeds }: Pick<Context, "seeds">, body: (seed: number) => Promise<R>): Promise<R[]> {
  const made: R[] = [];
  for (const seed of seeds) made.push(await body(seed));
  return made;
}

/** Arrays of rows, one after the other. */
export function joined(...parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
