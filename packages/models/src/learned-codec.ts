import { GraphBuilder, type Node, type Program } from "@isthmus/graph";
import { psnr } from "./autoencoder-family.ts";
import { type BaseConfig, checkedConfig, type Given, type ModelKind } from "./config.ts";
import type { ModelDefinition } from "./definition.ts";
import { binMass, type FactorisedPrior, factorisedPrior, massBits, medians, priorDraws } from "./factorised-prior.ts";
import * as parts from "./parts.ts";
import { analysis, codePositions, synthesis } from "./transforms.ts";

export interface LearnedCodecConfig extends BaseConfig {
  /** Bits that a unit of squared error is worth: larger is better and longer. Of the highest quality, where there are more. */
  readonly lambda: number;
  /** How many qualities one model is trained for. */
  readonly qualities: number;
  /** With several qualities: the highest one's lambda over the lowest one's; those between lie in equal ratios. */
  readonly lambdaSpan: number;
  /** Groups of channels, in their order, that come in a stream of their own each: the first is to be worth most alone. */
  readonly streams: number;
  /** With several streams: the share of training items that lose some of them. */
  readonly mask: number;
  /** GDN behind the hidden layers in the place of their activation. */
  readonly gdn: boolean;
  /**
   * What the decoder sees of codes in training: with the noise that the rate is of, or `rounded`, as it will, with rounding
   * passed over in derivatives.
   */
  readonly decodes: "noisy" | "rounded";
  /** Of the values that come back: any, or from 0 to 1, for pixels that are often one or the other. */
  readonly output: "linear" | "sigmoid";
}

export const learnedCodecKind: ModelKind = {
  kind: "learned-codec",
  summary: "lossy codec: trained on bits plus lambda times the squared error, with a learned prior for its integers",
  defaults: { likelihood: { kind: "gaussian" }, latent: 32 },
  fields: {
    lambda: { kind: "number", default: 10, least: 1e-9, most: 1e9, what: "bits that a unit of squared error is worth" },
    qualities: { kind: "integer", default: 1, least: 1, most: 64, what: "that one model is trained for" },
    lambdaSpan: {
      kind: "number",
      default: 64,
      least: 1,
      most: 1e6,
      what: "with several qualities: the highest one's lambda over the lowest one's",
    },
    streams: {
      kind: "integer",
      default: 1,
      least: 1,
      most: 16,
      what: "groups of channels in the order of their importance, of which a reader can do without some",
    },
    mask: {
      kind: "number",
      default: 0.5,
      least: 0,
      most: 1,
      what: "with several streams: share of training items that lose some of them",
    },
    gdn: { kind: "flag", default: false, what: "divisive normalisation in the place of activations" },
    decodes: {
      kind: "choice",
      default: "noisy",
      choices: ["noisy", "rounded"],
      what: "codes that the decoder is trained on",
    },
    output: {
      kind: "choice",
      default: "linear",
      choices: ["linear", "sigmoid"],
      what: "what comes back: any number, or from 0 to 1",
    },
  },
};

/**
 * A transform codec that is trained end to end (Balle, Laparra, Simoncelli 2017; Theis, Shi, Cunningham, Huszar 2017):
 *
 *     x -> analysis -> y -> rounding to bins -> integers -> synthesis -> x'
 *     loss = bits of the integers under the prior + lambda ||x - x'||^2, of an item
 *
 * In training uniform noise of one bin's width stands for rounding, and the prior's mass of the bin around the noisy value
 * for its probability. The decoder is trained on the noisy codes too, or on `rounded` ones, whose derivative is taken to be the
 * code's (Minnen, Singh 2020): it then knows what it will see, of which noise tells little where most integers are 0.
 * Metrics are of rounded codes: `rate` in bits and `squaredError` of an item, `objective` = rate +
 * lambda squaredError. Bins are 1 wide and centred on the prior's medians.
 *
 * With several `qualities` one network serves all: each has the width of the bins of each channel for itself, which is the
 * inverse of a gain, and a gain of its own on what the decoder is given (Cui, Wang, Gao, Guo, Feng, Bai 2021), since what is
 * coarsely rounded is best taken for less than it says; the prior's density is shared. Each item of a training step draws its
 * quality, and its loss is divided by the square root of its lambda, to which bits are roughly proportional: a share of the
 * bits of one quality is then worth the same share of another's. Metrics are told for each quality, `rate0` of the coarsest,
 * and `rate`, `squaredError` and `psnr` are of the finest.
 *
 * With several `streams` the channels are divided as the payloads of a frame are, and `mask` of the training items lose
 * streams: half of these the last ones, from a number on that is drawn, which brings the channels into the order of their
 * importance (Rippel, Gelbart, Adams 2014), the others a single one, whichever. A channel that is lost is its prior's
 * median, as a decoder has it. Bits are counted of all. The metric `psnrFirst1` is of the first stream alone, and so on.
 *
 * `latent` is the number of channels. Behind convolutions without dense layers the code is an image of its own, one
 * convolution further down, whose pixels share their channels' densities.
 *
 * @throws TypeError or RangeError naming the field; a likelihood other than a Gaussian of fixed variance, whose value means
 * nothing here
 */
