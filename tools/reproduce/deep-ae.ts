import { autoencoder, deepAutoencoder, type GivenTrunk } from "@isthmus/models";
import { barChart } from "@isthmus/plot";
import { pngGrid } from "@isthmus/plot/png";
import { dataConvention } from "@isthmus/train";
import type { Context, Made, Reproduction, Row, Splits } from "./harness/reproduction.ts";
import { firstItems, forSeeds, joined, reconstructed, seedRuns, trained, type Trained } from "./harness/training.ts";

const EPOCHS = 20;
const LEARNING_RATE = 1e-3;
const CODE = 30;
const DEEP: GivenTrunk = { kind: "dense", hidden: [256, 64] };
const SHALLOW: GivenTrunk = { kind: "dense", hidden: [] };

export const deepAe: Reproduction = {
  name: "deep-ae",
  what: "Deep autoencoders beside shallow ones with a code of the same width",
  minutes: 8,
  run,
};

const variants: readonly { readonly what: string; readonly trunk: GivenTrunk; readonly decoder: GivenTrunk }[] = [
  { what: "shallow encoder and decoder", trunk: SHALLOW, decoder: SHALLOW },
  { what: "deep encoder", trunk: DEEP, decoder: SHALLOW },
  { what: "deep decoder", trunk: SHALLOW, decoder: DEEP },
  { what: "deep encoder and decoder", trunk: DEEP, decoder: DEEP },
];

async function run(context: Context): Promise<Made> {
  const data = await context.mnist();
  const made: Trained[][] = [];
  for (const { what, trunk, decoder } of variants) {
    const definition = deepAutoencoder({ trunk, decoder, latent: CODE });
    made.push(await forSeeds(context, (seed) => train(context, definition, data, seed, what)));
  }
  const keras = autoencoder({ trunk: { kind: "dense", hidden: [128, 64] }, latent: 32 });
  const tutorial = await forSeeds(context, (seed) => train(context, keras, data, seed, "784-128-64-32"));
  const epochs = context.epochs(EPOCHS);
  return {
    rows: [...variants.map(({ what }, i) => errorRow(context, what, made[i]!)), tutorialRow(context, tutorial)],
    protocol: {
      networks:
        "784-256-64-30 and back (deep), 784-30 and back (shallow), ReLU in hidden layers, linear code; kind deep-ae",
      optimiser: `Adam, cosine from ${LEARNING_RATE} to 0, batch 128, ${epochs} epochs`,
    },
    details: { metrics: made.map((seeds) => seeds.map(({ test }) => ({ ...test }))) },
    pictures: { "": chart(made), digits: await digits(context, data, made) },
  };
}

type Definition = ReturnType<typeof deepAutoencoder>;

function train(context: Context, definition: Definition, data: Splits, seed: number, title: string): Promise<Trained> {
  const epochs = context.epochs(EPOCHS);
  const learningRate = { kind: "cosine", rate: LEARNING_RATE, epochs } as const;
  return trained(context, definition, data, { title, seed, epochs, learningRate });
}

function errorRow(context: Context, what: string, made: readonly Trained[]): Row {
  const isDeep = what === "deep encoder and decoder";
  return {
    what: `${what}, squared error per test image`,
    unit: "",
    convention: `${dataConvention(made[0]!.definition.config)} in training; code of ${CODE}`,
    published: null,
    runs: seedRuns(context, made, ({ test }) => test["squaredError"]!),
    ...(isDeep && { line: { most: 8 } }),
  };
}

function tutorialRow(context: Context, made: readonly Trained[]): Row {
  return {
    what: "784-128-64-32, cross-entropy per pixel",
    unit: "nats",
    convention: `${dataConvention(made[0]!.definition.config)}; mean over pixels, as Keras says it`,
    published: { figures: "about 0.097, after 100 epochs", source: "the Keras blog's deep autoencoder" },
    runs: seedRuns(context, made, ({ test }) => test["reconstruction"]! / 784),
  };
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

function chart(made: readonly (readonly Trained[])[]): string {
  return barChart({
    title: "Which side has to be deep",
    subtitle: `squared error per test image of MNIST, code of ${CODE}, mean over the seeds; lower is better`,
    x: { name: "" },
    y: { name: "squared error" },
    categories: variants.map(({ what }) => what.replace("encoder and decoder", "both")),
    series: [{ name: "error", values: made.map((seeds) => mean(seeds.map(({ test }) => test["squaredError"]!))) }],
    valueText: (value) => value.toFixed(2),
  });
}

async function digits(context: Context, { test }: Splits, made: readonly (readonly Trained[])[]): Promise<Uint8Array> {
  const rows = [firstItems(test, 12)];
  for (const [first] of made) rows.push(await reconstructed(context, first!, test, 12));
  return pngGrid(
    { shape: test.shape, values: joined(...rows) },
    { columns: 12, rowLabels: ["digits", "shallow", "deep encoder", "deep decoder", "both deep"] },
  );
}
