import { autoencoderDefinition, psnr, trunkCode } from "./autoencoder-family.ts";
import { checkedConfig, type Given, type ModelKind } from "./config.ts";
import type { ModelDefinition } from "./definition.ts";
import { squaredError } from "./parts.ts";

export const convolutionalAutoencoderKind: ModelKind = {
  kind: "conv-ae",
  summary: "convolutional autoencoder for images",
  defaults: {
    // Two convolutions of stride 2 bring 28 x 28 to 7 x 7 and 32 x 32 to 8 x 8, where a dense layer is affordable.
    trunk: { kind: "conv", channels: [16, 32], hidden: [128] },
    latent: 32,
  },
  fields: {},
};

/** Convolutional autoencoder: strided convolutions down to a dense code, transposed ones back. */
export function convolutionalAutoencoder(given: Given = {}): ModelDefinition {
  const config = checkedConfig(convolutionalAutoencoderKind, given);
  return autoencoderDefinition({
    described: convolutionalAutoencoderKind,
    config,
    code: (build, x) => trunkCode(build, x, config),
    metrics: (build, { x, p }) => ({ psnr: psnr(build, squaredError(build, x, p), config) }),
  });
}
