import { vae } from "@isthmus/models";
import type { Context, Made, Reproduction } from "./harness/reproduction.ts";
import { comparedOnMnist, OWN_NUMPY, priorGridText, TEN_EPOCHS_TEXT } from "./variational-runs.ts";

const SIZES = [2, 5, 10, 20] as const;

/** After 10 epochs, by the NumPy implementation; of 5 and 10 latents nothing is known. */
const KNOWN: Readonly<Record<number, number>> = { 2: 154.13, 20: 105.71 };

export const vaeLatents: Reproduction = {
  name: "vae-latents",
  what: "VAEs with 2, 5, 10 and 20 latents, and what their priors look like decoded",
  minutes: 12,
  run,
};

async function run(context: Context): Promise<Made> {
  const models = SIZES.map((latent) => {
    const known = KNOWN[latent];
    const published = known === undefined ? null : { figures: String(known), source: OWN_NUMPY };
    const line = known === undefined ? {} : { line: { least: known - 1, most: known + 1 } };
    return {
      ...{ name: `latent ${latent}`, definition: vae({ latent }), picture: String(latent) },
      metrics: [{ metric: "negElbo", what: `784-400-${latent}, negative ELBO`, published, ...line }],
    };
  });
  return {
    ...(await comparedOnMnist(context, models)),
    protocol: {
      network: "784-400-latents, ReLU; kind vae",
      optimiser: TEN_EPOCHS_TEXT,
      pictures: `${priorGridText(context)}: ${SIZES.join(", ")} latents`,
    },
  };
}
