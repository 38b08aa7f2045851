import {
  dequantise,
  encodeLatents,
  quantise,
  type UniformQuantiser,
  uniformQuantiser,
  unpackTables,
} from "@isthmus/codec";
import { decodeItems, fitCoding, fitTables, type InferredLatents } from "@isthmus/compress";
import { batches, type Dataset, itemSize, take } from "@isthmus/data";
import { type ActivationRanges, calibrate, lowerNetwork, quantiseNetwork } from "@isthmus/deploy";
import { type Executor, javascriptExecutor, loadExecutor } from "@isthmus/edge";
import { interpret, type LatentCoding, type StoredTensor } from "@isthmus/graph";
import { convolutionalAutoencoder, learnedCodec, type ModelDefinition, vae } from "@isthmus/models";
import { dataConvention, fineTuneQuantised } from "@isthmus/train";
import type { Context, Made, Reproduction, Row, Splits } from "./harness/reproduction.ts";
import { codesOf, firstItems, forSeeds, trained, type Trained } from "./harness/training.ts";

const EPOCHS = 2;
/** Of quantisation-aware training behind it, where that is done. */
const TUNING = { epochs: 1, rate: 1e-4 };
/** Training images that ranges are calibrated on. */
const CALIBRATED = 1000;
/** Test images that plain JavaScript takes through, too. */
const TWICE = 2000;

export const codecInt8: Reproduction = {
  name: "codec-int8",
  what: "Encoders in int8 beside the same ones in float32: symbols, bytes of a stream, and error of what is decoded",
  minutes: 5,
  seeds: [1],
  run,
};

interface Encoder {
  readonly name: string;
  readonly definition: ModelDefinition;
  /** What the symbols are of. */
  readonly output: string;
  /** Whether it is trained for what it becomes in integers, too. */
  readonly tuned: boolean;
}

/** Trunks without dense layers keep the code an image. */
const imageTrunk = { kind: "conv", channels: [16, 32], hidden: [] } as const;

const encoders: readonly Encoder[] = [
  { name: "learned-codec, dense", definition: learnedCodec(), output: "z", tuned: false },
  {
    name: "learned-codec, convolutions",
    definition: learnedCodec({ trunk: imageTrunk, latent: 16 }),
    output: "z",
    tuned: false,
  },
  { name: "vae 784-400-20", definition: vae(), output: "mu", tuned: true },
  { name: "conv-ae, code 32", definition: convolutionalAutoencoder(), output: "z", tuned: true },
];

/** An encoder in int8 against itself in float32. */
interface Comparison {
  readonly seconds: number;
  /** Share of equal symbols. */
  readonly agreement: number;
  /** Symbols of the first images that WebAssembly and plain JavaScript make differently. */
  readonly unlike: number;
  /** Of whole streams, headers included. */
  readonly bytes: { readonly float: number; readonly int8: number };
  /** Of all test images together, dB. */
  readonly psnr: { readonly float: number; readonly int8: number };
}

/** By calibration alone, and with quantisation-aware training behind it. */
interface Comparisons {
  readonly calibrated: Comparison;
  readonly tuned?: Comparison;
}

async function run(context: Context): Promise<Made> {
  const data = await context.mnist();
  const rows: Row[] = [];
  const details: Record<string, readonly { readonly [name: string]: number }[]> = {};
  const add = (name: string, encoder: Encoder, made: readonly Comparison[]): void => {
    rows.push(...rowsOf(context, { ...encoder, name }, made, data.test.items));
    details[name] = made.map(({ bytes, psnr }) => ({
      ...{ bytesFloat: bytes.float, bytesInt8: bytes.int8, psnrFloat: psnr.float, psnrInt8: psnr.int8 },
    }));
  };
  for (const encoder of encoders) {
    const made = await forSeeds(context, (seed) => compared(context, encoder, data, seed));
    add(
      encoder.name,
      encoder,
      made.map(({ calibrated }) => calibrated),
    );
    const tuned = made.flatMap((one) => one.tuned ?? []);
    if (tuned.length > 0) add(`${encoder.name}, trained for int8`, encoder, tuned);
  }
  return {
    rows,
    protocol: {
      training: `Adam 0.001, batch 128, ${context.epochs(EPOCHS)} epochs`,
      int8: `weights per channel, values per tensor, ranges by outputs on ${CALIBRATED} training images`,
      trainedForInt8: `fineTuneQuantised, Adam ${TUNING.rate} falling as a cosine, ${context.epochs(TUNING.epochs)} epochs; against the encoder in floats before it, with its decoder, bins and tables`,
      coding:
        "bins that the learned codec has learned, and those of fitCoding: of a VAE, a posterior's standard deviation wide; of conv-ae, an eighth of a code's",
    },
    details,
    pictures: {},
  };
}

