import { decodeItems, inferLatents, type InferredLatents } from "@isthmus/compress";
import { batches, type Dataset } from "@isthmus/data";
import type { StoredTensor } from "@isthmus/graph";
import type { ModelDefinition } from "@isthmus/models";
import { fit, type FitOptions, type FitResult, type Metrics } from "@isthmus/train";
import type { Context, Splits } from "./reproduction.ts";

export interface Trained extends FitResult {
  readonly definition: ModelDefinition;
  readonly test: Metrics;
}

/** Trains and measures once, telling how it goes on. Everything but the optimisation is `fit`'s. */
export async function trained(
  { engine, tell }: Pick<Context, "engine" | "tell">,
  definition: ModelDefinition,
  data: Splits,
  options: Omit<FitOptions, "engine"> & { readonly seed: number; readonly epochs: number; readonly title: string },
): Promise<Trained> {
  const { title, ...settings } = options;
  const result = await fit(definition, data, {
    ...settings,
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
export function decodedFrom(
  { engine }: Pick<Context, "engine">,
  { definition, parameters }: Pick<Trained, "definition" | "parameters">,
  codes: InferredLatents,
): Promise<Float32Array> {
  const { kind, encoder, decoder } = definition;
  const stored: Readonly<Record<string, StoredTensor>> = parameters;
  const model = { kind, config: {}, encoder, decoder, parameters: stored, provenance: {}, metrics: {} };
  return decodeItems(engine, model, codes);
}
