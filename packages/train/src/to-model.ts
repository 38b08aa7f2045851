import type { JsonObject, LatentCoding, Model } from "@isthmus/graph";
import { configToJson, type ModelDefinition } from "@isthmus/models";
import type { FitResult } from "./fit.ts";

export interface ModelNotes {
  /** Data, seed, engine, versions. */
  readonly provenance: JsonObject;
  /** Figures measured after training. */
  readonly metrics: JsonObject;
  /** What compression needs, when it was fitted. */
  readonly coding?: LatentCoding;
}

/** What `writeModelFile` stores: the networks, their trained tensors and where they came from. */
export function toModel(
  definition: ModelDefinition,
  { parameters }: Pick<FitResult, "parameters">,
  notes: ModelNotes,
): Model {
  const { kind, config, encoder, decoder, prior } = definition;
  return { kind, config: configToJson(config), encoder, decoder, ...(prior && { prior }), parameters, ...notes };
}
