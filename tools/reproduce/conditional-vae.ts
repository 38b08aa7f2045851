import { conditionalVae } from "@isthmus/models";
import { pngGrid } from "@isthmus/plot";
import type { Context, Made, Reproduction } from "./harness/reproduction.ts";
import { metricRow, OWN_NUMPY, priorSamples, TEN_EPOCHS_TEXT, termsOf, trainedForSeeds } from "./variational-runs.ts";

export const conditionalVaeRows: Reproduction = {
  name: "conditional-vae",
  what: "VAE that is told the label: about 4 nats better than one that is not, and digits on demand",
  minutes: 8,
  run,
};

/** Of each digit in the picture. */
const PER_CLASS = 10;

async function run(context: Context): Promise<Made> {
  const data = await context.mnist();
  const made = await trainedForSeeds(context, conditionalVae(), data, "prior N(0, I)");
  const learned = await trainedForSeeds(context, conditionalVae({ prior: "learned" }), data, "learned prior");
  const labels = Int32Array.from({ length: 10 * PER_CLASS }, (_, i) => Math.floor(i / PER_CLASS));
  const images = await priorSamples(context, made[0]!, { count: labels.length, seed: 1, labels });
  return {
    rows: [
      metricRow(context, made, "negElbo", {
        what: "784-400-20 with the label, prior N(0, I), negative ELBO",
        published: { figures: "101.75", source: OWN_NUMPY },
        line: { least: 101.4, most: 102.1 },
      }),
      metricRow(context, learned, "negElbo", {
        what: "784-400-20 with the label, a Gaussian prior learned for each label, negative ELBO",
        published: null,
        line: { most: 102.1 },
      }),
    ],
    protocol: {
      network: "784+10-400-20 and 20+10-400-784, ReLU; kind conditional-vae, the label one-hot beside x and beside z",
      optimiser: TEN_EPOCHS_TEXT,
      picture: `one row per digit, ${PER_CLASS} draws of the prior N(0, I) each, seed ${context.seeds[0]}`,
    },
    details: { terms: termsOf(made), "terms, learned prior": termsOf(learned) },
    pictures: {
      "": pngGrid(
        { shape: [28, 28, 1], values: images },
        { columns: PER_CLASS, rowLabels: Array.from({ length: 10 }, (_, digit) => String(digit)) },
      ),
    },
  };
}
