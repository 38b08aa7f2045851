import type { Dataset } from "@isthmus/data";
import { randomNormal, randomUniform } from "@isthmus/math";
import { denoisingAutoencoder, type DenoisingAutoencoderConfig } from "@isthmus/models";
import { pngGrid } from "@isthmus/plot/png";
import { dataConvention } from "@isthmus/train";
import { linearProbe } from "./harness/linear-probe.ts";
import type { Context, Made, Reproduction, Row, Splits } from "./harness/reproduction.ts";
import {
  codesDataset,
  codesOf,
  firstItems,
  forSeeds,
  joined,
  reconstructed,
  seedRuns,
  trained,
  type Trained,
} from "./harness/training.ts";

type Noise = DenoisingAutoencoderConfig["noise"];

const EPOCHS = 6;
const LEARNING_RATE = 1e-3;
const NOISES: readonly { readonly noise: Noise; readonly level: number; readonly words: string }[] = [
  { noise: "gaussian", level: 0.3, words: "Gaussian, standard deviation 0.3" },
  { noise: "masking", level: 0.25, words: "masking of 25 %" },
  { noise: "saltAndPepper", level: 0.2, words: "salt and pepper on 20 %" },
];
const SHOWN = 12;

export const denoisingAe: Reproduction = {
  name: "denoising-ae",
  what: "Denoising autoencoders: what they restore, and what a linear classifier makes of their codes",
  minutes: 9,
  run,
};

async function run(context: Context): Promise<Made> {
  const data = await context.mnist();
  const made: Trained[][] = [];
  for (const { noise, level } of NOISES) {
    made.push(await forSeeds(context, (seed) => train(context, data, seed, noise, level)));
  }
  const clean = await forSeeds(context, (seed) => train(context, data, seed, "masking", 0));
  return {
    rows: [
      ...NOISES.flatMap(({ words }, i) => restoredRows(context, words, made[i]!)),
      ...(await probeRows(context, data, { clean, masked: made[1]! })),
    ],
    protocol: {
      network: "784-500-784, sigmoid code, cross-entropy to the clean image; kind denoising-ae",
      optimiser: `Adam, cosine from ${LEARNING_RATE} to 0, batch 128, ${context.epochs(EPOCHS)} epochs`,
      "linear probe":
        "softmax regression on standardised features, Adam, cosine from 0.002 to 0, batch 128, 15 epochs, 60,000 labels",
    },
    details: { metrics: made.map((seeds) => seeds.map(({ test }) => ({ ...test }))) },
    pictures: { digits: await digits(context, data.test, made) },
  };
}

function train(context: Context, data: Splits, seed: number, noise: Noise, noiseLevel: number): Promise<Trained> {
  const epochs = context.epochs(EPOCHS);
  const learningRate = { kind: "cosine", rate: LEARNING_RATE, epochs } as const;
  const settings = { title: `${noise} ${noiseLevel}`, seed, epochs, learningRate };
  return trained(context, denoisingAutoencoder({ noise, noiseLevel }), data, settings);
}

function restoredRows(context: Context, words: string, made: readonly Trained[]): Row[] {
  const convention = `${dataConvention(made[0]!.definition.config)}; mean over the test images of each one's PSNR`;
  const gain = ({ test }: Trained): number => test["psnr"]! - test["noisyPsnr"]!;
  return [
    {
      what: `${words}: PSNR of the noisy image`,
      unit: "dB",
      convention,
      published: null,
      runs: seedRuns(context, made, ({ test }) => test["noisyPsnr"]!, false),
    },
    {
      what: `${words}: PSNR of the restored image`,
      unit: "dB",
      convention,
      published: null,
      runs: seedRuns(context, made, ({ test }) => test["psnr"]!),
    },
    {
      what: `${words}: gained`,
      unit: "dB",
      convention: "restored less noisy",
      published: null,
      runs: seedRuns(context, made, gain, false),
      line: { least: 0 },
    },
  ];
}

interface Probed {
  readonly clean: readonly Trained[];
  readonly masked: readonly Trained[];
}

async function probeRows(context: Context, data: Splits, { clean, masked }: Probed): Promise<Row[]> {
  const pixels = await forSeeds(context, (seed) => {
    context.tell(`linear probe of pixels, seed ${seed}`);
    return linearProbe(context.engine, data, seed);
  });
  const probed = async (models: readonly Trained[]): Promise<number[]> => {
    const accuracies: number[] = [];
    for (const [i, model] of models.entries()) {
      context.tell(`linear probe of codes, seed ${context.seeds[i]}`);
      const codes = async (part: Dataset) => codesDataset(await codesOf(context, model, part), part);
      const features = { train: await codes(data.train), test: await codes(data.test) };
      accuracies.push(await linearProbe(context.engine, features, context.seeds[i]!));
    }
    return accuracies;
  };
  const row = (what: string, accuracies: readonly number[]): Row => ({
    what: `linear probe of ${what}, test error`,
    unit: "%",
    convention: "60,000 labels, 10,000 test images",
    published: null,
    runs: accuracies.map((accuracy, i) => ({ seed: context.seeds[i]!, value: 100 - 100 * accuracy, seconds: 0 })),
  });
  const least = 100 - 100 * Math.max(...pixels);
  return [
    row("the pixels", pixels),
    row("codes learned without noise", await probed(clean)),
    { ...row("codes learned with 25 % masked", await probed(masked)), line: { most: least } },
  ];
}

/** Clean, spoilt and restored digits, three rows for each noise. */
async function digits(context: Context, test: Dataset, made: readonly (readonly Trained[])[]): Promise<Uint8Array> {
  const clean = firstItems(test, SHOWN);
  const rows = [clean];
  const labels = ["digits"];
  for (const [i, { noise, level }] of NOISES.entries()) {
    const spoilt = spoiltBy(clean, noise, level);
    const noisy: Dataset = { ...test, items: SHOWN, values: spoilt, scale: 1 };
    rows.push(spoilt, await reconstructed(context, made[i]![0]!, noisy, SHOWN));
    labels.push(noise === "saltAndPepper" ? "salt+pepper" : noise, "restored");
  }
  return pngGrid({ shape: test.shape, values: joined(...rows) }, { columns: SHOWN, rowLabels: labels });
}

/** What the model's graph does, for a picture. */
function spoiltBy(clean: Float32Array, noise: Noise, level: number): Float32Array {
  const drawn = new Float32Array(clean.length);
  const key = { seed: 1, stream: "noise", step: 0 };
  if (noise === "gaussian") randomNormal(drawn, key);
  else randomUniform(drawn, key);
  return clean.map((x, i) => {
    if (noise === "gaussian") return x + level * drawn[i]!;
    if (drawn[i]! > level) return x;
    return noise === "masking" ? 0 : Number(drawn[i]! > level / 2);
  });
}
