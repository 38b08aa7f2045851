import type { GraphBuilder, Node } from "@isthmus/graph";
import { bernoulliLogProbFromLogits, discretisedLogistic, gaussianLogProb, logProb } from "@isthmus/math";
import { requireKnown, requireOneOf } from "./checks.ts";
import type { BaseConfig } from "./config.ts";
import {
  type LogisticMixture,
  logisticMixture,
  mixtureLogProb,
  mixtureMean,
  mixtureOutputs,
} from "./logistic-mixture.ts";
import type { LastLayer } from "./trunk.ts";

/** p(x | z): independent for every feature given z. */
export type Likelihood =
  /** From logits. */
  | { readonly kind: "bernoulli" }
  | {
      readonly kind: "gaussian";
      /**
       * The same fixed number for all features; one number that is learned; one that is learned for each feature, the same
       * for all items; one for each feature of each item, which the decoder predicts from z beside the mean.
       */
      readonly variance: "fixed" | "shared" | "perFeature" | "predicted";
      /** The fixed variance, or about the one to start from. */
      readonly value: number;
    }
  /** Values on `levels` equal steps from 0 to 1, with the mass of a logistic between their middles, its scale learned. */
  | { readonly kind: "discretisedLogistic"; readonly levels: number }
  /** The same with `logistics` of them for each feature of each item, whose locations, scales and shares the decoder predicts. */
  | { readonly kind: "logisticMixture"; readonly levels: number; readonly logistics: number };

type GaussianLikelihood = Extract<Likelihood, { kind: "gaussian" }>;
type DiscretisedLikelihood = Extract<Likelihood, { levels: number }>;
export type GivenLikelihood =
  | { readonly kind: "bernoulli" }
  | (Pick<GaussianLikelihood, "kind"> & Partial<GaussianLikelihood>)
  | { readonly kind: "discretisedLogistic"; readonly levels?: number }
  | { readonly kind: "logisticMixture"; readonly levels?: number; readonly logistics?: number };

const defaults = {
  bernoulli: { kind: "bernoulli" },
  // About the squared error per pixel that 20 latents reach on MNIST, where this likelihood is near its best
  // (Rybkin, Daniilidis, Levine 2021: the optimal variance is the mean squared error).
  gaussian: { kind: "gaussian", variance: "fixed", value: 0.01 },
  discretisedLogistic: { kind: "discretisedLogistic", levels: 256 },
  logisticMixture: { kind: "logisticMixture", levels: 256, logistics: 3 },
} as const;

/** A likelihood with its defaults filled in. Throws `RangeError` naming the field. */
export function checkedLikelihood(given: GivenLikelihood): Likelihood {
  requireOneOf("likelihood.kind", given?.kind, Object.keys(defaults));
  const likelihood = { ...defaults[given.kind], ...given } as Likelihood;
  requireKnown(`a ${given.kind} likelihood`, likelihood, Object.keys(defaults[given.kind]));
  if (likelihood.kind === "gaussian") requireVariance(likelihood);
  if ("levels" in likelihood) requireLevels(likelihood);
  if (likelihood.kind === "logisticMixture") requireLogistics(likelihood.logistics);
  return likelihood;
}

function requireVariance({ variance, value }: GaussianLikelihood): void {
  requireOneOf("likelihood.variance", variance, ["fixed", "shared", "perFeature", "predicted"]);
  if (typeof value === "number" && value > 0 && value < Infinity) return;
  throw new RangeError(`"likelihood.value" expected a positive finite number, got ${String(value)}`);
}

function requireLevels({ levels }: DiscretisedLikelihood): void {
  if (Number.isSafeInteger(levels) && levels >= 2 && levels <= 65_536) return;
  throw new RangeError(`"likelihood.levels" expected a whole number from 2 to 65536, got ${String(levels)}`);
}

function requireLogistics(logistics: number): void {
  if (Number.isSafeInteger(logistics) && logistics >= 1 && logistics <= 16) return;
  throw new RangeError(`"likelihood.logistics" expected a whole number from 1 to 16, got ${String(logistics)}`);
}

/** p(x | z) in a graph: its parameters, which broadcast to [batch, features]. */
export type Observation =
  | { readonly kind: "bernoulli"; readonly logits: Node }
  | {
      readonly kind: "gaussian";
      readonly mu: Node;
      readonly scale: { readonly variance: number } | { readonly logVar: Node };
    }
  | { readonly kind: "discretisedLogistic"; readonly loc: Node; readonly logScale: Node; readonly levels: number }
  | LogisticMixture;

