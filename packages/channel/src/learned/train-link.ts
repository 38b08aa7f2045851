import type { Engine, StoredTensor } from "@isthmus/graph";
import { type EpochEvent, fit, type FitResult, type StepEvent } from "@isthmus/train";
import { requireWhole } from "../checks.ts";
import type { Codebook } from "../codebook.ts";
import { distanceSpectrum } from "../distances.ts";
import { qFunction } from "../q-function.ts";
import { ebNoFromDb, noiseDeviation } from "../units.ts";
import { type ChannelAutoencoder, channelAutoencoder } from "./channel-autoencoder.ts";
import type { GivenChannelAutoencoder } from "./config.ts";
import { learnedCodebook } from "./learned-codebook.ts";
import { type LearnedLink, type LinkMeasurement, measureLink } from "./measure-links.ts";
import { messages } from "./messages.ts";
import { bestTraining, type LinkTraining } from "./presets.ts";

export interface TrainLinkOptions {
  readonly engine: Engine;
  /** Default: that of the preset `best`. */
  readonly training?: LinkTraining;
  /** Of the first start; the others have the seeds that follow. Default: 1. */
  readonly seed?: number;
  /** Trainings from different first values, of which the best is kept. Default: 1. */
  readonly restarts?: number;
  /**
   * Begin with these points, each as the signal of the message that is its label, rather than with random ones: a Gray-labelled constellation where
   * bits are learned, whose labels descent hardly finds. The transmitter has to be an embedding without hidden layers.
   */
  readonly from?: Codebook;
  /** Names the noise by which the best is chosen: measure with another one. Default: 2^32. */
  readonly selectionSeed?: number;
  /** Eb/N0 by which it is chosen. Default: that of training, or the middle of its range. */
  readonly selectionEbNoDb?: number;
  /** Blocks by which it is chosen. Default: 1,000,000. */
  readonly selectionBlocks?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (event: StepEvent, restart: number) => void;
  /** After every 100 steps; `train.information` is in bits per message. */
  readonly onEpoch?: (event: EpochEvent, restart: number) => void | Promise<void>;
  readonly onRestart?: (restart: Restart) => void;
  /** Stores a checkpoint of a start; called after every 100 steps and awaited. */
  readonly checkpoint?: (bytes: Uint8Array, restart: number) => Promise<void>;
  /** The bytes of a start's checkpoint to go on from; one that is whole is judged again, and not trained. Default: none. */
  readonly resume?: (restart: number) => Promise<Uint8Array | undefined>;
  /** Lets another engine, or another build, resume: the curve will differ in the last bits. Default: false. */
  readonly allowEngineChange?: boolean;
}

/** One training of several. */
export interface Restart {
  /** 0, 1, ... */
  readonly index: number;
  readonly seed: number;
  /** The whole link, its own receiver included, on the noise of the choice. */
  readonly measured: LinkMeasurement;
  /** The least distance of two messages. */
  readonly leastDistance: number;
  /**
   * Whether two messages have all but become one: the best receiver confuses them four times in ten at the Eb/N0 of the choice. In much noise, or where
   * bits are learned, that may be the best there is.
   */
  readonly collapsed: boolean;
  readonly seconds: number;
}

export interface TrainedLink extends LearnedLink {
  readonly definition: ChannelAutoencoder;
  readonly codebook: Codebook;
  readonly restarts: readonly Restart[];
  /** Which of them is the one kept: the least block error rate of the whole link, or the most information where bits are learned. */
  readonly chosen: number;
  readonly fit: FitResult;
}

const STEPS_PER_EPOCH = 100;

/**
 * Trains a link, as often as asked from other first values, and keeps the best: the start whose whole link (neural receiver included) has
 * the least block error rate, or where bits are learned the most information, on noise that nothing was trained on. Among many starts the least
 * rate is too low by chance: report that of another seed.
 *
 * Each start is a `fit` with data and rate of the training, so that its bits are a function of configuration, training, seed, engine and build.
 *
 * @throws TypeError, RangeError naming the option; IsthmusError as `fit`, and `CHANNEL_POWER` for a codebook that breaks its constraint.
 */
