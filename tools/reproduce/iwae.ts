import { type Dataset, gather, itemSize, take } from "@isthmus/data";
import type { StoredTensor } from "@isthmus/graph";
import { iwae, type ModelDefinition } from "@isthmus/models";
import { lineChart } from "@isthmus/plot";
import { dataConvention, evaluateLikelihood, type InitialTensors } from "@isthmus/train";
import type { Context, Made, Reproduction, Row, SeedRun, Splits } from "./harness/reproduction.ts";
import { trained, type Trained } from "./harness/training.ts";

const EPOCHS = 10;
/** Where the first seed's curves are looked at, the first of them after as many epochs as all seeds train. */
const LATER_EPOCHS = [50, 100] as const;
const BATCH_SIZE = 100;
const LEARNING_RATE = 1e-3;
const SAMPLES = 500;
const MEASURED = 1000;
/** What IWAE has to gain over the VAE, nats. */
const GAIN = 0.5;

/** One row of models: `curve` where the first seed trains on, `published` after 3280 epochs (Burda et al. 2016, Table 1). */
interface Objective {
  readonly name: string;
  readonly samples: number;
  readonly estimator: "iwae" | "dreg";
  readonly curve: boolean;
  readonly published: number | null;
}

const VAE: Objective = { name: "VAE (k = 1)", samples: 1, estimator: "iwae", curve: true, published: 86.76 };
const IWAE_50: Objective = { name: "IWAE, k = 50", samples: 50, estimator: "iwae", curve: false, published: 84.78 };

const OBJECTIVES: readonly Objective[] = [
  VAE,
  { name: "IWAE, k = 5", samples: 5, estimator: "iwae", curve: true, published: 85.54 },
  { name: "DReG, k = 5", samples: 5, estimator: "dreg", curve: false, published: null },
  IWAE_50,
];

/** After 10 epochs, by a NumPy implementation of the same protocol: the negative ELBO of the VAE. */
const NUMPY_NEG_ELBO = 104.19;

export const iwaeRows: Reproduction = {
  name: "iwae",
  what: "Bounds from several draws, at equal epochs: the one-layer network of the IWAE paper, 10 to 100 of its 3280 epochs",
  minutes: 100,
  run,
};

/** What one training came to after some of its epochs. */
interface Point {
  readonly epochs: number;
  readonly seconds: number;
  readonly negElbo: number;
  readonly negLogLikelihood: number;
  readonly standardError: number;
  readonly effectiveSampleSize: number;
}

async function run(context: Context): Promise<Made> {
  const data = await context.mnist();
  const initial = { "decoder.output.bias": logitsOfMean(data.train) };
  const curves = new Map<Objective, readonly Point[][]>();
  for (const objective of OBJECTIVES) {
    const bySeed: Point[][] = [];
    for (const [i, seed] of context.seeds.entries()) {
      const later = objective.curve && i === 0 ? LATER_EPOCHS : [];
      const epochs = [...new Set([EPOCHS, ...later].map((usual) => context.epochs(usual)))];
      bySeed.push(await curveOf(context, objective, data, { seed, epochs, initial }));
    }
    curves.set(objective, bySeed);
  }
  return {
    rows: [
      negElboRow(context, curves),
      ...OBJECTIVES.flatMap((one) => likelihoodRows(context, one, curves)),
      gainRow(context, curves),
    ],
    protocol: {
      network: "784-200-200-50, tanh; kind iwae",
      optimiser: `Adam ${LEARNING_RATE}, batch ${BATCH_SIZE}, ${context.epochs(EPOCHS)} epochs; the paper's rate falls in eight stages`,
      start:
        "the decoder's last biases at the logits of the mean training image, clipped to [0.001, 0.999], as in the paper's program",
      published: "Table 1 of Burda, Grosse, Salakhutdinov 2016: 3280 epochs, 5000 importance samples, all test images",
    },
    details: Object.fromEntries(
      OBJECTIVES.map((one) => [one.name, curves.get(one)!.map((points) => points.map((point) => ({ ...point })))]),
    ),
    pictures: { "": chart(context, curves) },
  };
}

type Curves = ReadonlyMap<Objective, readonly (readonly Point[])[]>;

