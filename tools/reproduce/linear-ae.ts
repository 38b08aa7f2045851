import { type Dataset, gather, itemSize } from "@isthmus/data";
import { linearAutoencoder } from "@isthmus/models";
import { lineChart } from "@isthmus/plot";
import { dataConvention } from "@isthmus/train";
import { fitPca, type Pca, project } from "../demo/pca.ts";
import type { Context, Made, Reproduction, Row, Splits } from "./harness/reproduction.ts";
import { trained, type Trained } from "./harness/training.ts";
import { largestPrincipalAngle } from "./principal-angles.ts";

const CODE = 30;
const EPOCHS = 100;
const LEARNING_RATE = 2e-3;
/** Wider than the data: a code that could copy. */
const OVERCOMPLETE = 800;
const OVERCOMPLETE_EPOCHS = 5;
/** Per cent; what is less, or below the exact error by the luck of the test images, is drawn here. */
const SHOWN_EXCESS = 1e-3;

export const linearAe: Reproduction = {
  name: "linear-ae",
  what: "The linear autoencoder finds the subspace of the principal components",
  minutes: 6,
  run,
};

async function run(context: Context): Promise<Made> {
  const data = await context.mnist();
  context.tell("principal components of the training images, by eigendecomposition");
  const pca = fitPca(data.train, CODE);
  const exact = pcaError(pca, data.test);
  const narrow: Trained[] = [];
  const wide: Trained[] = [];
  for (const seed of context.seeds) narrow.push(await train(context, data, seed, CODE, EPOCHS));
  for (const seed of context.seeds) wide.push(await train(context, data, seed, OVERCOMPLETE, OVERCOMPLETE_EPOCHS));
  return {
    rows: rows(context, { pca, exact, narrow, wide }),
    protocol: {
      network: `784-${CODE}-784, biases, no nonlinearity; kind linear-ae`,
      optimiser: `Adam, cosine from ${LEARNING_RATE} to 0, batch 128, ${context.epochs(EPOCHS)} epochs (${context.epochs(OVERCOMPLETE_EPOCHS)} for the wide code)`,
      "exact answer":
        "principal components of the 60,000 training images about their mean, by eigendecomposition in float64",
    },
    details: {
      exactSquaredError: exact,
      curves: narrow.map(({ history }) => history.map(({ test }) => test!["squaredError"]!)),
    },
    pictures: { "": chart(context, narrow, exact) },
  };
}

function train(context: Context, data: Splits, seed: number, latent: number, usual: number): Promise<Trained> {
  const epochs = context.epochs(usual);
  return trained(context, linearAutoencoder({ latent }), data, {
    title: `784-${latent}-784`,
    seed,
    epochs,
    learningRate: { kind: "cosine", rate: LEARNING_RATE, epochs },
    evaluateEachEpoch: true,
  });
}

/** ||x - its projection||^2, mean over the items. */
function pcaError(pca: Pca, dataset: Dataset): number {
  const width = itemSize(dataset);
  const coordinates = project(pca, dataset);
  const x = new Float32Array(width);
  let total = 0;
  for (let item = 0; item < dataset.items; item++) {
    gather(dataset, [item], x);
    // Pythagoras: the components are orthonormal.
    total += x.reduce((sum, value, i) => sum + (value - pca.mean[i]!) ** 2, 0);
    for (let d = 0; d < CODE; d++) total -= coordinates[item * CODE + d]! ** 2;
  }
  return total / dataset.items;
}

/** The rows of the decoder's kernel span the subspace. */
function angleTo({ components }: Pca, { parameters }: Trained): number {
  const { data } = parameters["decoder.output.kernel"]!;
  const rows = Array.from({ length: CODE }, (_, row) => (data as Float32Array).subarray(row * 784, (row + 1) * 784));
  return largestPrincipalAngle(components, rows);
}

interface Measured {
  readonly pca: Pca;
  readonly exact: number;
  readonly narrow: readonly Trained[];
  readonly wide: readonly Trained[];
}

function rows({ seeds }: Context, { pca, exact, narrow, wide }: Measured): Row[] {
  const convention = `${dataConvention(narrow[0]!.definition.config)}; mean over the 10,000 test images`;
  const published = { figures: exact.toFixed(4), source: "PCA-30, computed here" };
  const errorOf = ({ test }: Trained): number => test["squaredError"]!;
  return [
    {
      what: "784-30-784, squared error per test image",
      unit: "",
      convention,
      published,
      runs: narrow.map((one, i) => ({ seed: seeds[i]!, value: errorOf(one), seconds: one.seconds })),
      line: { most: 1.01 * exact },
    },
    {
      what: "784-30-784, largest principal angle to the first 30 components",
      unit: "degrees",
      convention: "rows of the decoder's kernel",
      published: null,
      runs: narrow.map((one, i) => ({ seed: seeds[i]!, value: angleTo(pca, one), seconds: 0 })),
      line: { most: 1 },
    },
    {
      what: `784-${OVERCOMPLETE}-784 (overcomplete), squared error per test image`,
      unit: "",
      convention: `${convention}; nothing keeps it from copying`,
      published: null,
      runs: wide.map((one, i) => ({ seed: seeds[i]!, value: errorOf(one), seconds: one.seconds })),
    },
  ];
}

function chart({ seeds }: Context, narrow: readonly Trained[], exact: number): string {
  const excess = (error: number): number => Math.max((100 * error) / exact - 100, SHOWN_EXCESS);
  return lineChart({
    title: "A linear autoencoder comes to the principal components",
    subtitle: `test squared error above PCA-30 (${exact.toFixed(4)}), per cent; MNIST, 784-30-784`,
    x: { name: "epoch", whole: true },
    y: { name: "per cent above PCA-30", scale: "log", min: SHOWN_EXCESS },
    series: narrow.map(({ history }, i) => ({
      name: `seed ${seeds[i]}`,
      points: history.map(({ epoch, test }) => [epoch, excess(test!["squaredError"]!)] as const),
    })),
    references: [{ name: "line: 1 %", y: 1 }],
  });
}
