import { vae } from "@isthmus/models";
import { lineChart } from "@isthmus/plot";
import { dataConvention } from "@isthmus/train";
import type { Context, Made, Reproduction, SeedRun } from "./harness/reproduction.ts";
import { trained, type Trained } from "./harness/training.ts";

/** Negative ELBO on the test images after 10 epochs, as logged by runs of PyTorch's example `vae`. */
const PUBLISHED = [105.5585, 105.589] as const;
const EPOCHS = 10;
const BATCH_SIZE = 128;
const LEARNING_RATE = 1e-3;

export const vaeMnist: Reproduction = {
  name: "vae-mnist",
  what: "The test ELBO of the 784-400-20 VAE on MNIST after 10 epochs, beside two published runs",
  minutes: 3,
  run,
};

async function run(context: Context): Promise<Made> {
  const data = await context.mnist();
  const epochs = context.epochs(EPOCHS);
  const made: Trained[] = [];
  for (const seed of context.seeds) {
    const settings = { seed, epochs, batchSize: BATCH_SIZE, learningRate: LEARNING_RATE, evaluateEachEpoch: true };
    made.push(await trained(context, vae(), data, { title: "784-400-20", ...settings }));
  }
  const { config } = vae();
  const runs = made.map(({ test, seconds }, i): SeedRun => ({
    seed: context.seeds[i]!,
    value: test["negElbo"]!,
    seconds,
  }));
  return {
    rows: [
      {
        what: "784-400-20, negative ELBO",
        unit: "nats per image",
        convention: `${dataConvention(config)}; one drawn z per test image`,
        published: {
          figures: PUBLISHED.join(" and "),
          source: "logs of PyTorch's example `vae` in two public repositories",
        },
        runs,
        line: { least: 105.3, most: 106 },
      },
    ],
    protocol: {
      network: "784-400-20, ReLU; kind vae",
      optimiser: `Adam ${LEARNING_RATE}, batch ${BATCH_SIZE}, ${epochs} epochs`,
      evaluation: "negElbo = reconstruction + kl; an evaluation with z = mu comes out lower and is no ELBO",
    },
    details: {
      terms: made.map(({ test }) => ({ ...test })),
      curves: made.map(({ history }) => history.map(({ test }) => test!["negElbo"]!)),
    },
    pictures: { "": chart(context, made) },
  };
}

function chart({ seeds }: Context, made: readonly Trained[]): string {
  return lineChart({
    title: "Test negative ELBO of the 784-400-20 VAE on MNIST",
    subtitle: "nats per image, one drawn z each; real-valued pixels as Bernoulli; lower is better",
    x: { name: "epoch", whole: true },
    y: { name: "nats per image" },
    series: made.map(({ history }, i) => ({
      name: `seed ${seeds[i]}`,
      points: history.map(({ epoch, test }) => [epoch, test!["negElbo"]!] as const),
    })),
    references: PUBLISHED.map((y) => ({ name: `published: ${y}`, y })),
  });
}
