import { autoencoderDefinition, psnr, trunkCode } from "./autoencoder-family.ts";
import { checkedConfig, type Given, type ModelKind } from "./config.ts";
import type { ModelDefinition } from "./definition.ts";
import { squaredError } from "./parts.ts";

export const deepAutoencoderKind: ModelKind = {
  kind: "deep-ae",
  summary: "deep autoencoder: several hidden layers down to a narrow code",
  defaults: {
    // A quarter of 784-1000-500-250-30 (Hinton, Salakhutdinov 2006), whose code is as wide: minutes, not hours. Rectified
    // units need none of the layer-by-layer pretraining that its logistic ones did.
    trunk: { kind: "dense", hidden: [256, 64] },
    latent: 30,
  },
  fields: {},
};

/** Deep autoencoder (Hinton, Salakhutdinov 2006), all layers trained at once. Its users look at squared error and PSNR. */
export function deepAutoencoder(given: Given = {}): ModelDefinition {
  const config = checkedConfig(deepAutoencoderKind, given);
  return autoencoderDefinition({
    described: deepAutoencoderKind,
    config,
    code: (build, x) => trunkCode(build, x, config),
    metrics: (build, { x, p }) => ({ psnr: psnr(build, squaredError(build, x, p), config) }),
  });
}
