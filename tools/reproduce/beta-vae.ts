import { betaVae } from "@isthmus/models";
import type { Context, Made, Reproduction } from "./harness/reproduction.ts";
import { metricRow, OWN_NUMPY, TEN_EPOCHS_TEXT, termsOf, trainedForSeeds } from "./variational-runs.ts";

export const betaVaeRows: Reproduction = {
  name: "beta-vae",
  what: "VAE with its KL weighted by 4, measured with the weight of an ELBO, 1",
  minutes: 4,
  run,
};

async function run(context: Context): Promise<Made> {
  const data = await context.mnist();
  const made = await trainedForSeeds(context, betaVae({ klWeight: 4 }), data, "beta = 4");
  return {
    rows: [
      metricRow(context, made, "negElbo", {
        what: "784-400-20, beta = 4, negative ELBO",
        published: { figures: "121.66", source: OWN_NUMPY },
        line: { least: 120.9, most: 122.4 },
      }),
      metricRow(context, made, "kl", {
        what: "784-400-20, beta = 4, KL",
        published: { figures: "9.53", source: OWN_NUMPY },
        line: { least: 9.2, most: 9.9 },
      }),
    ],
    protocol: { network: "784-400-20, ReLU; kind beta-vae, klWeight 4", optimiser: TEN_EPOCHS_TEXT },
    details: { terms: termsOf(made) },
    pictures: {},
  };
}
