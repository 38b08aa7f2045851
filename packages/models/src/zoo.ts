import { autoencoder, autoencoderKind } from "./autoencoder.ts";
import type { ModelKind } from "./config.ts";
import type { ModelDefinition } from "./definition.ts";
import { vae, vaeKind } from "./vae.ts";

/** A model of the zoo: how it is described and how it is made. */
interface Entry {
  readonly described: ModelKind;
  define(config: object): ModelDefinition;
}

const zoo: readonly Entry[] = [
  { described: autoencoderKind, define: autoencoder },
  { described: vaeKind, define: vae },
];

const byKind = new Map(zoo.map((entry) => [entry.described.kind, entry]));

/** The kinds `defineModel` knows. */
export const modelKinds: readonly ModelKind[] = zoo.map(({ described }) => described);

/**
 * The model of a kind: what a command line or a model file names.
 *
 * @throws TypeError or RangeError an unknown kind, or a field that is unknown or wrong
 */
export function defineModel(kind: string, config: object = {}): ModelDefinition {
  const entry = byKind.get(kind);
  if (!entry) throw new RangeError(`"kind" expected ${[...byKind.keys()].join(" or ")}, got ${kind}`);
  return entry.define(config);
}
