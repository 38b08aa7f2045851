import { encodeLatents, quantise, readFrame, uniformQuantiser, unpackTables } from "@isthmus/codec";
import { decodeItems, decodeStreamLatents, encodeStream, inferLatents, learnedCoding } from "@isthmus/compress";
import { batches, type Dataset, itemSize, take } from "@isthmus/data";
import { type Model, modelHashes, type StoredTensor } from "@isthmus/graph";
import { learnedCodec, type LearnedCodecConfig, type ModelDefinition } from "@isthmus/models";
import { evaluate, type Metrics, toModel } from "@isthmus/train";
import type { Pictures } from "./image-peers.ts";
import type { Context, Splits } from "./harness/reproduction.ts";
import { firstItems, trained } from "./harness/training.ts";

/** What a codec needs for a picture, and what it makes of it, on the mean of a test set. */
export interface CodecPoint {
  readonly bits: number;
  /** Of values from 0 to 1 rounded to 8 bits, summed over a picture. */
  readonly squaredError: number;
}

/** A learned codec at one of its qualities. */
export interface LearnedPoint extends CodecPoint {
  readonly lambda: number;
  /** Bits that the prior says the integers take. */
  readonly estimate: number;
  /** Of the whole stream. */
  readonly bytes: number;
}

export interface TrainedCodec {
  readonly definition: ModelDefinition<LearnedCodecConfig>;
  readonly parameters: Readonly<Record<string, StoredTensor>>;
  readonly seconds: number;
  /** Of its data's test items. */
  readonly test: Metrics;
}

export interface CodecTraining {
  readonly title: string;
  readonly config: Parameters<typeof learnedCodec>[0];
  readonly data: Splits;
  readonly seed: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly rate: number;
  /** Tensors to go on from. */
  readonly from?: Pick<TrainedCodec, "parameters">;
}

export async function trainedCodec(context: Context, training: CodecTraining): Promise<TrainedCodec> {
  const { title, config, data, seed, epochs: usual, batchSize, rate, from } = training;
  const definition = learnedCodec({ inputShape: data.train.shape, ...config });
  const epochs = context.epochs(usual);
  const { parameters, seconds, test } = await trained(context, definition, data, {
    ...{ title, seed, epochs, batchSize },
    learningRate: { kind: "cosine", rate, epochs },
    ...(from && { initial: from.parameters }),
  });
  return { definition, parameters, seconds, test };
}

/** A stream of all items of a data set, and what comes out of it. */
interface CodedItems {
  readonly stream: Uint8Array;
  /** Bits of an item that the prior says its integers take. */
  readonly estimate: number;
  /** [items, features] */
  readonly decoded: Float32Array;
}

/** Every quality of a codec, as its users code with it. */
export async function codedItems(context: Context, codec: TrainedCodec, items: Dataset): Promise<CodedItems[]> {
  const { engine } = context;
  const { definition, parameters } = codec;
  const { qualities } = definition.config;
  const estimates = await evaluate(definition, parameters, items, { engine });
  const model = await codedModel(context, codec);
  const coded: CodedItems[] = [];
  for (let quality = 0; quality < qualities; quality++) {
    const stream = await encodeStream(engine, model, batches(items, { batchSize: 256 }), { quality });
    const decoded = await decodeItems(engine, model, decodeStreamLatents(model, stream));
    coded.push({ stream, decoded, estimate: estimates[qualities === 1 ? "rate" : `rate${quality}`]! });
  }
  return coded;
}

/** Every quality of a codec of pictures, measured on streams of all test items. */
export async function measured(context: Context, codec: TrainedCodec, test: Dataset): Promise<LearnedPoint[]> {
  const { qualities, lambda, lambdaSpan } = codec.definition.config;
  const coded = await codedItems(context, codec, test);
  return coded.map(({ stream, estimate, decoded }, quality) => ({
    lambda: lambda * lambdaSpan ** ((quality - qualities + 1) / Math.max(1, qualities - 1)),
    bits: (8 * stream.length) / test.items,
    estimate,
    squaredError: squaredError(firstItems(test, test.items), decoded) / test.items,
    bytes: stream.length,
  }));
}

/** With the tables of its prior. */
async function codedModel({ engine }: Context, { definition, parameters }: TrainedCodec): Promise<Model> {
  const coding = await learnedCoding(engine, definition.quantisation!, parameters);
  return toModel(definition, { parameters }, { provenance: {}, metrics: {}, coding });
}

