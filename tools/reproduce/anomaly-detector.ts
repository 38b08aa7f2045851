/** An autoencoder that has heard healthy machines, and how far off it is from what it hears. */
import { dequantise, quantise, type UniformQuantiser, uniformQuantiser } from "@isthmus/codec";
import { decodeItems, decodeStreamLatents, fitCoding, inferLatents, type InferredLatents } from "@isthmus/compress";
import {
  type ArrayDescription,
  arrayDataset,
  batches,
  type Dataset,
  describeArray,
  permutation,
  select,
} from "@isthmus/data";
import { bundleEncoder } from "@isthmus/deploy";
import type { Encoder } from "@isthmus/edge";
import type { Model, ModelData } from "@isthmus/graph";
import { toModel } from "@isthmus/train";
import { anomalyAutoencoder, foldedAutoencoder, foldedParameters } from "./anomaly-network.ts";
import type { Context } from "./harness/reproduction.ts";
import { joined, trained } from "./harness/training.ts";
import {
  BANDS,
  FRAMES,
  type MachineRecordings,
  machineRecordings,
  type Recording,
  type RecordingCounts,
  WINDOW,
} from "./machine-recordings.ts";

const EPOCHS = 20;
const BATCH = 512;
/** Training windows that ranges are calibrated on. */
export const CALIBRATED = 1000;

export interface MachineData extends Pick<MachineRecordings, "validation" | "test"> {
  /** Windows of the training recordings. */
  readonly train: Dataset;
  readonly description: ArrayDescription;
}

export function machineData(counts: RecordingCounts): MachineData {
  const { train, validation, test } = machineRecordings(counts);
  const array = arrayOfWindows(joined(...train.map(({ windows }) => windows)));
  const everyTenth = Array.from({ length: Math.ceil(array.shape[0] / 10) }, (_, i) => 10 * i);
  const description = describeArray("machine sounds", array, { standardise: "mean", trainItems: everyTenth });
  return { train: arrayDataset(description, array, "machine sounds"), validation, test, description };
}

function arrayOfWindows(values: Float32Array) {
  return { type: "f32", shape: [values.length / WINDOW, FRAMES, BANDS], values } as const;
}

export interface Training {
  /** Of Adam, falling to 0 as a cosine. */
  readonly rate: number;
  readonly seed: number;
}

export interface Detector {
  /** Without normalisations, with bins and tables. */
  readonly model: Model;
  /** Of training. */
  readonly seconds: number;
}

export async function trainedDetector(
  context: Context,
  { train, description }: Pick<MachineData, "train" | "description">,
  { rate, seed }: Training,
): Promise<Detector> {
  const epochs = context.epochs(EPOCHS);
  const { parameters, seconds } = await trained(
    context,
    anomalyAutoencoder(),
    { train, test: select(train, [0]) },
    {
      ...{ seed, epochs, batchSize: BATCH, title: `rate ${rate}` },
      learningRate: { kind: "cosine", rate, epochs },
    },
  );
  const definition = foldedAutoencoder();
  const folded = { parameters: foldedParameters(parameters) };
  const codes = await codesOf(context, { ...definition, ...folded }, train);
  const notes = { provenance: {}, metrics: {}, coding: fitCoding(codes), data: description as unknown as ModelData };
  return { model: toModel(definition, folded, notes), seconds };
}

export const TRAINING = `Adam falling to 0 as a cosine, batch ${BATCH}, ${EPOCHS} epochs`;

type WithEngine = Pick<Context, "engine">;

function codesOf(
  { engine }: WithEngine,
  model: Pick<Model, "encoder" | "parameters">,
  windows: Dataset,
): Promise<InferredLatents> {
  return inferLatents(engine, model, batches(windows, { batchSize: 256 }));
}

/** The encoder in int8, as a device is given it. */
export function int8Bundle({ engine }: WithEngine, model: Model, train: Dataset): Promise<Uint8Array<ArrayBuffer>> {
  const order = permutation(train.items, { seed: 0, stream: "calibration" }).subarray(0, CALIBRATED);
  const values = function* () {
    for (const batch of batches(train, { batchSize: 250, order })) yield batch.values;
  };
  return bundleEncoder(model, { batches: values(), engine });
}

/** How windows get to the decoder: [windows, 8] of a recording. */
type Way = (windows: Dataset, recording: Recording) => Promise<InferredLatents> | InferredLatents;

/** As they are, in float32. */
export function unrounded(context: WithEngine, model: Model): Way {
  return (windows) => codesOf(context, model, windows);
}

/** In float32, rounded to the middles of bins. */
export function rounded(context: WithEngine, model: Model): Way {
  const quantiser = quantiserOf(model);
  return async (windows) => {
    const codes = await codesOf(context, model, windows);
    return { ...codes, values: dequantise(quantise(codes.values, quantiser), quantiser) };
  };
}

/** Through what a device writes: one stream of each recording. `hear` is told how long they are. */
export function streamed(model: Model, encoder: Encoder, hear: (bytes: number) => void): Way {
  return (_, { windows }) => {
    const stream = encoder.encode(windows);
    hear(stream.length);
    return decodeStreamLatents(model, stream);
  };
}

function quantiserOf({ coding }: Model): UniformQuantiser {
  return uniformQuantiser(coding!.steps, coding!.offsets);
}

/** What a recording is scored by: the mean squared error of its windows' numbers, as the network sees them. */
export async function scoresOf(
  { engine }: WithEngine,
  model: Model,
  description: ArrayDescription,
  recordings: readonly Recording[],
  way: Way,
): Promise<number[]> {
  const scores: number[] = [];
  for (const recording of recordings) {
    const windows = arrayDataset(description, arrayOfWindows(recording.windows), "recording");
    const back = await decodeItems(engine, model, await way(windows, recording));
    scores.push(meanSquare(back, windows.values as Float32Array));
  }
  return scores;
}

/** Without a network: the same distance to the mean of the training windows. */
export function distanceScores({ train, description }: MachineData, recordings: readonly Recording[]): number[] {
  const mean = new Float64Array(WINDOW);
  train.values.forEach((value, i) => (mean[i % WINDOW]! += value / train.items));
  return recordings.map(({ windows }) => {
    const { values } = arrayDataset(description, arrayOfWindows(windows), "recording");
    return meanSquare(
      values as Float32Array,
      Float32Array.from(values, (_, i) => mean[i % WINDOW]!),
    );
  });
}

function meanSquare(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return sum / a.length;
}
