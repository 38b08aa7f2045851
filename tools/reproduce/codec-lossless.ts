import { decodeLossless, encodeLossless, type LosslessCoder } from "@isthmus/codec";
import { fitLossless, openLossless, readLosslessFile, writeLosslessFile } from "@isthmus/compress";
import { batches, type Dataset, take } from "@isthmus/data";
import { randomUniform, splitSeed } from "@isthmus/math";
import { configToJson, type ModelDefinition, vae } from "@isthmus/models";
import { lineChart } from "@isthmus/plot";
import { dataConvention, type FitOptions } from "@isthmus/train";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, constants, deflateRawSync } from "node:zlib";
import type { Context, Made, Reproduction, Row } from "./harness/reproduction.ts";
import { forSeeds, trained } from "./harness/training.ts";

/** Images in a message, and how many of the test images are measured so. */
const MESSAGES = [
  [1, 1000],
  [8, 10_000],
  [64, 10_000],
  [256, 10_000],
  [1000, 10_000],
  [10_000, 10_000],
] as const;
const PIXELS = 784;
/** Training images that ranges are calibrated on. */
const CALIBRATED = 1000;
const LATENT = 40;

export const codecLossless: Reproduction = {
  name: "codec-lossless",
  what: "MNIST without loss: bits-back coding with a VAE in integers, beside deflate, brotli and LZMA2, by images in a message",
  minutes: 25,
  seeds: [1],
  run,
};

interface Subject {
  readonly name: string;
  readonly definition: ModelDefinition;
  readonly epochs: number;
  /** What is coded. */
  readonly items: (images: Uint8Array) => Uint8Array;
}

const grey: Subject = {
  name: "8-bit",
  definition: vae({
    trunk: { kind: "dense", hidden: [400] },
    latent: LATENT,
    likelihood: { kind: "logisticMixture", logistics: 2 },
  }),
  epochs: 20,
  items: (images) => images,
};

/** As the binarised set of the published figure: a 1 with the pixel for its probability, drawn once. */
const binary: Subject = {
  name: "binarised",
  definition: vae({ trunk: { kind: "dense", hidden: [400] }, latent: LATENT, binarize: "dynamic" }),
  epochs: 12,
  items: (images) => {
    const uniform = new Float32Array(images.length);
    randomUniform(uniform, { seed: splitSeed(8), stream: "binarise", step: 0 });
    return images.map((value, i) => (uniform[i]! < value / 255 ? 1 : 0));
  },
};

/** Bits for each pixel, by images in a message. */
type Rates = Readonly<Record<string, readonly number[]>>;

interface Measured {
  readonly seconds: number;
  /** Of the float model, in nats for each image. */
  readonly negElbo: number;
  readonly rates: Rates;
  readonly coderBytes: number;
}

async function run(context: Context): Promise<Made> {
  const subjects = [grey, binary];
  const made = new Map<Subject, Measured[]>();
  for (const subject of subjects)
    made.set(subject, await forSeeds(context, (seed) => measured(context, subject, seed)));
  const [greys, binaries] = [made.get(grey)!, made.get(binary)!];
  return {
    rows: [
      ...rowsOf(context, grey, greys, { 8: 1.45, 256: 1.4, 10_000: 1.354 }),
      ...rowsOf(context, binary, binaries, { 10_000: 0.195 }),
      nearness(context, greys),
    ],
    protocol: {
      networks: `784-400-${LATENT}-400, ReLU; 8-bit: a mixture of 2 discretised logistics for each pixel; binarised: Bernoulli`,
      training: `Adam 0.001 to 0.00001 by a cosine, batch 64, ${context.epochs(grey.epochs)} and ${context.epochs(binary.epochs)} epochs`,
      integers: `both networks in int8 on WebAssembly, ranges by mse on ${CALIBRATED} training images; no training afterwards`,
      measured:
        "lengths of whole files, all headers and checksums included; every message decoded and compared with its images",
      messages: "of 1 image, the first 1,000 test images; else all 10,000",
      peers: "deflate level 9 without header; brotli quality 11, window 24; xz's LZMA2 at -9e, raw",
    },
    details: Object.fromEntries(
      subjects.map((subject) => [
        subject.name,
        made
          .get(subject)!
          .map(({ rates, negElbo, coderBytes }) => ({ ...rates, elboBitsPerPixel: bitsPerPixel(negElbo), coderBytes })),
      ]),
    ),
    pictures: { "": chart(greys[0]!.rates) },
  };
}

async function measured(context: Context, subject: Subject, seed: number): Promise<Measured> {
  const { train, test } = await context.mnist();
  const epochs = context.epochs(subject.epochs);
  const model = await trained(
    context,
    subject.definition,
    { train, test },
    {
      ...{ seed, epochs, batchSize: 64, title: subject.name },
      learningRate: { kind: "cosine", rate: 1e-3, epochs, floor: 1e-5 },
      ...resumable(`${subject.name}-${seed}-${epochs}`),
    },
  );
  const { encoder, decoder, config } = subject.definition;
  const source = { encoder, decoder, parameters: model.parameters, config: configToJson(config) };
  const calibrated = batches(take(train, 0, CALIBRATED), { batchSize: 250 });
  const bytes = writeLosslessFile(await fitLossless(context.engine, source, calibrated));
  const file = readLosslessFile(bytes);
  const coder = { model: await openLossless(file), modelId: file.modelId };
  const items = subject.items(bytesOf(test));
  return {
    seconds: model.seconds,
    negElbo: model.test["negElbo"]!,
    rates: ratesOf(context, items, coder),
    coderBytes: bytes.length,
  };
}

