import { vae } from "@isthmus/models";
import type { Context, Made, Reproduction } from "./harness/reproduction.ts";
import { comparedOnMnist, priorGridText, TEN_EPOCHS_TEXT } from "./variational-runs.ts";

const SHALLOW = { kind: "dense", hidden: [400] } as const;
const DEEP = { kind: "dense", hidden: [400, 200, 100] } as const;

const NETWORKS = [
  { name: "shallow", trunk: SHALLOW, decoder: SHALLOW },
  { name: "deep decoder", trunk: SHALLOW, decoder: DEEP },
  { name: "deep encoder", trunk: DEEP, decoder: SHALLOW },
  { name: "deep both", trunk: DEEP, decoder: DEEP },
] as const;

export const vaeDepths: Reproduction = {
  name: "vae-depths",
  what: "Where depth helps a VAE: one or three hidden layers in encoder, decoder or both",
  minutes: 15,
  run,
};

async function run(context: Context): Promise<Made> {
  const models = NETWORKS.map(({ name, ...trunks }) => ({
    ...{ name, definition: vae(trunks), picture: name.replace(" ", "-") },
    metrics: [{ metric: "negElbo", what: `${name}, 20 latents, negative ELBO`, published: null }],
  }));
  return {
    ...(await comparedOnMnist(context, models)),
    protocol: {
      network: "shallow is one hidden layer of 400 units, deep 400-200-100; 20 latents, ReLU; kind vae",
      optimiser: TEN_EPOCHS_TEXT,
      pictures: priorGridText(context),
    },
  };
}
