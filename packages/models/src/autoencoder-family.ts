import { type Activation, dense, GraphBuilder, type Node, type Program } from "@isthmus/graph";
import { type BaseConfig, featureCount, type ModelKind } from "./config.ts";
import type { ModelDefinition } from "./definition.ts";
import type { Field } from "./fields.ts";
import { logLikelihood, type Observation } from "./likelihood.ts";
import * as parts from "./parts.ts";
import { encoderTrunk } from "./trunk.ts";

/** One pass through an autoencoder. */
export interface Pass {
  /** What the likelihood sees, [batch, features]. */
  readonly x: Node;
  /** What the encoder sees, [batch, features]: `x` unless it was corrupted. */
  readonly seen: Node;
  /** [batch, latent] */
  readonly z: Node;
  readonly p: Observation;
}

/** What tells one autoencoder of the family from another. */
export interface Autoencoder<C extends BaseConfig> {
  readonly described: ModelKind;
  readonly config: C;
  /** The code of `x` [batch, features]: [batch, latent]. */
  readonly code: (build: GraphBuilder, x: Node) => Node;
  /** p(x | z). Default: the mirrored trunk. */
  readonly decode?: (build: GraphBuilder, z: Node) => Observation;
  /** What the encoder sees instead of `x` while it is trained and measured; never when it is used. */
  readonly corrupt?: (build: GraphBuilder, x: Node) => Node;
  /** Scalars, batch means, that are added to the loss and told beside it. */
  readonly penalties?: (build: GraphBuilder, pass: Pass) => Readonly<Record<string, Node>>;
  /** Metrics beside `reconstruction` and `squaredError`, [batch] each. */
  readonly metrics?: (build: GraphBuilder, pass: Pass) => Readonly<Record<string, Node>>;
}

/**
 * The definition of a deterministic autoencoder.
 *
 *     x -> (corruption) -> encoder -> z -> decoder -> p(x | z)
 *
 * The loss is -log p(x | z) in nats, summed over features and averaged over the batch, plus the penalties. It bounds
 * nothing and is no ELBO.
 */
export function autoencoderDefinition<C extends BaseConfig>(model: Autoencoder<C>): ModelDefinition<C> {
  const { described, config } = model;
  const encoder = encoding(model);
  const decoder = parts.decoderProgram(config, model.decode);
  return {
    kind: described.kind,
    config,
    parameters: { ...encoder.state, ...decoder.state },
    encoder,
    decoder,
    evaluation: evaluation(model),
    phases: [parts.wholePhase("reconstruction", loss(model))],
  };
}

function encoding<C extends BaseConfig>({ config, code }: Autoencoder<C>): Program {
  const build = new GraphBuilder();
  return build.program({ outputs: { z: code(build, parts.observedWithoutNoise(build, config)) } });
}

function pass<C extends BaseConfig>(build: GraphBuilder, model: Autoencoder<C>): Pass {
  const { config, code, corrupt = (_, x) => x, decode = (_, z) => parts.decoded(build, z, config) } = model;
  const x = parts.observed(build, config);
  const seen = corrupt(build, x);
  const z = code(build, seen);
  return { x, seen, z, p: decode(build, z) };
}

function loss<C extends BaseConfig>(model: Autoencoder<C>): Program {
  const build = new GraphBuilder();
  const made = pass(build, model);
  const reconstruction = build.mean(build.neg(logLikelihood(build, made.x, made.p)));
  if (!model.penalties) return build.program({ outputs: { loss: reconstruction } });
  const penalties = model.penalties(build, made);
  const sum = Object.values(penalties).reduce((total, penalty) => build.add(total, penalty), reconstruction);
  return build.program({ outputs: { loss: sum, reconstruction, ...penalties } });
}

function evaluation<C extends BaseConfig>(model: Autoencoder<C>): Program {
  const build = new GraphBuilder();
  const made = pass(build, model);
  const outputs = {
    reconstruction: build.neg(logLikelihood(build, made.x, made.p)),
    squaredError: parts.squaredError(build, made.x, made.p),
    ...model.metrics?.(build, made),
  };
  return build.program({ outputs });
}

/** What {@link trunkCode} is given where a user may choose it. */
export const codeActivationField: Field = {
  kind: "choice",
  default: "sigmoid",
  choices: ["linear", "relu", "sigmoid", "tanh", "softplus"],
  what: "of the code's units",
};

/** The trunk and the layer `encoder.z` behind it. */
export function trunkCode(build: GraphBuilder, x: Node, config: BaseConfig, activation: Activation = "linear"): Node {
  return dense(build, encoderTrunk(build, x, config), { name: "encoder.z", units: config.latent, activation });
}

/** Peak signal-to-noise ratio per example in dB, of values whose peak is 1: -10 log10 of the mean squared error. */
export function psnr(build: GraphBuilder, squaredError: Node, config: BaseConfig): Node {
  const mean = build.mul(squaredError, build.scalar(1 / featureCount(config)));
  return build.mul(build.scalar(-TEN_OVER_LN_10), build.log(build.maximum(mean, build.scalar(LEAST_ERROR))));
}

/** A number, not `Math.log`, which may differ in the last bit from one JavaScript engine to another. */
const TEN_OVER_LN_10 = 4.3429448190325175;

/** An image that comes back exactly has no finite ratio; this is 100 dB. */
const LEAST_ERROR = 1e-10;