export function learnedCodec(given: Given<LearnedCodecConfig> = {}): ModelDefinition<LearnedCodecConfig> {
  const config = checkedConfig<LearnedCodecConfig>(learnedCodecKind, given);
  requireSquaredError(config);
  requireStreams(config);
  const encoder = encoderProgram(config);
  const decoder = decoderProgram(config);
  const loss = lossProgram(config);
  return {
    kind: learnedCodecKind.kind,
    config,
    parameters: loss.state,
    encoder,
    decoder,
    prior: priorProgram(config),
    evaluation: evaluationProgram(config),
    quantisation: {
      channels: config.latent,
      qualities: config.qualities,
      streams: config.streams,
      program: quantisationProgram(config),
    },
    phases: [parts.wholePhase("rate-distortion", loss)],
  };
}

function requireSquaredError({ likelihood, decoder, trunk }: LearnedCodecConfig): void {
  if (likelihood.kind !== "gaussian" || likelihood.variance !== "fixed") {
    throw new RangeError(`"likelihood" expected gaussian of a fixed variance: distortion is the squared error`);
  }
  if (decoder && trunk.kind === "conv" && trunk.hidden.length === 0) {
    throw new RangeError(`"decoder" expected none where the code is an image: it goes back through the trunk's sizes`);
  }
}

function requireStreams({ streams, latent }: LearnedCodecConfig): void {
  if (streams > latent)
    throw new RangeError(`"streams" expected at most the ${latent} channels of the code, got ${streams}`);
}

function encoderProgram(config: LearnedCodecConfig): Program {
  const build = new GraphBuilder();
  const y = analysis(build, parts.observedWithoutNoise(build, config), config);
  return build.program({ outputs: { z: build.reshape(y, ["batch", codeSize(config)]) } });
}

function decoderProgram(config: LearnedCodecConfig): Program {
  const build = new GraphBuilder();
  const z = build.input("z", ["batch", codeSize(config)]);
  return build.program({ outputs: { reconstruction: decoded(build, positioned(build, z, config), config) } });
}

/** The code [batch, positions, channels] -> [batch, features]. */
function decoded(build: GraphBuilder, code: Node, config: LearnedCodecConfig): Node {
  const x = synthesis(build, code, config);
  return config.output === "sigmoid" ? build.sigmoid(x, "reconstruction") : x;
}

function codeSize(config: LearnedCodecConfig): number {
  return codePositions(config) * config.latent;
}

/** [batch, code] as [batch, positions, channels]. */
function positioned(build: GraphBuilder, z: Node, config: LearnedCodecConfig): Node {
  return build.reshape(z, ["batch", codePositions(config), config.latent]);
}

/** Codes as the decoder sees them in training: draws of the density with the noise of the finest bins. */
function priorProgram(config: LearnedCodecConfig): Program {
  const build = new GraphBuilder();
  const prior = factorisedPrior(build, config.latent);
  const y = priorDraws(build, prior, codePositions(config));
  const finest = config.qualities - 1;
  const code = build.add(y, build.mul(unitNoise(build, y), stepOf(build, config, finest)));
  const z = amplified(build, code, gainOf(build, config, finest), prior);
  return build.program({ outputs: { z: build.reshape(z, ["batch", codeSize(config)]) } });
}

