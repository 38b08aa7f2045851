import { vae } from "@isthmus/models";
import { pngGrid } from "@isthmus/plot";
import type { Context, Made, Reproduction, Row } from "./harness/reproduction.ts";
import { metricRow, priorSamples, TEN_EPOCHS_TEXT, termsOf, trainedForSeeds } from "./variational-runs.ts";

const SHALLOW = { kind: "dense", hidden: [400] } as const;
const DEEP = { kind: "dense", hidden: [400, 200, 100] } as const;

const NETWORKS = [
  { name: "shallow", trunk: SHALLOW, decoder: SHALLOW },
  { name: "deep decoder", trunk: SHALLOW, decoder: DEEP },
  { name: "deep encoder", trunk: DEEP, decoder: SHALLOW },
  { name: "deep both", trunk: DEEP, decoder: DEEP },
] as const;

const COLUMNS = 16;

export const vaeDepths: Reproduction = {
  name: "vae-depths",
  what: "Where depth helps a VAE: one or three hidden layers in encoder, decoder or both",
  minutes: 15,
  run,
};

async function run(context: Context): Promise<Made> {
  const data = await context.mnist();
  const rows: Row[] = [];
  const details: Record<string, Record<string, number>[]> = {};
  const pictures: Record<string, Uint8Array> = {};
  for (const { name, ...trunks } of NETWORKS) {
    const made = await trainedForSeeds(context, vae(trunks), data, name);
    rows.push(metricRow(context, made, "negElbo", { what: `${name}, 20 latents, negative ELBO`, published: null }));
    details[name] = termsOf(made);
    const values = await priorSamples(context, made[0]!, { count: 5 * COLUMNS, seed: 1 });
    pictures[name.replace(" ", "-")] = pngGrid({ shape: [28, 28, 1], values }, { columns: COLUMNS });
  }
  return {
    rows,
    protocol: {
      network: "shallow is one hidden layer of 400 units, deep 400-200-100; 20 latents, ReLU; kind vae",
      optimiser: TEN_EPOCHS_TEXT,
      pictures: `means of p(x|z) at draws of the prior, seed ${context.seeds[0]}`,
    },
    details,
    pictures,
  };
}
