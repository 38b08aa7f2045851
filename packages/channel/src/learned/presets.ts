/** How links are trained. */
import type { LearningRateDescription } from "@isthmus/train";
import type { OptimiserDescription } from "@isthmus/graph";
import { requireObject } from "../checks.ts";
import type { GivenChannelAutoencoder } from "./config.ts";

/** A training, apart from what is trained. */
export interface LinkTraining {
  /** A multiple of 100: those between two reports. */
  readonly steps: number;
  readonly batchSize: number;
  readonly learningRate: LearningRateDescription;
  /** Default: Adam. */
  readonly optimiser?: OptimiserDescription;
}

/** A model and its training. */
export interface LinkPreset {
  readonly config: GivenChannelAutoencoder;
  readonly training: LinkTraining;
}

export type LinkPresetName = keyof typeof presets;

/**
 * Steps, batch and rate with which every seed of (7,4) beats the Hamming code. From 0.01 a link is learned in half the steps that it takes from 0.001, and
 * comes out a little better.
 */
export function bestTraining(steps = 10_000): LinkTraining {
  return { steps, batchSize: 1024, learningRate: { kind: "cosine", rate: 0.01, steps } };
}

const presets = {
  /**
   * As published (O'Shea, Hoydis 2017, table IV): unit vectors, one hidden layer of 2^k ReLU units on each side, 7 dB, Adam at 0.001. Batch and
   * steps are not said there. At 7 dB errors are so rare that little is learned from them: some 0.3 dB worse than `best`.
   */
  paper: (link: GivenChannelAutoencoder): LinkPreset => ({
    config: { encoder: "onehot", trainEbNoDb: 7, decoder: { hidden: [2 ** link.k] }, ...link },
    training: { steps: 15_000, batchSize: 512, learningRate: 1e-3 },
  }),
  /** The defaults of `channelAutoencoder`, large batches, and a rate that falls to 0 along a cosine. */
  best: (link: GivenChannelAutoencoder): LinkPreset => ({ config: link, training: bestTraining() }),
};

/** The names that `linkPreset` takes. */
export const linkPresetNames: readonly LinkPresetName[] = Object.keys(presets) as LinkPresetName[];

/**
 * A link by a known recipe; what `link` says goes before.
 *
 * @throws RangeError an unknown name.
 */
export function linkPreset(name: LinkPresetName, link: GivenChannelAutoencoder): LinkPreset {
  requireObject("link", link);
  if (Object.hasOwn(presets, name)) return presets[name](link);
  throw new RangeError(`"preset" expected ${linkPresetNames.join(" or ")}, got ${String(name)}`);
}