/** Uniform from -1/2 to 1/2, of the code's shape. */
function unitNoise(build: GraphBuilder, y: Node): Node {
  const u = build.randomUniform(y.shape, { ...parts.noiseInputs(build), stream: "quantisation" });
  return build.sub(u, build.scalar(0.5));
}

/** One number for each quality, from the coarsest on. */
function forQualities({ qualities, lambdaSpan }: LearnedCodecConfig, value: (share: number) => number): number[] {
  const shareOf = (quality: number): number => lambdaSpan ** ((quality - qualities + 1) / Math.max(1, qualities - 1));
  // To float32: the last digits of a power are another on another JavaScript engine.
  return Array.from({ length: qualities }, (_, quality) => Math.fround(value(shareOf(quality))));
}

/** Widths of bins, [qualities, channels]; of a single quality they are 1. */
function stepsOf(build: GraphBuilder, config: LearnedCodecConfig): Node {
  const { qualities, latent } = config;
  if (qualities === 1) return build.constant([1, latent], new Array<number>(latent).fill(1));
  const learned = build.state("prior.logSteps", { shape: [qualities, latent], init: { kind: "zeros" } });
  // At high rates the squared error is step^2 / 12 of a code, and its best share is one over lambda.
  const first = build.constant(
    [qualities, 1],
    forQualities(config, (share) => 1 / Math.sqrt(share)),
  );
  return build.mul(first, build.exp(learned));
}

/** [channels] */
function stepOf(build: GraphBuilder, config: LearnedCodecConfig, quality: number): Node {
  return rowOf(build, stepsOf(build, config), quality, config);
}

/** What codes are multiplied by, from their medians on, before they are decoded, [qualities, channels]; none of a single quality. */
function gainsOf(build: GraphBuilder, { qualities, latent }: LearnedCodecConfig): Node | undefined {
  if (qualities === 1) return undefined;
  return build.exp(build.state("prior.logGains", { shape: [qualities, latent], init: { kind: "zeros" } }));
}

/** [channels] */
function gainOf(build: GraphBuilder, config: LearnedCodecConfig, quality: number): Node | undefined {
  const gains = gainsOf(build, config);
  return gains && rowOf(build, gains, quality, config);
}

/** One quality's of [qualities, channels]. */
function rowOf(build: GraphBuilder, table: Node, quality: number, { latent }: LearnedCodecConfig): Node {
  return build.reshape(build.slice(table, { axis: 0, begin: quality, end: quality + 1 }), [latent]);
}

/** What the decoder is given of a code. */
function amplified(build: GraphBuilder, code: Node, gain: Node | undefined, prior: FactorisedPrior): Node {
  if (!gain) return code;
  const offsets = medians(build, prior);
  return build.add(offsets, build.mul(gain, build.sub(code, offsets)));
}

function lambdasOf(config: LearnedCodecConfig): number[] {
  return forQualities(config, (share) => config.lambda * share);
}

/** What the losses of qualities count; 1 on their mean. */
function weightsOf(config: LearnedCodecConfig): number[] {
  const weights = forQualities(config, (share) => 1 / Math.sqrt(share));
  const mean = weights.reduce((sum, weight) => sum + weight) / weights.length;
  return weights.map((weight) => Math.fround(weight / mean));
}

/** Of each item of a training step. */
interface DrawnQualities {
  /** The width of its bins, [batch, 1, channels]. */
  readonly step: Node;
  /** What its code is multiplied by, [batch, 1, channels]; none with a single quality. */
  readonly gain?: Node;
  /** [batch] */
  readonly lambda: Node;
  /** What its loss counts, [batch]; 1 with a single quality. */
  readonly weight?: Node;
}