function bytesOf({ values }: Dataset): Uint8Array {
  if (values instanceof Uint8Array) return values;
  throw new TypeError("the images are no bytes");
}

/** A long training that was stopped goes on where it was; the same bits come out. */
function resumable(name: string): Pick<FitOptions, "checkpoint" | "resume"> {
  const path = join(tmpdir(), `isthmus-codec-lossless-${name}.safetensors`);
  return {
    checkpoint: async (bytes) => {
      writeFileSync(`${path}.part`, bytes);
      renameSync(`${path}.part`, path);
    },
    ...(existsSync(path) && { resume: readFileSync(path) }),
  };
}

type Coder = (message: Uint8Array) => number;

function ratesOf({ tell }: Context, items: Uint8Array, own: LosslessCoder): Rates {
  const coders: Readonly<Record<string, Coder>> = {
    isthmus: (message) => verifiedLength(message, own),
    deflate: (message) => deflateRawSync(message, { level: 9 }).length,
    brotli: (message) => brotliCompressSync(message, { params: brotliParameters(message.length) }).length,
    ...(hasXz() && {
      lzma2: (message: Uint8Array) => execFileSync("xz", XZ, { input: message, maxBuffer: 2 ** 26 }).length,
    }),
  };
  const rates = Object.entries(coders).map(([name, length]) => {
    const found = MESSAGES.map(([each, count]) => {
      let total = 0;
      for (let from = 0; from < count; from += each) {
        total += length(items.subarray(from * PIXELS, Math.min(from + each, count) * PIXELS));
      }
      return (8 * total) / (count * PIXELS);
    });
    tell(`${name}: ${found.map((rate, i) => `${MESSAGES[i]![0]} ${rate.toFixed(4)}`).join(", ")} bits per pixel`);
    return [name, found] as const;
  });
  return Object.fromEntries(rates);
}

function verifiedLength(message: Uint8Array, own: LosslessCoder): number {
  const bytes = encodeLossless(message, own);
  if (Buffer.compare(decodeLossless(bytes, own).values, message) === 0) return bytes.length;
  throw new Error("a message did not come back as it was");
}

function brotliParameters(length: number): Record<number, number> {
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_LGWIN, BROTLI_PARAM_SIZE_HINT } = constants;
  return { [BROTLI_PARAM_QUALITY]: 11, [BROTLI_PARAM_LGWIN]: 24, [BROTLI_PARAM_SIZE_HINT]: length };
}

const XZ = ["--format=raw", "--lzma2=preset=9e", "--stdout"];

function hasXz(): boolean {
  try {
    execFileSync("xz", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function bitsPerPixel(nats: number): number {
  return nats / PIXELS / Math.LN2;
}

const PUBLISHED: Readonly<Record<string, Row["published"]>> = {
  "8-bit": { figures: "1.41 (all images in one message, no header)", source: "BB-ANS (Townsend, Bird, Barber 2019)" },
  binarised: { figures: "0.19 (all images in one message, no header)", source: "BB-ANS (Townsend, Bird, Barber 2019)" },
};

function rowsOf(
  { seeds }: Pick<Context, "seeds">,
  { name, definition }: Subject,
  made: readonly Measured[],
  lines: Readonly<Record<number, number>>,
): Row[] {
  return MESSAGES.flatMap(([each], i) =>
    Object.keys(made[0]!.rates).map((coder): Row => {
      const isOurs = coder === "isthmus";
      const most = isOurs ? lines[each] : undefined;
      return {
        what: `${name}, ${each.toLocaleString("en")} in a message: ${isOurs ? "bits-back" : coder}`,
        unit: "bits per pixel",
        convention: isOurs ? dataConvention(definition.config) : "bytes as they are",
        published: isOurs && each === 10_000 ? PUBLISHED[name]! : null,
        runs: made.map(({ rates, seconds }, run) => ({
          seed: seeds[run]!,
          value: rates[coder]![i]!,
          seconds: isOurs && i === 0 ? seconds : 0,
        })),
        ...(most !== undefined && { line: { most } }),
      };
    }),
  );
}

/** Of files beside what the float model's ELBO promises. */
function nearness({ seeds }: Pick<Context, "seeds">, made: readonly Measured[]): Row {
  return {
    what: "8-bit, 10,000 in a message: bits-back over the float model's negative ELBO",
    unit: "",
    convention: "one drawn z per test image in the ELBO",
    published: null,
    runs: made.map(({ rates, negElbo }, run) => ({
      seed: seeds[run]!,
      value: rates["isthmus"]!.at(-1)! / bitsPerPixel(negElbo),
      seconds: 0,
    })),
    line: { most: 1.01 },
  };
}

function chart(rates: Rates): string {
  return lineChart({
    title: "MNIST test images without loss, by images in a message",
    subtitle: "bits per pixel, headers included; lower is better",
    x: { name: "images in a message", scale: "log" },
    y: { name: "bits per pixel" },
    series: Object.entries(rates).map(([name, values]) => ({
      name: name === "isthmus" ? "bits-back, VAE in integers" : name,
      points: values.map((value, i) => [MESSAGES[i]![0], value] as const),
    })),
  });
}