export async function trainLink(given: GivenChannelAutoencoder, options: TrainLinkOptions): Promise<TrainedLink> {
  const { restarts = 1, seed = 1 } = options;
  requireWhole("restarts", restarts, 1);
  requireWhole("seed", seed, 0);
  const definition = channelAutoencoder(given);
  const records: Restart[] = [];
  let best: { readonly index: number; readonly result: FitResult } | undefined;
  for (let index = 0; index < restarts; index++) {
    const result = await start(definition, seed + index, index, options);
    records.push(await judged(definition, result, { index, seed: seed + index }, options));
    options.onRestart?.(records[index]!);
    if (!best || isBetter(definition, records[index]!, records[best.index]!)) best = { index, result };
  }
  const { index, result } = best!;
  const { parameters } = result;
  return {
    ...{ definition, parameters, codebook: learnedCodebook(definition, parameters) },
    ...{ restarts: records, chosen: index, fit: result },
  };
}

async function start(
  definition: ChannelAutoencoder,
  seed: number,
  index: number,
  options: TrainLinkOptions,
): Promise<FitResult> {
  const { engine, training = bestTraining(), from, signal, onProgress, onEpoch, checkpoint } = options;
  const { allowEngineChange = false } = options;
  const { steps, batchSize, learningRate, optimiser } = training;
  requireWhole("steps", steps, STEPS_PER_EPOCH);
  if (steps % STEPS_PER_EPOCH !== 0)
    throw new RangeError(`"steps" expected a multiple of ${STEPS_PER_EPOCH}, got ${steps}`);
  const train = messages({ k: definition.config.k, items: batchSize * STEPS_PER_EPOCH });
  const resume = await options.resume?.(index);
  return await fit(
    definition,
    { train },
    {
      ...{ engine, seed, batchSize, learningRate, epochs: steps / STEPS_PER_EPOCH, allowEngineChange },
      ...(optimiser && { optimiser }),
      ...(from && { initial: { "encoder.table": tableOf(from, definition) } }),
      ...(signal && { signal }),
      ...(onProgress && { onProgress: (event) => onProgress(event, index) }),
      ...(onEpoch && { onEpoch: (event) => onEpoch(event, index) }),
      ...(checkpoint && { checkpoint: (bytes) => checkpoint(bytes, index) }),
      ...(resume && { resume }),
    },
  );
}

/** Fewer wrong blocks, or where bits are learned more information. */
function isBetter({ config }: ChannelAutoencoder, { measured: a }: Restart, { measured: b }: Restart): boolean {
  return config.loss === "bits" ? a.information > b.information : a.bler < b.bler;
}

/** Row m is the point that is labelled m. */
function tableOf({ points, labels, size }: Codebook, { parameters, config }: ChannelAutoencoder): StoredTensor {
  const columns = points.length / size;
  const expected = parameters["encoder.table"]?.shape;
  if (config.encoderHidden.length > 0 || expected === undefined) {
    throw new RangeError(`"from" expected a transmitter that is an embedding without hidden layers`);
  }
  if (size !== expected[0] || columns !== expected[1]) {
    throw new RangeError(`"from" expected ${expected[0]} points of ${expected[1]} numbers, got ${size} of ${columns}`);
  }
  const data = new Float32Array(size * columns);
  labels.forEach((label, row) => data.set(points.subarray(row * columns, (row + 1) * columns), label * columns));
  return { shape: [size, columns], data };
}

async function judged(
  definition: ChannelAutoencoder,
  { parameters, seconds }: FitResult,
  which: { readonly index: number; readonly seed: number },
  options: TrainLinkOptions,
): Promise<Restart> {
  const { engine, selectionSeed = 2 ** 32, selectionBlocks = 1e6, signal } = options;
  const ebNoDb = options.selectionEbNoDb ?? middle(definition.config.trainEbNoDb);
  const measured = await measureLink(
    { definition, parameters },
    { engine, ebNoDb, blocks: selectionBlocks, seed: selectionSeed, ...(signal && { signal }) },
  );
  const book = learnedCodebook(definition, parameters);
  const leastDistance = Math.sqrt(distanceSpectrum(book).minimum);
  const confusion = qFunction(leastDistance / (2 * noiseDeviation(ebNoFromDb(ebNoDb), book)));
  return { ...which, measured, leastDistance, collapsed: confusion > 0.4, seconds };
}

function middle(given: number | { readonly from: number; readonly to: number }): number {
  return typeof given === "number" ? given : (given.from + given.to) / 2;
}
