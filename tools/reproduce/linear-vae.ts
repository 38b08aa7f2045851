import { type Dataset, gather, itemSize } from "@isthmus/data";
import { type DataMoments, dataMoments, fitFactorAnalysis, fitProbabilisticPca, ndArray } from "@isthmus/math";
import { linearVae, type ModelDefinition } from "@isthmus/models";
import { figure, lineChart } from "@isthmus/plot";
import { dataConvention, evaluateLikelihood } from "@isthmus/train";
import type { Context, Made, Reproduction, Row } from "./harness/reproduction.ts";
import { trained, type Trained } from "./harness/training.ts";

const LATENT = 10;
const EPOCHS = 40;
const RATE = 0.01;
const BLOCK = 4;
const SAMPLES = 20;

/** What a linear VAE comes to, by what its noise variance is. */
interface Case {
  readonly name: string;
  readonly variance: "shared" | "perFeature";
  readonly data: string;
  readonly source: string;
  of(images: Dataset): Dataset;
  fit(moments: DataMoments): { readonly logLikelihood: number };
}

const CASES: readonly Case[] = [
  {
    name: "Probabilistic PCA",
    variance: "shared",
    data: "7x7 means of 4x4 pixels",
    source: "Tipping and Bishop 1999, equations 7 and 8, computed here",
    of: pooled,
    fit: (moments) => fitProbabilisticPca(moments, LATENT),
  },
  {
    name: "Factor analysis",
    variance: "perFeature",
    // The edge hardly varies: noise variances there are below 1e-6, which a learned one keeps above.
    data: "the inner 5x5 of 7x7 means of 4x4 pixels",
    source: "expectation maximisation, computed here",
    of: (images) => inner(pooled(images)),
    fit: (moments) => fitFactorAnalysis(moments, LATENT, { iterations: 20_000, tolerance: 1e-10 }),
  },
];

export const linearVaeRows: Reproduction = {
  name: "linear-vae",
  what: "The linear VAE comes to probabilistic PCA with one noise variance, to factor analysis with one for each feature",
  minutes: 4,
  run,
};

async function run(context: Context): Promise<Made> {
  const { train: images } = await context.mnist();
  const epochs = context.epochs(EPOCHS);
  const made: MadeCase[] = [];
  for (const one of CASES) made.push(await madeCase(context, one, one.of(images), epochs));
  const panels = made.map((one) => chart(context, one));
  return {
    rows: made.flatMap((one) => rowsOf(context, one)),
    protocol: {
      networks: `49-${LATENT}-49 and 25-${LATENT}-25, linear; kind linear-vae, one learned variance or one for each feature`,
      optimiser: `Adam, cosine from ${RATE} in ${epochs} epochs, batch 128`,
    },
    details: Object.fromEntries(made.map(({ name, exact, runs }) => [name, { exact, elbos: runs.map(elbos) }])),
    pictures: { "": figure({ title: "A linear VAE comes to the model it is", panels }) },
  };
}

interface MadeCase extends Case {
  readonly definition: ModelDefinition;
  readonly features: number;
  /** The largest log-likelihood, nats per image. */
  readonly exact: number;
  readonly runs: readonly Trained[];
  /** By importance sampling, of each seed. */
  readonly likelihoods: readonly number[];
}

async function madeCase(context: Context, one: Case, train: Dataset, epochs: number): Promise<MadeCase> {
  const features = itemSize(train);
  const { logLikelihood: exact } = one.fit(
    dataMoments(ndArray([train.items, features], Float64Array.from(train.values))),
  );
  const likelihood = { kind: "gaussian", variance: one.variance } as const;
  const definition = linearVae({ inputShape: train.shape, latent: LATENT, likelihood });
  const { engine } = context;
  const runs: Trained[] = [];
  const likelihoods: number[] = [];
  for (const seed of context.seeds) {
    const learningRate = { kind: "cosine", rate: RATE, epochs } as const;
    const options = { seed, epochs, learningRate, batchSize: 128, title: `linear VAE, ${one.name}` };
    const run = await trained(context, definition, { train, test: train }, options);
    const measured = await evaluateLikelihood(definition, run.parameters, train, { engine, seed, samples: SAMPLES });
    runs.push(run);
    likelihoods.push(measured.logLikelihood);
  }
  return { ...one, definition, features, exact, runs, likelihoods };
}

function rowsOf({ seeds }: Context, { name, definition, features, exact, runs, likelihoods, ...one }: MadeCase): Row[] {
  const common = {
    unit: "nats per image",
    convention: `${dataConvention(definition.config)}; training images, ${one.data}`,
    published: { figures: exact.toFixed(3), source: one.source },
    line: { least: exact - 0.05, most: exact + 0.001 },
  };
  const network = `${name}, ${features}-${LATENT}-${features}`;
  const perSeed = (value: (run: number) => number, seconds: (run: number) => number): Row["runs"] =>
    seeds.map((seed, run) => ({ seed, value: value(run), seconds: seconds(run) }));
  return [
    {
      ...common,
      what: `${network}: ELBO of the last epoch, z integrated out`,
      runs: perSeed(
        (run) => elbos(runs[run]!).at(-1)!,
        (run) => runs[run]!.seconds,
      ),
    },
    {
      ...common,
      what: `${network}: log-likelihood from ${SAMPLES} importance samples of each image`,
      runs: perSeed(
        (run) => likelihoods[run]!,
        () => 0,
      ),
    },
  ];
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

/** Without the blocks at the edge. */
function inner(means: Dataset): Dataset {
  const side = Math.sqrt(itemSize(means));
  const kept = Array.from({ length: side * side }, (_, at) => at).filter((at) => {
    const [row, column] = [Math.floor(at / side), at % side];
    return Math.min(row, column) > 0 && Math.max(row, column) < side - 1;
  });
  const values = new Float32Array(means.items * kept.length);
  for (let item = 0; item < means.items; item++) {
    kept.forEach((at, to) => (values[item * kept.length + to] = means.values[item * side * side + at]!));
  }
  return { ...means, name: `${means.name}, inner`, shape: [kept.length], values };
}

function chart({ seeds }: Context, { name, exact, runs }: MadeCase): string {
  return lineChart({
    title: name,
    subtitle: `its log-likelihood (${exact.toFixed(3)} nats) less the ELBO, by epoch; ${LATENT} latents`,
    width: 560,
    height: 400,
    x: { name: "epoch", whole: true },
    y: { name: "nats per image", scale: "log" },
    series: runs.map((run, i) => ({
      name: `seed ${seeds[i]}`,
      points: elbos(run).map((elbo, epoch) => [epoch + 1, Math.max(exact - elbo, 1e-4)] as const),
    })),
  });
}