function drawnQualities(build: GraphBuilder, x: Node, config: LearnedCodecConfig): DrawnQualities {
  const { qualities, latent } = config;
  const gains = gainsOf(build, config);
  if (!gains) {
    const step = build.reshape(stepsOf(build, config), [1, 1, latent]);
    return { step, lambda: build.scalar(lambdasOf(config)[0]!) };
  }
  const edges = Array.from({ length: qualities + 1 }, (_, quality) => quality / qualities);
  const oneHot = drawnOneHot(build, x, edges, "quality");
  const drawn = (table: Node): Node => build.reshape(build.matmul(oneHot, table), ["batch", 1, latent]);
  const drawnNumber = (numbers: readonly number[]): Node =>
    build.reshape(build.matmul(oneHot, build.constant([qualities, 1], [...numbers])), ["batch"]);
  return {
    ...{ step: drawn(stepsOf(build, config)), gain: drawn(gains) },
    ...{ lambda: drawnNumber(lambdasOf(config)), weight: drawnNumber(weightsOf(config)) },
  };
}

/** For each item one of the intervals between `edges` from 0 to 1, [batch, intervals]: 1 in its place, else 0. */
function drawnOneHot(build: GraphBuilder, x: Node, edges: readonly number[], stream: string): Node {
  const u = build.randomUniform([x.shape[0]!, 1], { ...parts.noiseInputs(build), stream });
  const isAbove = (ends: readonly number[]): Node => build.greater(u, build.constant([1, ends.length], [...ends]));
  return build.sub(isAbove(edges.slice(0, -1)), isAbove(edges.slice(1)));
}

/** Which streams come through, and how often that is so in training. */
interface Reception {
  readonly share: number;
  readonly has: (stream: number) => boolean;
}

/** Their shares are 1 together. */
function receptions({ streams, mask }: LearnedCodecConfig): Reception[] {
  const numbers = Array.from({ length: streams }, (_, stream) => stream);
  return [
    ...numbers.slice(1).map((first) => ({ share: mask / 2 / (streams - 1), has: firstStreams(first) })),
    ...numbers.map((lost) => ({ share: mask / 2 / streams, has: (stream: number) => stream !== lost })),
    { share: 1 - mask, has: () => true },
  ];
}

const firstStreams =
  (count: number) =>
  (stream: number): boolean =>
    stream < count;

/** Of each channel 1 where its stream is there, else 0. Payload k of n has the channels from floor(k C / n) on (docs/format.md). */
function channelsOf({ streams, latent }: LearnedCodecConfig, has: Reception["has"]): number[] {
  const first = (stream: number): number => Math.floor((stream * latent) / streams);
  return Array.from({ length: latent }, (_, channel) => {
    const stream = Array.from({ length: streams }, (_ignored, k) => k).findLast((k) => first(k) <= channel)!;
    return Number(has(stream));
  });
}

/** [batch, 1, channels]: 1 for what comes through, and 0 for what is lost; none where nothing is lost. */
function drawnReception(build: GraphBuilder, x: Node, config: LearnedCodecConfig): Node | undefined {
  if (config.streams === 1 || config.mask === 0) return undefined;
  const all = receptions(config);
  const edges = all.map((_, i) => all.slice(0, i).reduce((sum, { share }) => sum + share, 0));
  const oneHot = drawnOneHot(build, x, [...edges, 1], "reception");
  const rows = all.flatMap(({ has }) => channelsOf(config, has));
  const kept = build.matmul(oneHot, build.constant([all.length, config.latent], rows));
  return build.reshape(kept, ["batch", 1, config.latent]);
}

/** What a decoder has of a code: of channels that are lost, where `kept` is 0, the median. */
function received(build: GraphBuilder, code: Node, kept: Node, prior: FactorisedPrior): Node {
  const offsets = medians(build, prior);
  return build.add(offsets, build.mul(kept, build.sub(code, offsets)));
}

/** Bits and squared error of each item, [batch], of codes in bins of width `step`. */
interface Coded {
  readonly rate: Node;
  readonly squaredError: Node;
}

/** `seen` is what the decoder is given in the place of `code`, whose bits are counted. Default: the same. */
interface CodedItems {
  readonly x: Node;
  readonly code: Node;
  readonly seen?: Node;
  readonly step: Node;
  readonly prior: FactorisedPrior;
}

function coded(
  build: GraphBuilder,
  config: LearnedCodecConfig,
  { x, code, seen = code, step, prior }: CodedItems,
): Coded {
  const bits = massBits(build, binMass(build, prior, code, step));
  return { rate: build.sum(bits, { axes: [1, 2] }), squaredError: squaredError(build, x, seen, config) };
}

