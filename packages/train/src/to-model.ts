import type { JsonObject, LatentCoding, Model, ModelData } from "@isthmus/graph";
import { configToJson, type Trainable } from "@isthmus/models";
import type { FitResult } from "./fit.ts";

export interface ModelNotes {
  /** Data, seed, engine, versions. */
  readonly provenance: JsonObject;
  /** Figures measured after training. */
  readonly metrics: JsonObject;
  /** What compression needs, when it was fitted. */
  readonly coding?: LatentCoding;
  /** What the numbers mean to the user, when they were made of a user's data. */
  readonly data?: ModelData;
}

/** What `writeModelFile` stores: the networks, their trained tensors and where they came from. */
export function toModel(
  definition: Trainable,
  { parameters }: Pick<FitResult, "parameters">,
  notes: ModelNotes,
): Model {
  const { kind, config, encoder, decoder, prior } = definition;
  return { kind, config: configToJson(config), encoder, decoder, ...(prior && { prior }), parameters, ...notes };
}
