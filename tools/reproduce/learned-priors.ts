import { type Dataset, gather, itemSize } from "@isthmus/data";
import { mixturePriorVae, vae, vampPriorVae } from "@isthmus/models";
import { clusterAccuracy } from "./cluster-accuracy.ts";
import type { Context, Made, Reproduction } from "./harness/reproduction.ts";
import type { Trained } from "./harness/training.ts";
import { metricRow, ranOnce, termsOf, trainedForSeeds } from "./variational-runs.ts";

const LATENT = 10;
const COMPONENTS = 10;
const TRAINING = { epochs: 30, batchSize: 128, learningRate: 1e-3 } as const;

export const learnedPriors: Reproduction = {
  name: "learned-priors",
  what: "Priors that are learned, a mixture of ten Gaussians and a VampPrior, beside N(0, I); the mixture's clusters beside the digits",
  minutes: 30,
  run,
};

async function run(context: Context): Promise<Made> {
  const data = await context.mnist();
  const standard = await trainedForSeeds(context, vae({ latent: LATENT }), data, "N(0, I)", TRAINING);
  const definition = mixturePriorVae({ latent: LATENT, components: COMPONENTS });
  const mixture = await trainedForSeeds(context, definition, data, "mixture prior", TRAINING);
  const vamp = await trainedForSeeds(context, vampPriorVae({ latent: LATENT }), data, "VampPrior", TRAINING);
  const accuracies: number[] = [];
  for (const one of mixture) accuracies.push(await accuracyOf(context, one, data.test));
  const negElbo = (made: readonly Trained[], what: string) =>
    metricRow(context, made, "negElbo", { what: `${what}, negative ELBO`, published: null });
  return {
    rows: [
      negElbo(standard, "prior N(0, I)"),
      negElbo(mixture, `mixture of ${COMPONENTS} Gaussians`),
      negElbo(vamp, "VampPrior, 50 pseudo-inputs"),
      {
        what: `mixture of ${COMPONENTS} Gaussians, cluster accuracy`,
        unit: "",
        convention:
          "test images, the component most likely at the posterior's mean, best one-to-one assignment to digits",
        published: null,
        runs: accuracies.map((value, i) => ({ seed: context.seeds[i]!, value, seconds: 0 })),
        line: { least: 0.7 },
      },
    ],
    protocol: {
      network: `784-400-${LATENT}, ReLU; kinds vae, mixture-prior-vae, vamp-prior-vae`,
      optimiser: `Adam ${TRAINING.learningRate}, batch ${TRAINING.batchSize}, ${TRAINING.epochs} epochs`,
    },
    details: { standard: termsOf(standard), mixture: termsOf(mixture), vamp: termsOf(vamp) },
    pictures: {},
  };
}

async function accuracyOf(context: Context, one: Trained, test: Dataset): Promise<number> {
  const x = new Float32Array(test.items * itemSize(test));
  gather(
    test,
    Int32Array.from({ length: test.items }, (_, item) => item),
    x,
  );
  const { responsibilities } = await ranOnce(context, one, one.definition.encoder, { x }, test.items);
  const clusters = Int32Array.from({ length: test.items }, (_, item) => {
    const row = responsibilities!.subarray(item * COMPONENTS, (item + 1) * COMPONENTS);
    return row.indexOf(Math.max(...row));
  });
  return clusterAccuracy(clusters, test.labels!, COMPONENTS);
}