/** Of each item, [batch]. */
function squaredError(build: GraphBuilder, x: Node, code: Node, config: LearnedCodecConfig): Node {
  return build.sum(build.square(build.sub(x, decoded(build, code, config))), { axes: [1] });
}

function lossProgram(config: LearnedCodecConfig): Program {
  const build = new GraphBuilder();
  const x = parts.observed(build, config);
  const prior = factorisedPrior(build, config.latent);
  const { step, gain, lambda, weight } = drawnQualities(build, x, config);
  const y = analysis(build, x, config);
  const code = build.add(y, build.mul(unitNoise(build, y), step));
  const made = config.decodes === "noisy" ? code : roundedPast(build, y, { offsets: medians(build, prior), step });
  const kept = drawnReception(build, x, config);
  const seen = amplified(build, kept ? received(build, made, kept, prior) : made, gain, prior);
  const { rate, squaredError: error } = coded(build, config, { x, code, seen, step, prior });
  const objective = build.add(rate, build.mul(lambda, error));
  const loss = build.mean(weight ? build.mul(weight, objective) : objective);
  return build.program({ outputs: { loss, rate: build.mean(rate), distortion: build.mean(error) } });
}

interface Bins {
  readonly offsets: Node;
  readonly step: Node;
}

/** Of the bins that the codes lie in. */
function toMiddles(build: GraphBuilder, y: Node, { offsets, step }: Bins): Node {
  return build.add(offsets, build.mul(step, build.round(build.div(build.sub(y, offsets), step))));
}

/** The middles of bins, with the derivative of the codes. */
function roundedPast(build: GraphBuilder, y: Node, bins: Bins): Node {
  return build.straightThrough(toMiddles(build, y, bins), y);
}

function evaluationProgram(config: LearnedCodecConfig): Program {
  const build = new GraphBuilder();
  const x = parts.observed(build, config);
  const prior = factorisedPrior(build, config.latent);
  const offsets = medians(build, prior);
  const y = analysis(build, x, config);
  const lambdas = lambdasOf(config);
  const qualities = lambdas.map((lambda, quality) => {
    const step = stepOf(build, config, quality);
    const gain = gainOf(build, config, quality);
    const code = toMiddles(build, y, { offsets, step });
    const seen = amplified(build, code, gain, prior);
    return { lambda, code, gain, ...coded(build, config, { x, code, seen, step, prior }) };
  });
  const { rate, squaredError: error, code, gain } = qualities.at(-1)!;
  const objectives = qualities.map((one) => build.add(one.rate, build.mul(build.scalar(one.lambda), one.squaredError)));
  const total = objectives.reduce((sum, one) => build.add(sum, one));
  const each = qualities.flatMap((one, quality) => [
    [`rate${quality}`, one.rate] as const,
    [`squaredError${quality}`, one.squaredError] as const,
  ]);
  const prefixes = Array.from({ length: config.streams - 1 }, (_, i) => {
    const kept = build.constant([1, 1, config.latent], channelsOf(config, firstStreams(i + 1)));
    const some = squaredError(build, x, amplified(build, received(build, code, kept, prior), gain, prior), config);
    return [`psnrFirst${i + 1}`, psnr(build, some, config)] as const;
  });
  return build.program({
    outputs: {
      objective: build.mul(total, build.scalar(1 / qualities.length)),
      ...{ rate, squaredError: error, psnr: psnr(build, error, config) },
      ...Object.fromEntries(prefixes),
      ...(qualities.length > 1 && Object.fromEntries(each)),
    },
  });
}

function quantisationProgram(config: LearnedCodecConfig): Program {
  const build = new GraphBuilder();
  const prior = factorisedPrior(build, config.latent);
  const offsets = medians(build, prior);
  const steps = stepsOf(build, config);
  const gains = gainsOf(build, config);
  const symbol = build.reshape(build.input("symbol", ["batch"]), ["batch", 1, 1]);
  return build.program({
    outputs: {
      offsets,
      steps,
      ...(gains && { gains }),
      mass: binMass(build, prior, build.add(offsets, build.mul(symbol, steps)), steps),
    },
  });
}