/** What a picture takes in a stream of its own, on the mean of a test set. */
export interface AloneBits {
  /** Of whole streams. */
  readonly bits: number;
  /** Of what is coded, without frame header and fields. */
  readonly payloadBits: number;
}

/** Every quality of a codec, with each test item in a stream of its own. */
export async function measuredAlone(context: Context, codec: TrainedCodec, test: Dataset): Promise<AloneBits[]> {
  const { engine } = context;
  const model = await codedModel(context, codec);
  const { steps, offsets, qualities = 1, tables: packed } = model.coding!;
  const tables = unpackTables(packed);
  const modelId = modelHashes(model).id;
  const { values, dims, items } = await inferLatents(engine, model, batches(test, { batchSize: 256 }));
  const channels = steps.length / qualities;
  const streamOf = (item: number, quality: number): Uint8Array => {
    const [from, to] = [quality * channels, (quality + 1) * channels];
    const quantiser = uniformQuantiser(steps.subarray(from, to), offsets.subarray(from, to));
    const symbols = quantise(values.subarray(item * dims, (item + 1) * dims), quantiser);
    return encodeLatents(symbols, { tables, qualities, dims, modelId, quality });
  };
  return Array.from({ length: qualities }, (_, quality) => {
    let [bits, payloadBits] = [0, 0];
    for (let item = 0; item < items; item++) {
      const stream = streamOf(item, quality);
      bits += (8 * stream.length) / items;
      for (const payload of readFrame(stream).payloads) payloadBits += (8 * payload.length) / items;
    }
    return { bits, payloadBits };
  });
}

/**
 * Tensors that make the same of codes `ratio` times as wide: what a codec of unit bins begins with when its lambda is
 * ratio^2 times as large.
 */
export function widened(parameters: TrainedCodec["parameters"], ratio: number): TrainedCodec["parameters"] {
  const changed: Readonly<Record<string, (value: number) => number>> = {
    "encoder.z.kernel": (value) => value * ratio,
    "encoder.z.bias": (value) => value * ratio,
    "decoder.conv0.kernel": (value) => value / ratio,
    "prior.locations": (value) => value * ratio,
    "prior.logScales": (value) => value + Math.log(ratio),
  };
  const entries = Object.entries(parameters).map(([name, { shape, data }]) => {
    const change = changed[name];
    return [name, { shape, data: change ? Float32Array.from(data, change) : data }] as const;
  });
  return Object.fromEntries(entries);
}

/** Of values as 8 bits hold them. */
export function squaredError(x: Float32Array, back: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) {
    const pixel = Math.min(255, Math.max(0, Math.round(255 * back[i]!)));
    sum += (x[i]! - pixel / 255) ** 2;
  }
  return sum;
}

export function psnrOf({ squaredError: error }: Pick<CodecPoint, "squaredError">, test: Dataset): number {
  return -10 * Math.log10(error / itemSize(test));
}

/** The first items of a data set of pictures. */
export function picturesOf(test: Dataset): Pictures {
  const [height, width, channels] = test.shape as readonly [number, number, 1 | 3];
  const pixels = (test.values as Uint8Array).subarray(0, test.items * itemSize(test));
  return { items: test.items, height, width, channels, pixels };
}

/** The first `count` items of a test set. */
export function partOf({ train, test }: Splits, count: number): Splits {
  return { train, test: take(test, 0, count) };
}

/**
 * The bits that a codec of these points takes at a squared error: between its points log bits is a line in log error. Where it
 * cannot be as bad, what its coarsest setting takes; where it cannot be as good, infinitely many.
 */
export function bitsAt(points: readonly CodecPoint[], error: number): number {
  const sorted = [...points].sort((a, b) => b.squaredError - a.squaredError);
  const next = sorted.findIndex((point) => point.squaredError <= error);
  if (next < 0) return Infinity;
  const [coarse, fine] = [sorted[next - 1], sorted[next]!];
  if (!coarse) return fine.bits;
  const share = Math.log(coarse.squaredError / error) / Math.log(coarse.squaredError / fine.squaredError);
  return Math.exp((1 - share) * Math.log(coarse.bits) + share * Math.log(fine.bits));
}
