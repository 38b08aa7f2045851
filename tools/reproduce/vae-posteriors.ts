import { vae } from "@isthmus/models";
import type { Context, Made, Reproduction } from "./harness/reproduction.ts";
import { comparedOnMnist, TEN_EPOCHS_TEXT } from "./variational-runs.ts";

const LATENT = 5;

const POSTERIORS = [
  { name: "diagonal covariance", posterior: "diagonal" },
  { name: "full covariance", posterior: "full" },
  { name: "mixture of 3 Gaussians", posterior: "mixture" },
] as const;

export const vaePosteriors: Reproduction = {
  name: "vae-posteriors",
  what: "Richer posteriors beside the diagonal one, at equal epochs",
  minutes: 15,
  run,
};

async function run(context: Context): Promise<Made> {
  const models = POSTERIORS.map(({ name, posterior }) => ({
    ...{ name, definition: vae({ latent: LATENT, posterior }) },
    metrics: [{ metric: "negElbo", what: `${name}, ${LATENT} latents, negative ELBO`, published: null }],
  }));
  return {
    ...(await comparedOnMnist(context, models)),
    protocol: {
      network: `784-400-${LATENT}, ReLU; kind vae`,
      optimiser: TEN_EPOCHS_TEXT,
      mixture: "one draw of each component in every ELBO, the KL sampled",
    },
  };
}
