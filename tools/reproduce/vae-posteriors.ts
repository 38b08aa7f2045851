import { vae } from "@isthmus/models";
import type { Context, Made, Reproduction, Row } from "./harness/reproduction.ts";
import { metricRow, TEN_EPOCHS_TEXT, termsOf, trainedForSeeds } from "./variational-runs.ts";

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
  const data = await context.mnist();
  const rows: Row[] = [];
  const details: Record<string, Record<string, number>[]> = {};
  for (const { name, posterior } of POSTERIORS) {
    const made = await trainedForSeeds(context, vae({ latent: LATENT, posterior }), data, name);
    rows.push(
      metricRow(context, made, "negElbo", { what: `${name}, ${LATENT} latents, negative ELBO`, published: null }),
    );
    details[name] = termsOf(made);
  }
  return {
    rows,
    protocol: {
      network: `784-400-${LATENT}, ReLU; kind vae`,
      optimiser: TEN_EPOCHS_TEXT,
      mixture: "one draw of each component in every ELBO, the KL sampled",
    },
    details,
    pictures: {},
  };
}
