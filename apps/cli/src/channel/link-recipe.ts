/** What is learned and how, from a preset and the words of a command line. */
import {
  bestTraining,
  type Channel,
  type ChannelAutoencoderConfig,
  type GivenChannelAutoencoder,
  type GivenNormalisation,
  linkPreset,
  type LinkTraining,
} from "@isthmus/channel";
import { UsageError } from "@isthmus/command-line/node";
import { InvalidArgumentError } from "commander";
import { checkedByUser } from "../errors.ts";
import { flag, requireOnly } from "../options.ts";

type TrainEbNo = ChannelAutoencoderConfig["trainEbNoDb"];

export interface RecipeOptions {
  readonly k: number;
  readonly n: number;
  readonly complex?: boolean;
  readonly preset: "best" | "paper";
  readonly normalize: "energy" | "average" | "per-use" | "amplitude";
  readonly zeroMean?: boolean;
  readonly levels?: number;
  readonly peakToAverage?: number;
  readonly channel?: Channel;
  readonly loss: "messages" | "bits";
  readonly encoder?: "embedding" | "onehot";
  readonly encoderHidden?: readonly number[];
  readonly decoderHidden?: readonly number[];
  readonly equaliser?: number;
  readonly state?: boolean;
  readonly trainEbno?: TrainEbNo;
  readonly steps?: number;
  readonly batch?: number;
  readonly lr?: number;
}

/** `3`; `4:8`. */
export function trainEbNo(text: string): TrainEbNo {
  const [from, to, ...rest] = text.split(":").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  const isRange = to !== undefined;
  if (rest.length > 0 || !Number.isFinite(from) || (isRange && !(Number.isFinite(to) && from! < to)))
    throw new InvalidArgumentError("expected decibels such as 3, or a range such as 4:8.");
  return isRange ? { from: from!, to } : from!;
}

/** The model and its training, as the preset has them where the command line does not say. */
export function recipe(options: RecipeOptions): {
  readonly config: GivenChannelAutoencoder;
  readonly training: LinkTraining;
} {
  const preset = checkedByUser(() => linkPreset(options.preset, configOf(options)));
  const { decoderHidden: hidden, equaliser, state } = options;
  const decoder = {
    ...preset.config.decoder,
    ...(hidden && { hidden }),
    ...(state && { state }),
    ...(equaliser !== undefined && { equaliser: { taps: equaliser, hidden: [EQUALISER_UNITS] } }),
  };
  return { config: { ...preset.config, decoder }, training: trainingOf(preset.training, options) };
}

/** Units of the layer that estimates the channel. */
const EQUALISER_UNITS = 64;

function configOf(options: RecipeOptions): GivenChannelAutoencoder {
  const { k, n, complex, peakToAverage, channel, loss, encoder, encoderHidden, trainEbno } = options;
  return {
    ...{ k, n, loss, normalize: normalisationOf(options) },
    ...(complex && { complex }),
    ...(peakToAverage !== undefined && { peakToAverage: { most: peakToAverage, weight: 1 } }),
    ...(channel && { channel }),
    ...(encoder && { encoder }),
    ...(encoderHidden && { encoderHidden }),
    ...(trainEbno !== undefined && { trainEbNoDb: trainEbno }),
  };
}

function normalisationOf(options: RecipeOptions): GivenNormalisation {
  const { normalize, zeroMean, levels } = options;
  const isPower = normalize === "average" || normalize === "per-use";
  requireOnly(isPower, options, ["zeroMean"], "--normalize average or per-use");
  requireOnly(normalize === "amplitude", options, ["levels"], "--normalize amplitude");
  if (normalize === "amplitude") return { kind: normalize, ...(levels !== undefined && { levels }) };
  if (normalize === "energy") return normalize;
  return { kind: normalize === "average" ? normalize : "perUse", ...(zeroMean && { zeroMean }) };
}

function trainingOf(
  preset: LinkTraining,
  { preset: name, steps = preset.steps, batch, lr }: RecipeOptions,
): LinkTraining {
  if (steps % 100 !== 0) throw new UsageError(`${flag("steps")} expected a multiple of 100, got ${steps}`);
  const { batchSize, learningRate } = name === "best" ? bestTraining(steps) : preset;
  const scaled =
    lr === undefined ? learningRate : typeof learningRate === "number" ? lr : { ...learningRate, rate: lr };
  return { ...preset, steps, batchSize: batch ?? batchSize, learningRate: scaled };
}
