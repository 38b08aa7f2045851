import { autoencoderDefinition, trunkCode } from "./autoencoder-family.ts";
import { checkedConfig, type Given, type ModelKind } from "./config.ts";
import type { ModelDefinition } from "./definition.ts";

export const autoencoderKind: ModelKind = {
  kind: "ae",
  summary: "autoencoder with a linear code",
  defaults: {},
  fields: {},
};

/**
 * Deterministic autoencoder with a linear code.
 *
 * The loss is -log p(x | z): binary cross-entropy for the Bernoulli likelihood, squared error up to scale and constant for
 * the Gaussian one.
 */
export function autoencoder(given: Given = {}): ModelDefinition {
  const config = checkedConfig(autoencoderKind, given);
  return autoencoderDefinition({
    described: autoencoderKind,
    config,
    code: (build, x) => trunkCode(build, x, config),
  });
}