/** Trains on from one count of epochs to the next, measuring at each: training to the last alone gives the same network. */
async function curveOf(
  context: Context,
  objective: Objective,
  data: Splits,
  {
    seed,
    epochs,
    initial,
  }: { readonly seed: number; readonly epochs: readonly number[]; readonly initial: InitialTensors },
): Promise<Point[]> {
  const definition = definitionOf(objective);
  const points: Point[] = [];
  let resume: Uint8Array | undefined;
  for (const upTo of epochs) {
    const result = await trained(context, definition, data, {
      ...{ title: objective.name, seed, epochs: upTo, batchSize: BATCH_SIZE, learningRate: LEARNING_RATE, initial },
      ...(resume && { resume }),
      checkpoint: async (bytes) => void (resume = bytes),
    });
    points.push(await measured(context, result, seed, take(data.test, 0, MEASURED)));
  }
  return points;
}

/** Where each pixel's mean alone is told, from where the paper's program starts; [features]. */
function logitsOfMean(images: Dataset): StoredTensor {
  const features = itemSize(images);
  const x = new Float32Array(features);
  const mean = new Float64Array(features);
  for (let item = 0; item < images.items; item++) {
    gather(images, [item], x);
    x.forEach((value, at) => (mean[at]! += value / images.items));
  }
  const data = Float32Array.from(mean, (value) => {
    const share = Math.min(Math.max(value, 1e-3), 1 - 1e-3);
    return Math.log(share / (1 - share));
  });
  return { shape: [features], data };
}

function definitionOf({ samples, estimator }: Objective): ModelDefinition {
  return iwae({ samples, estimator, binarize: "dynamic" });
}

async function measured(
  { engine, tell }: Context,
  { definition, parameters, test, epochs, seconds }: Trained,
  seed: number,
  data: Dataset,
): Promise<Point> {
  const estimate = await evaluateLikelihood(definition, parameters, data, { engine, seed, samples: SAMPLES });
  const { logLikelihood, standardError, effectiveSampleSize } = estimate;
  tell(`  after ${epochs} epochs: ${(-logLikelihood).toFixed(3)} nats from ${SAMPLES} importance samples`);
  return {
    epochs,
    seconds,
    negElbo: test["negElbo"]!,
    negLogLikelihood: -logLikelihood,
    standardError,
    effectiveSampleSize,
  };
}

function negElboRow({ seeds }: Context, curves: Curves): Row {
  return {
    what: "VAE (k = 1), negative ELBO",
    unit: "nats per image",
    convention: `${dataConvention(definitionOf(VAE).config)}; one drawn z per test image`,
    published: { figures: String(NUMPY_NEG_ELBO), source: "an independent NumPy implementation by the same protocol" },
    runs: curves.get(VAE)!.map(([point], i) => ({ seed: seeds[i]!, value: point!.negElbo, seconds: 0 })),
    line: { least: NUMPY_NEG_ELBO - 1, most: NUMPY_NEG_ELBO + 1 },
  };
}

/** One row for each count of epochs; the later ones have the first seed alone. */
function likelihoodRows({ seeds }: Context, objective: Objective, curves: Curves): Row[] {
  const bySeed = curves.get(objective)!;
  const { name, published } = objective;
  return bySeed[0]!.map(({ epochs }, at) => ({
    what: `${name}, ${epochs} epochs, negative log-likelihood from ${SAMPLES} importance samples`,
    unit: "nats per image",
    convention: `${dataConvention(definitionOf(objective).config)}; the first ${MEASURED} test images`,
    published:
      published === null ? null : { figures: `${published}, after 3280 epochs`, source: "Burda et al. 2016, Table 1" },
    runs: bySeed.flatMap((points, i): SeedRun[] => {
      const point = points[at];
      return point ? [{ seed: seeds[i]!, value: point.negLogLikelihood, seconds: point.seconds }] : [];
    }),
  }));
}

function gainRow({ seeds }: Context, curves: Curves): Row {
  const value = (objective: Objective, i: number) => curves.get(objective)![i]![0]!.negLogLikelihood;
  return {
    what: `${IWAE_50.name}: log-likelihood gained over the VAE`,
    unit: "nats per image",
    convention: `the same seed, epochs, and ${MEASURED} test images`,
    published: null,
    runs: seeds.map((seed, i) => ({ seed, value: value(VAE, i) - value(IWAE_50, i), seconds: 0 })),
    line: { least: GAIN },
  };
}

function chart({ seeds }: Context, curves: Curves): string {
  return lineChart({
    title: "Importance-weighted autoencoders on MNIST",
    subtitle: `negative log-likelihood from ${SAMPLES} importance samples, the first ${MEASURED} test images, dynamic binarisation; seed ${seeds[0]}; lower is better`,
    x: { name: "epochs", scale: "log" },
    y: { name: "nats per image" },
    series: OBJECTIVES.map((one) => ({
      name: one.name,
      points: curves.get(one)![0]!.map(({ epochs, negLogLikelihood }) => [epochs, negLogLikelihood] as const),
    })),
  });
}
