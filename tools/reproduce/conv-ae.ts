import { autoencoder, convolutionalAutoencoder, type ModelDefinition } from "@isthmus/models";
import { pngGrid } from "@isthmus/plot/png";
import { dataConvention } from "@isthmus/train";
import type { Context, Made, Reproduction, Row, Splits } from "./harness/reproduction.ts";
import { firstItems, forSeeds, joined, reconstructed, seedRuns, trained, type Trained } from "./harness/training.ts";

const LEARNING_RATE = 1e-3;
const DIGITS_EPOCHS = 10;
const PICTURES_EPOCHS = 12;
const PICTURES_CODE = 128;

export const convAe: Reproduction = {
  name: "conv-ae",
  what: "Convolutional autoencoders on MNIST and on a part of CIFAR-10, beside dense ones with a code of the same width",
  minutes: 18,
  run,
};

/** One data set with both networks. */
interface Pair {
  readonly name: string;
  readonly data: Splits;
  readonly epochs: number;
  readonly convolutional: ModelDefinition;
  readonly dense: ModelDefinition;
}

interface MadePair extends Pair {
  readonly made: { readonly convolutional: readonly Trained[]; readonly dense: readonly Trained[] };
}

async function run(context: Context): Promise<Made> {
  const pairs = [digitsPair(await context.mnist()), picturesPair(await context.cifar10())];
  const made: MadePair[] = [];
  for (const pair of pairs) {
    const both = {
      convolutional: await forSeeds(context, (seed) => train(context, pair, pair.convolutional, seed)),
      dense: await forSeeds(context, (seed) => train(context, pair, pair.dense, seed)),
    };
    made.push({ ...pair, made: both });
  }
  const pictures: Record<string, Uint8Array> = {};
  for (const pair of made) pictures[pair.name] = await picture(context, pair);
  return {
    rows: made.flatMap((pair) => rowsOf(context, pair)),
    protocol: {
      digits: "16 and 32 channels of 4x4 filters at stride 2, 128 units, code 32 (kind conv-ae); dense: 784-400-32",
      pictures: `32 and 64 channels, 256 units, code ${PICTURES_CODE}; dense: 3072-512-${PICTURES_CODE}`,
      optimiser: `Adam, cosine from ${LEARNING_RATE} to 0, batch 128, ${context.epochs(DIGITS_EPOCHS)} epochs of digits, ${context.epochs(PICTURES_EPOCHS)} of pictures`,
    },
    pictures,
  };
}

function digitsPair(data: Splits): Pair {
  return {
    ...{ name: "mnist", data, epochs: DIGITS_EPOCHS },
    convolutional: convolutionalAutoencoder(),
    dense: autoencoder({ latent: 32 }),
  };
}

function picturesPair(data: Splits): Pair {
  // With this variance -log p is the squared error and a constant.
  const shared = {
    inputShape: [32, 32, 3],
    latent: PICTURES_CODE,
    likelihood: { kind: "gaussian", value: 0.5 },
  } as const;
  return {
    ...{ name: "cifar10", data, epochs: PICTURES_EPOCHS },
    convolutional: convolutionalAutoencoder({
      ...shared,
      trunk: { kind: "conv", channels: [32, 64], hidden: [256] },
    }),
    dense: autoencoder({ ...shared, trunk: { kind: "dense", hidden: [512] } }),
  };
}

function train(
  context: Context,
  { name, data, epochs }: Pair,
  definition: ModelDefinition,
  seed: number,
): Promise<Trained> {
  const all = context.epochs(epochs);
  const learningRate = { kind: "cosine", rate: LEARNING_RATE, epochs: all } as const;
  return trained(context, definition, data, {
    title: `${definition.kind} on ${name}`,
    seed,
    epochs: all,
    learningRate,
  });
}

function rowsOf(context: Context, { name, data, made }: MadePair): Row[] {
  const convention = `${dataConvention(made.dense[0]!.definition.config)} in training; ${data.test.items} test images`;
  const errors = (["convolutional", "dense"] as const).map((which) => ({
    what: `${name}: ${which}, squared error per test image`,
    unit: "",
    convention,
    published: null,
    runs: seedRuns(context, made[which], ({ test }) => test["squaredError"]!),
  }));
  const psnr: Row = {
    what: `${name}: convolutional, PSNR`,
    unit: "dB",
    convention: "mean over the test images of each one's",
    published: null,
    runs: seedRuns(context, made.convolutional, ({ test }) => test["psnr"]!, false),
  };
  return name === "mnist" ? [...errors, crossEntropy(context, made.convolutional), psnr] : [...errors, psnr];
}

function crossEntropy(context: Context, made: readonly Trained[]): Row {
  return {
    what: "mnist: convolutional, cross-entropy per pixel",
    unit: "nats",
    convention: `${dataConvention(made[0]!.definition.config)}; mean over pixels, as Keras says it`,
    published: { figures: "0.094, after 50 epochs, code of 128", source: "the Keras blog's convolutional autoencoder" },
    runs: seedRuns(context, made, ({ test }) => test["reconstruction"]! / 784, false),
  };
}

async function picture(context: Context, { data: { test }, made }: MadePair): Promise<Uint8Array> {
  const models = [made.convolutional[0]!, made.dense[0]!];
  const rows = [firstItems(test, 12)];
  for (const model of models) rows.push(await reconstructed(context, model, test, 12));
  const options = { columns: 12, rowLabels: ["images", "convolutional", "dense"] };
  return pngGrid({ shape: test.shape, values: joined(...rows) }, options);
}