async function compared(context: Context, encoder: Encoder, data: Splits, seed: number): Promise<Comparisons> {
  const { name: title, definition, output } = encoder;
  const settings = { seed, epochs: context.epochs(EPOCHS), batchSize: 128, learningRate: 1e-3, title };
  const model = await trained(context, definition, data, settings);
  const coding = codingOf(model, await codesOf(context, model, data.train));
  const { steps, offsets } = coding;
  const outputs = { [output]: { steps, offsets } };
  const network = { program: definition.encoder, parameters: model.parameters };
  const batches = batchValues(take(data.train, 0, CALIBRATED));
  const ranges = await calibrate(network, { outputs: [output], batches, method: "outputs", engine: context.engine });
  const against = await floatSymbols(context, model, coding, data.test);
  const measure = (parameters: StoredTensors, seconds: number): Promise<Comparison> =>
    measured(context, { encoder, model, coding, ranges, against, seconds }, parameters, data.test);
  const calibrated = await measure(model.parameters, model.seconds);
  if (!encoder.tuned) return { calibrated };
  const epochs = context.epochs(TUNING.epochs);
  const tuned = await fineTuneQuantised(
    definition,
    { train: data.train },
    {
      ...{ engine: context.engine, parameters: model.parameters, ranges, outputs, seed, epochs, batchSize: 128 },
      learningRate: { kind: "cosine", rate: TUNING.rate, epochs },
      onEpoch: ({ epoch, train }) =>
        context.tell(
          `${title}, seed ${seed}, for int8, epoch ${epoch} of ${epochs}: ${train["loss"]!.toFixed(5)} bins^2`,
        ),
    },
  );
  return { calibrated, tuned: await measure(tuned.parameters, tuned.seconds) };
}

type StoredTensors = Readonly<Record<string, StoredTensor>>;

/** What an encoder in integers is held against. */
interface FloatSymbols {
  readonly symbols: Int32Array;
  readonly dims: number;
  readonly bytes: number;
  readonly psnr: number;
}

interface Setting {
  readonly encoder: Encoder;
  readonly model: Trained;
  readonly coding: LatentCoding;
  readonly ranges: ActivationRanges;
  readonly against: FloatSymbols;
  readonly seconds: number;
}

async function floatSymbols(
  context: Context,
  model: Trained,
  coding: LatentCoding,
  test: Dataset,
): Promise<FloatSymbols> {
  const { values, dims } = await codesOf(context, model, test);
  const symbols = quantise(values, quantiserOf(coding));
  return {
    ...{ symbols, dims, bytes: streamBytes(symbols, coding, dims) },
    psnr: await psnr(context, model, coding, symbols, test),
  };
}

function streamBytes(symbols: Int32Array, { tables }: LatentCoding, dims: number): number {
  return encodeLatents(symbols, { tables: unpackTables(tables), dims, modelId: new Uint8Array(8) }).length;
}

