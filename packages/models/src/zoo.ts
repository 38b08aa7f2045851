import type { DenseConfig, ModelDefinition, ModelKind } from "./definition.ts";
import { denseAutoencoder } from "./dense-autoencoder.ts";
import { denseVae } from "./dense-vae.ts";

const zoo: Readonly<Record<ModelKind, (config: Partial<DenseConfig>) => ModelDefinition>> = {
  ae: denseAutoencoder,
  vae: denseVae,
};

/** The kinds `defineModel` knows. */
export const modelKinds: readonly ModelKind[] = Object.keys(zoo) as ModelKind[];

/** The model of a kind: what a command line or a model file names. Throws `RangeError` for an unknown kind. */
export function defineModel(kind: string, config: Partial<DenseConfig> = {}): ModelDefinition {
  const define = Object.hasOwn(zoo, kind) ? zoo[kind as ModelKind] : undefined;
  if (!define) throw new RangeError(`"kind" expected ${modelKinds.join(" or ")}, got ${kind}`);
  return define(config);
}
