import { vae } from "@isthmus/models";
import { pngGrid } from "@isthmus/plot";
import type { Context, Made, Reproduction, Row } from "./harness/reproduction.ts";
import { metricRow, OWN_NUMPY, priorSamples, TEN_EPOCHS_TEXT, termsOf, trainedForSeeds } from "./variational-runs.ts";

const SIZES = [2, 5, 10, 20] as const;

/** After 10 epochs, by the NumPy implementation; of 5 and 10 latents nothing is known. */
const KNOWN: Readonly<Record<number, number>> = { 2: 154.13, 20: 105.71 };
const COLUMNS = 16;

export const vaeLatents: Reproduction = {
  name: "vae-latents",
  what: "VAEs with 2, 5, 10 and 20 latents, and what their priors look like decoded",
  minutes: 12,
  run,
};

async function run(context: Context): Promise<Made> {
  const data = await context.mnist();
  const rows: Row[] = [];
  const details: Record<string, Record<string, number>[]> = {};
  const pictures: Record<string, Uint8Array> = {};
  for (const latent of SIZES) {
    const made = await trainedForSeeds(context, vae({ latent }), data, `${latent} latents`);
    const known = KNOWN[latent];
    const published = known === undefined ? null : { figures: String(known), source: OWN_NUMPY };
    const line = known === undefined ? {} : { line: { least: known - 1, most: known + 1 } };
    rows.push(metricRow(context, made, "negElbo", { what: `784-400-${latent}, negative ELBO`, published, ...line }));
    details[`latent ${latent}`] = termsOf(made);
    const values = await priorSamples(context, made[0]!, { count: 5 * COLUMNS, seed: 1 });
    pictures[String(latent)] = pngGrid({ shape: [28, 28, 1], values }, { columns: COLUMNS });
  }
  return {
    rows,
    protocol: {
      network: "784-400-latents, ReLU; kind vae",
      optimiser: TEN_EPOCHS_TEXT,
      pictures: `means of p(x|z) at draws of the prior, seed ${context.seeds[0]}: ${SIZES.join(", ")} latents`,
    },
    details,
    pictures,
  };
}