async function measured(
  context: Context,
  { encoder, model, coding, ranges, against, seconds }: Setting,
  parameters: StoredTensors,
  test: Dataset,
): Promise<Comparison> {
  const { steps, offsets } = coding;
  const network = { program: encoder.definition.encoder, parameters };
  const plan = lowerNetwork(quantiseNetwork(network, { ranges, outputs: { [encoder.output]: { steps, offsets } } }));
  const int8 = allSymbols(await loadExecutor(plan, { kernels: "wasm" }), test);
  const javascript = allSymbols(javascriptExecutor(plan), take(test, 0, TWICE));
  return {
    seconds,
    agreement: 1 - countDifferent(against.symbols, int8) / int8.length,
    unlike: countDifferent(javascript, int8),
    bytes: { float: against.bytes, int8: streamBytes(int8, coding, against.dims) },
    psnr: { float: against.psnr, int8: await psnr(context, model, coding, int8, test) },
  };
}

/** With the bins that a model has learned, or those of `fitCoding`. */
function codingOf({ definition, parameters }: Trained, codes: InferredLatents): LatentCoding {
  if (!definition.quantisation) return fitCoding(codes);
  const { program, channels } = definition.quantisation;
  const state = Object.fromEntries(
    Object.keys(program.state).map((name) => [name, parameters[name]!.data as Float32Array]),
  );
  const { steps, offsets } = interpret(program, { inputs: { symbol: Float32Array.of(0) }, state, batch: 1 }).outputs;
  return fitTables({ ...codes, channels }, [uniformQuantiser(steps!.data, offsets!.data)]);
}

function quantiserOf({ steps, offsets }: LatentCoding): UniformQuantiser {
  return uniformQuantiser(steps, offsets);
}

function allSymbols({ run }: Executor, dataset: Dataset): Int32Array {
  const size = itemSize(dataset);
  const values = firstItems(dataset, dataset.items);
  const dims = run(values.subarray(0, size)).length;
  const symbols = new Int32Array(dataset.items * dims);
  for (let item = 0; item < dataset.items; item++) {
    symbols.set(run(values.subarray(item * size, (item + 1) * size)), item * dims);
  }
  return symbols;
}

function countDifferent(a: Int32Array, b: Int32Array): number {
  return a.reduce((count, value, i) => count + (value === b[i] ? 0 : 1), 0);
}

function* batchValues(dataset: Dataset): Iterable<Float32Array> {
  for (const { values } of batches(dataset, { batchSize: 250 })) yield values;
}

/** 10 log10 of 1 over the mean squared error of all pixels. */
async function psnr(
  { engine }: Context,
  { definition, parameters }: Trained,
  coding: LatentCoding,
  symbols: Int32Array,
  test: Dataset,
): Promise<number> {
  const { kind, encoder, decoder } = definition;
  const model = { kind, config: {}, encoder, decoder, parameters, provenance: {}, metrics: {} };
  const values = dequantise(symbols, quantiserOf(coding));
  const decoded = await decodeItems(engine, model, { items: test.items, dims: values.length / test.items, values });
  const images = firstItems(test, test.items);
  const error = decoded.reduce((sum, value, i) => sum + (value - images[i]!) ** 2, 0) / images.length;
  return -10 * Math.log10(error);
}

function rowsOf({ seeds }: Context, { name, definition }: Encoder, made: readonly Comparison[], items: number): Row[] {
  const convention = `${dataConvention(definition.config)} in training; ${items} test images`;
  const row = (
    what: string,
    unit: string,
    line: Row["line"],
    valueOf: (one: Comparison) => number,
    timed: boolean,
  ): Row => ({
    ...{ what: `${name}: ${what}`, unit, convention, published: null },
    runs: made.map((one, i) => ({ seed: seeds[i]!, value: valueOf(one), seconds: timed ? one.seconds : 0 })),
    ...(line && { line }),
  });
  return [
    row("equal symbols", "%", { least: 99 }, ({ agreement }) => 100 * agreement, true),
    row(
      `symbols of ${TWICE} images that WebAssembly and plain JavaScript make differently`,
      "",
      { most: 0 },
      ({ unlike }) => unlike,
      false,
    ),
    row(
      "bytes, int8 against float32",
      "% more",
      { least: -1, most: 1 },
      ({ bytes }) => 100 * (bytes.int8 / bytes.float - 1),
      false,
    ),
    row("PSNR, int8 against float32", "dB more", { least: -0.1 }, ({ psnr: { int8, float } }) => int8 - float, false),
  ];
}
