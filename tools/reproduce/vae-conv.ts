import { vae } from "@isthmus/models";
import { pngGrid } from "@isthmus/plot";
import type { Context, Made, Reproduction, Row } from "./harness/reproduction.ts";
import { metricRow, priorSamples, TEN_EPOCHS_TEXT, termsOf, trainedForSeeds } from "./variational-runs.ts";

const NETWORKS = [
  { name: "dense", trunk: { kind: "dense", hidden: [400] } },
  { name: "convolutional", trunk: { kind: "conv", channels: [16, 32], hidden: [128] } },
] as const;

const COLUMNS = 16;

export const vaeConv: Reproduction = {
  name: "vae-conv",
  what: "A convolutional VAE beside a dense one with as many latents, at equal epochs",
  minutes: 9,
  run,
};

async function run(context: Context): Promise<Made> {
  const data = await context.mnist();
  const rows: Row[] = [];
  const details: Record<string, Record<string, number>[]> = {};
  const pictures: Record<string, Uint8Array> = {};
  for (const { name, trunk } of NETWORKS) {
    const made = await trainedForSeeds(context, vae({ trunk }), data, name);
    const what = `${name}, 20 latents`;
    rows.push(metricRow(context, made, "negElbo", { what: `${what}, negative ELBO`, published: null }));
    rows.push(metricRow(context, made, "kl", { what: `${what}, KL`, published: null }));
    details[name] = termsOf(made);
    const values = await priorSamples(context, made[0]!, { count: 5 * COLUMNS, seed: 1 });
    pictures[name] = pngGrid({ shape: [28, 28, 1], values }, { columns: COLUMNS });
  }
  return {
    rows,
    protocol: {
      dense: "784-400-20 and back, ReLU; kind vae",
      convolutional: "16 and 32 channels of 4x4 filters at stride 2, 128 units, 20 latents, mirrored, ReLU; kind vae",
      optimiser: TEN_EPOCHS_TEXT,
      pictures: `means of p(x|z) at draws of the prior, seed ${context.seeds[0]}`,
    },
    details,
    pictures,
  };
}