/**
 * The likelihood whose location, or logits, is the decoder's `output` [batch, features]. Learned scales are `decoder.*`.
 *
 * @param layer makes a layer beside `output`, of what a predicted variance is read off
 * @throws RangeError a predicted variance where there is no such layer
 */
export function observation(
  build: GraphBuilder,
  output: Node,
  { likelihood }: Pick<BaseConfig, "likelihood">,
  layer?: LastLayer,
): Observation {
  if (likelihood.kind === "bernoulli") return { kind: "bernoulli", logits: output };
  if (likelihood.kind === "discretisedLogistic") {
    const logScale = learnedLog(build, "decoder.logScale", 1, START_SCALE);
    return { kind: "discretisedLogistic", loc: output, logScale, levels: likelihood.levels };
  }
  if (likelihood.kind === "logisticMixture")
    return logisticMixture(build, output, likelihood, required("kind", likelihood.kind, layer));
  const { variance, value } = likelihood;
  if (variance === "fixed") return { kind: "gaussian", mu: output, scale: { variance: value } };
  if (variance === "predicted")
    return {
      kind: "gaussian",
      mu: output,
      scale: { logVar: boundedLog(build, required("variance", variance, layer)("decoder.logVar"), value) },
    };
  const size = variance === "shared" ? 1 : (output.shape[1] as number);
  return { kind: "gaussian", mu: output, scale: { logVar: learnedLog(build, "decoder.logVar", size, value) } };
}

/** @throws RangeError where there is no layer that a likelihood's numbers could be read off */
function required(field: string, value: string, layer: LastLayer | undefined): LastLayer {
  if (layer) return layer;
  const expected = { variance: "fixed, shared or perFeature", kind: "bernoulli, gaussian or discretisedLogistic" }[
    field
  ];
  throw new RangeError(`"likelihood.${field}" expected ${expected} where it may not depend on the code, got ${value}`);
}

/** A logistic's scale is about half its standard deviation: the error per pixel with which training on images begins. */
const START_SCALE = 0.1;

/**
 * What a variance or scale does not fall below: it would without end for a feature that is always the same, as the
 * pixels at an image's edge are. About (1 / 255)^2 / 12, what rounding to 8 bits adds.
 */
const LEAST = 1e-6;

/** `boundedLog` of a `w` that is learned, [size], and 0 at first. */
function learnedLog(build: GraphBuilder, name: string, size: number, start: number): Node {
  return boundedLog(build, build.state(name, { shape: [size], init: { kind: "zeros" } }), start);
}

/** log(start exp(w) + least): no number in the graph is a logarithm that JavaScript took. */
function boundedLog(build: GraphBuilder, w: Node, start: number): Node {
  return build.log(build.add(build.mul(build.scalar(start), build.exp(w)), build.scalar(LEAST)));
}

/** log p(x | z) per example, in nats, [batch]. */
export function logLikelihood(build: GraphBuilder, x: Node, p: Observation): Node {
  if (p.kind === "bernoulli") return bernoulliLogProbFromLogits(build, x, p.logits);
  if (p.kind === "gaussian") return gaussianLogProb(build, x, { mu: p.mu, ...p.scale });
  if (p.kind === "logisticMixture") return build.sum(mixtureLogProb(build, x, p), { axes: [-1] });
  const { loc, logScale, levels } = p;
  const levelsOfX = discretisedLogistic(build, { loc, logScale, low: 0, high: 1, levels });
  return build.sum(logProb(build, levelsOfX, x), { axes: [-1] });
}

/** The mean of p(x | z) in the units of the data, [batch, features]; for discretised logistics their locations, cut to [0, 1]. */
export function likelihoodMean(build: GraphBuilder, p: Observation): Node {
  if (p.kind === "bernoulli") return build.sigmoid(p.logits, "reconstruction");
  if (p.kind === "gaussian") return p.mu;
  if (p.kind === "logisticMixture") return mixtureMean(build, p);
  return build.minimum(build.maximum(p.loc, build.scalar(0)), build.scalar(1));
}

/** What a decoder says of p(x | z) beside its mean: [batch, features] each, by the names of its outputs. */
export function likelihoodOutputs(build: GraphBuilder, p: Observation): Record<string, Node> {
  if (p.kind === "bernoulli") return { logits: p.logits };
  if (p.kind === "discretisedLogistic") return { loc: p.loc, logScale: build.broadcastTo(p.logScale, p.loc.shape) };
  if (p.kind === "logisticMixture") return mixtureOutputs(p);
  return "logVar" in p.scale ? { logVar: build.broadcastTo(p.scale.logVar, p.mu.shape) } : {};
}
