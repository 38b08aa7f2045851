import { take } from "@isthmus/data";
import { iwae } from "@isthmus/models";
import { dataConvention, evaluateLikelihood } from "@isthmus/train";
import type { Context, Made, Reproduction, Row } from "./harness/reproduction.ts";
import type { Trained } from "./harness/training.ts";
import { trainedForSeeds } from "./variational-runs.ts";

const TRAINING = { epochs: 10, batchSize: 100, learningRate: 1e-3 } as const;
const SAMPLES = 500;
const MEASURED = 1000;

const MODELS = [
  { name: "VAE (k = 1)", samples: 1, estimator: "iwae" },
  { name: "IWAE, k = 5", samples: 5, estimator: "iwae" },
  { name: "DReG, k = 5", samples: 5, estimator: "dreg" },
] as const;

/** After 10 epochs, by a NumPy implementation of the same protocol: the negative ELBO of the first. */
const NUMPY_NEG_ELBO = 104.19;

export const iwaeRows: Reproduction = {
  name: "iwae",
  what: "Bounds from several draws, at equal epochs: the one-layer network of the IWAE paper, 10 of its 3280 epochs",
  minutes: 25,
  run,
};

async function run(context: Context): Promise<Made> {
  const data = await context.mnist();
  const measured = take(data.test, 0, MEASURED);
  const rows: Row[] = [];
  const details: Record<string, Record<string, number>[]> = {};
  for (const { name, ...options } of MODELS) {
    const definition = iwae({ ...options, binarize: "dynamic" });
    const made = await trainedForSeeds(context, definition, data, name, TRAINING);
    const terms: Record<string, number>[] = [];
    for (const [i, one] of made.entries()) terms.push(await measure(context, one, context.seeds[i]!, measured));
    rows.push({
      what: `${name}, negative log-likelihood from ${SAMPLES} importance samples`,
      unit: "nats per image",
      convention: `${dataConvention(definition.config)}; the first ${MEASURED} test images`,
      published: null,
      runs: terms.map(({ negLogLikelihood }, i) => ({
        seed: context.seeds[i]!,
        value: negLogLikelihood!,
        seconds: made[i]!.seconds,
      })),
    });
    details[name] = terms;
  }
  rows.unshift({
    what: "VAE (k = 1), negative ELBO",
    unit: "nats per image",
    convention: `${dataConvention(iwae({ binarize: "dynamic" }).config)}; one drawn z per test image`,
    published: { figures: String(NUMPY_NEG_ELBO), source: "an independent NumPy implementation by the same protocol" },
    runs: details[MODELS[0].name]!.map(({ negElbo }, i) => ({ seed: context.seeds[i]!, value: negElbo!, seconds: 0 })),
    line: { least: NUMPY_NEG_ELBO - 1, most: NUMPY_NEG_ELBO + 1 },
  });
  return {
    rows,
    protocol: {
      network: "784-200-200-50, tanh; kind iwae",
      optimiser: `Adam ${TRAINING.learningRate}, batch ${TRAINING.batchSize}, ${TRAINING.epochs} epochs`,
    },
    details,
    pictures: {},
  };
}

async function measure(
  { engine }: Context,
  { definition, parameters, test }: Trained,
  seed: number,
  data: Parameters<typeof evaluateLikelihood>[2],
): Promise<Record<string, number>> {
  const estimate = await evaluateLikelihood(definition, parameters, data, { engine, seed, samples: SAMPLES });
  const { logLikelihood, standardError, effectiveSampleSize } = estimate;
  return { ...test, negLogLikelihood: -logLikelihood, standardError, effectiveSampleSize };
}
