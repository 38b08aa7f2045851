import { autoencoder, autoencoderKind } from "./autoencoder.ts";
import { betaVae, betaVaeKind } from "./beta-vae.ts";
import { categoricalVae, categoricalVaeKind } from "./categorical-vae.ts";
import { conditionalVae, conditionalVaeKind } from "./conditional-vae.ts";
import type { ModelKind } from "./config.ts";
import { contractiveAutoencoder, contractiveAutoencoderKind } from "./contractive-autoencoder.ts";
import { convolutionalAutoencoder, convolutionalAutoencoderKind } from "./convolutional-autoencoder.ts";
import { deepAutoencoder, deepAutoencoderKind } from "./deep-autoencoder.ts";
import type { ModelDefinition } from "./definition.ts";
import { iwae, iwaeKind } from "./iwae.ts";
import { linearVae, linearVaeKind } from "./linear-vae.ts";
import { learnedCodec, learnedCodecKind } from "./learned-codec.ts";
import { mixturePriorVae, mixturePriorVaeKind } from "./mixture-prior-vae.ts";
import { denoisingAutoencoder, denoisingAutoencoderKind } from "./denoising-autoencoder.ts";
import { linearAutoencoder, linearAutoencoderKind } from "./linear-autoencoder.ts";
import { sparseAutoencoder, sparseAutoencoderKind } from "./sparse-autoencoder.ts";
import { vae, vaeKind } from "./vae.ts";
import { vampPriorVae, vampPriorVaeKind } from "./vamp-prior-vae.ts";

/** A model of the zoo: how it is described and how it is made. */
interface Entry {
  readonly described: ModelKind;
  define(config: object): ModelDefinition;
}

const zoo: readonly Entry[] = [
  { described: autoencoderKind, define: autoencoder },
  { described: linearAutoencoderKind, define: linearAutoencoder },
  { described: deepAutoencoderKind, define: deepAutoencoder },
  { described: convolutionalAutoencoderKind, define: convolutionalAutoencoder },
  { described: sparseAutoencoderKind, define: sparseAutoencoder },
  { described: denoisingAutoencoderKind, define: denoisingAutoencoder },
  { described: contractiveAutoencoderKind, define: contractiveAutoencoder },
  { described: vaeKind, define: vae },
  { described: linearVaeKind, define: linearVae },
  { described: betaVaeKind, define: betaVae },
  { described: conditionalVaeKind, define: conditionalVae },
  { described: iwaeKind, define: iwae },
  { described: categoricalVaeKind, define: categoricalVae },
  { described: mixturePriorVaeKind, define: mixturePriorVae },
  { described: vampPriorVaeKind, define: vampPriorVae },
  { described: learnedCodecKind, define: learnedCodec },
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
