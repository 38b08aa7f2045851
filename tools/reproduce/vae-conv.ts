import { vae } from "@isthmus/models";
import type { Context, Made, Reproduction } from "./harness/reproduction.ts";
import { comparedOnMnist, priorGridText, TEN_EPOCHS_TEXT } from "./variational-runs.ts";

const NETWORKS = [
  { name: "dense", trunk: { kind: "dense", hidden: [400] } },
  { name: "convolutional", trunk: { kind: "conv", channels: [16, 32], hidden: [128] } },
] as const;

export const vaeConv: Reproduction = {
  name: "vae-conv",
  what: "A convolutional VAE beside a dense one with as many latents, at equal epochs",
  minutes: 9,
  run,
};

async function run(context: Context): Promise<Made> {
  const models = NETWORKS.map(({ name, trunk }) => ({
    ...{ name, definition: vae({ trunk }), picture: name },
    metrics: [
      { metric: "negElbo", what: `${name}, 20 latents, negative ELBO`, published: null },
      { metric: "kl", what: `${name}, 20 latents, KL`, published: null },
    ],
  }));
  return {
    ...(await comparedOnMnist(context, models)),
    protocol: {
      dense: "784-400-20 and back, ReLU; kind vae",
      convolutional: "16 and 32 channels of 4x4 filters at stride 2, 128 units, 20 latents, mirrored, ReLU; kind vae",
      optimiser: TEN_EPOCHS_TEXT,
      pictures: priorGridText(context),
    },
  };
}
