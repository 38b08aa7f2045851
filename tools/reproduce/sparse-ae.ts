import { sparseAutoencoder } from "@isthmus/models";
import { pngGrid } from "@isthmus/plot/png";
import { dataConvention } from "@isthmus/train";
import type { Context, Made, Reproduction, Row, Splits } from "./harness/reproduction.ts";
import { forSeeds, seedRuns, trained, type Trained } from "./harness/training.ts";

const CODE = 32;
const PLAIN_EPOCHS = 50;
const L1_EPOCHS = 50;
const BATCH_SIZE = 256;
/** 784 times Keras's 1e-4, whose loss is a mean over the pixels. */
const L1_WEIGHT = 0.0784;

const UNITS = 800;
const RHO = 0.05;
const KL_WEIGHT = 3;
const KL_EPOCHS = 6;

export const sparseAe: Reproduction = {
  name: "sparse-ae",
  what: "Sparse autoencoders: an L1 penalty lowers the mean activation, a KL penalty brings it to rho in a code wider than the data",
  minutes: 6,
  run,
};

async function run(context: Context): Promise<Made> {
  const data = await context.mnist();
  const plain = await forSeeds(context, (seed) => keras(context, data, seed, 0, PLAIN_EPOCHS));
  const l1 = await forSeeds(context, (seed) => keras(context, data, seed, L1_WEIGHT, L1_EPOCHS));
  const kl = await forSeeds(context, (seed) => ng(context, data, seed));
  return {
    rows: [...l1Rows(context, plain, l1), ...klRows(context, kl)],
    protocol: {
      l1: `784-${CODE}-784, relu code, L1 weight ${L1_WEIGHT} (1e-4 of a loss that is a mean over 784 pixels), ${context.epochs(L1_EPOCHS)} epochs (${context.epochs(PLAIN_EPOCHS)} without); kind sparse-ae`,
      kl: `784-${UNITS}-784, sigmoid code, half the squared error, KL weight ${KL_WEIGHT}, rho ${RHO}, ${context.epochs(KL_EPOCHS)} epochs`,
      optimiser: `Adam 0.001, batch ${BATCH_SIZE}`,
    },
    details: { metrics: [plain, l1, kl].map((seeds) => seeds.map(({ test }) => ({ ...test }))) },
    pictures: { filters: filters(kl[0]!) },
  };
}

function keras(context: Context, data: Splits, seed: number, sparsityWeight: number, usual: number): Promise<Trained> {
  const definition = sparseAutoencoder({ latent: CODE, sparsityWeight });
  const title = `784-${CODE}-784, L1 weight ${sparsityWeight}`;
  return trained(context, definition, data, { title, seed, epochs: context.epochs(usual), batchSize: BATCH_SIZE });
}

function ng(context: Context, data: Splits, seed: number): Promise<Trained> {
  const definition = sparseAutoencoder({
    ...{ latent: UNITS, sparsity: "kl", sparsityWeight: KL_WEIGHT, rho: RHO },
    likelihood: { kind: "gaussian", value: 1 },
  });
  const settings = { seed, epochs: context.epochs(KL_EPOCHS), batchSize: BATCH_SIZE };
  return trained(context, definition, data, { title: `784-${UNITS}-784, KL`, ...settings });
}

const KERAS = "the Keras blog's sparse autoencoder";

function l1Rows(context: Context, plain: readonly Trained[], l1: readonly Trained[]): Row[] {
  const convention = dataConvention(l1[0]!.definition.config);
  const activation = ({ test }: Trained): number => test["meanActivation"]!;
  return [
    {
      what: "784-32-784 without a penalty, mean activation of the code",
      unit: "",
      convention: "mean over units and test images",
      published: { figures: "7.30, after 50 epochs", source: KERAS },
      runs: seedRuns(context, plain, activation),
    },
    {
      what: "784-32-784 with L1, mean activation of the code",
      unit: "",
      convention: "mean over units and test images",
      published: { figures: "3.33, after 100 epochs", source: KERAS },
      runs: seedRuns(context, l1, activation),
    },
    {
      what: "mean activation with L1 over that without",
      unit: "",
      convention: "the same seed",
      published: { figures: (3.33 / 7.3).toFixed(3), source: "3.33 / 7.30" },
      runs: seedRuns(context, l1, (one, i) => activation(one) / activation(plain[i]!), false),
      line: { most: 3.33 / 7.3 },
    },
    {
      what: "784-32-784 with L1, cross-entropy per pixel",
      unit: "nats",
      convention: `${convention}; mean over pixels, as Keras says it`,
      published: { figures: "0.10, after 100 epochs", source: KERAS },
      runs: seedRuns(context, l1, ({ test }) => test["reconstruction"]! / 784, false),
    },
  ];
}

function klRows(context: Context, kl: readonly Trained[]): Row[] {
  const convention = dataConvention(kl[0]!.definition.config);
  return [
    {
      what: `784-${UNITS}-784 with KL to rho = ${RHO}, mean activation of the code`,
      unit: "",
      convention: "mean over units and test images",
      published: null,
      runs: seedRuns(context, kl, ({ test }) => test["meanActivation"]!),
      line: { least: 0.9 * RHO, most: 1.1 * RHO },
    },
    {
      what: `784-${UNITS}-784 with KL, squared error per test image`,
      unit: "",
      convention,
      published: null,
      runs: seedRuns(context, kl, ({ test }) => test["squaredError"]!, false),
    },
  ];
}

/** The weights from the pixels to the first units, each scaled to its own range. */
function filters({ definition, parameters }: Trained): Uint8Array {
  const kernel = parameters["encoder.z.kernel"]!.data as Float32Array;
  const units = Math.min(100, definition.config.latent);
  const values = new Float32Array(units * 784);
  for (let unit = 0; unit < units; unit++) {
    const weights = Float32Array.from({ length: 784 }, (_, pixel) => kernel[pixel * definition.config.latent + unit]!);
    const most = weights.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-12);
    values.set(
      weights.map((weight) => 0.5 + weight / (2 * most)),
      unit * 784,
    );
  }
  return pngGrid({ shape: [28, 28, 1], values }, { columns: 20 });
}
