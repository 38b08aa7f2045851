import { categoricalVae } from "@isthmus/models";
import type { Context, Made, Reproduction } from "./harness/reproduction.ts";
import { metricRow, priorGrid, priorGridText, termsOf, trainedForSeeds } from "./variational-runs.ts";

const TRAINING = { epochs: 50, batchSize: 128, learningRate: 1e-3 } as const;

/** With one more hidden layer of 512, and without word of how its data were binarised or the likelihood measured. */
const PUBLISHED = {
  figures: "92.88, of a 784-512-256-20x10",
  source: "a public repository's Gumbel-softmax VAE after 50 epochs, data convention not said",
};

export const categoricalVaeRows: Reproduction = {
  name: "categorical-vae",
  what: "VAE with 20 categorical latents of 10 values, trained through Gumbel-softmax and measured with one-hot draws",
  minutes: 15,
  run,
};

async function run(context: Context): Promise<Made> {
  const data = await context.mnist();
  const definition = categoricalVae({ binarize: "dynamic" });
  const made = await trainedForSeeds(context, definition, data, "categorical", TRAINING);
  return {
    rows: [
      metricRow(context, made, "negElbo", {
        what: "784-256-20x10, negative ELBO of the discrete model",
        published: PUBLISHED,
      }),
      metricRow(context, made, "kl", { what: "784-256-20x10, KL to equal probabilities", published: null }),
    ],
    protocol: {
      network: "784-256-(20x10)-256-784, ReLU; kind categorical-vae",
      temperature: "1, times 0.9 after each epoch, down to 0.5",
      optimiser: `Adam ${TRAINING.learningRate}, batch ${TRAINING.batchSize}, ${context.epochs(TRAINING.epochs)} epochs`,
      picture: priorGridText(context),
    },
    details: { terms: termsOf(made) },
    pictures: { "": await priorGrid(context, made[0]!) },
  };
}
