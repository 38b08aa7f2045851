import { type Dataset, gather, itemSize } from "@isthmus/data";
import { dataMoments, fitProbabilisticPca, ndArray } from "@isthmus/math";
import { linearVae } from "@isthmus/models";
import { lineChart } from "@isthmus/plot";
import { dataConvention, evaluateLikelihood } from "@isthmus/train";
import type { Context, Made, Reproduction } from "./harness/reproduction.ts";
import { trained, type Trained } from "./harness/training.ts";

const LATENT = 10;
const EPOCHS = 40;
const RATE = 0.01;
const BLOCK = 4;

export const linearVaeRows: Reproduction = {
  name: "linear-vae",
  what: "The linear VAE with one noise variance comes to probabilistic PCA",
  minutes: 2,
  run,
};

async function run(context: Context): Promise<Made> {
  const { train: images } = await context.mnist();
  const train = pooled(images);
  const { logLikelihood: exact } = fitProbabilisticPca(
    dataMoments(ndArray([train.items, itemSize(train)], Float64Array.from(train.values))),
    LATENT,
  );
  const definition = linearVae({ inputShape: train.shape, latent: LATENT });
  const epochs = context.epochs(EPOCHS);
  const made: Trained[] = [];
  const likelihoods: number[] = [];
  for (const seed of context.seeds) {
    const learningRate = { kind: "cosine", rate: RATE, epochs } as const;
    const options = { seed, epochs, learningRate, batchSize: 128, title: "linear VAE" };
    const one = await trained(context, definition, { train, test: train }, options);
    const { engine } = context;
    const measured = await evaluateLikelihood(definition, one.parameters, train, { engine, seed, samples: 20 });
    made.push(one);
    likelihoods.push(measured.logLikelihood);
  }
  const convention = `${dataConvention(definition.config)}; training images, 7x7 means of 4x4 pixels`;
  const published = { figures: exact.toFixed(3), source: "Tipping and Bishop 1999, equations 7 and 8, computed here" };
  return {
    rows: [
      {
        what: `49-${LATENT}-49, ELBO of the last epoch, z integrated out`,
        unit: "nats per image",
        convention,
        published,
        runs: made.map(({ seconds }, i) => ({ seed: context.seeds[i]!, value: elbos(made[i]!).at(-1)!, seconds })),
        line: { least: exact - 0.05, most: exact + 0.001 },
      },
      {
        what: `49-${LATENT}-49, log-likelihood from 20 importance samples of each image`,
        unit: "nats per image",
        convention,
        published,
        runs: likelihoods.map((value, i) => ({ seed: context.seeds[i]!, value, seconds: 0 })),
        line: { least: exact - 0.05, most: exact + 0.001 },
      },
    ],
    protocol: {
      network: `49-${LATENT}-49, linear; kind linear-vae, one learned variance`,
      optimiser: `Adam, cosine from ${RATE} in ${epochs} epochs, batch 128`,
    },
    details: { exact, elbos: made.map(elbos) },
    pictures: { "": chart(context, made, exact) },
  };
}

/** By epoch, on the training images while the parameters moved. */
function elbos({ history }: Trained): number[] {
  return history.map(({ train }) => -train["loss"]!);
}

/** Means of blocks of pixels: all 49 vary, as not all of 784 do, and their likelihood is bounded. */
function pooled(images: Dataset): Dataset {
  const [rows, columns] = images.shape as [number, number];
  const across = columns / BLOCK;
  const shape = [(rows / BLOCK) * across];
  const x = new Float32Array(itemSize(images));
  const values = new Float32Array(images.items * shape[0]!);
  for (let item = 0; item < images.items; item++) {
    gather(images, [item], x);
    x.forEach((value, at) => {
      const [row, column] = [Math.floor(at / columns), at % columns];
      values[item * shape[0]! + Math.floor(row / BLOCK) * across + Math.floor(column / BLOCK)]! += value / BLOCK ** 2;
    });
  }
  return { ...images, name: `${images.name}, 7x7 means`, shape, values, scale: 1 };
}

function chart({ seeds }: Context, made: readonly Trained[], exact: number): string {
  return lineChart({
    title: "A linear VAE comes to probabilistic PCA",
    subtitle: `log-likelihood of probabilistic PCA (${exact.toFixed(3)} nats) less the ELBO, by epoch; MNIST as 7x7 means, ${LATENT} latents`,
    x: { name: "epoch", whole: true },
    y: { name: "nats per image", scale: "log" },
    series: made.map((one, i) => ({
      name: `seed ${seeds[i]}`,
      points: elbos(one).map((elbo, epoch) => [epoch + 1, Math.max(exact - elbo, 1e-4)] as const),
    })),
  });
}
