import type { JsonObject, Program, StateSpec } from "@isthmus/graph";
import type { Schedule } from "./schedule.ts";

/** What the pixels, or features, are to the likelihood. Printed with every likelihood: the choice moves it by ten nats and more. */
export type Binarization =
  /** Values in [0, 1] as they are; under a Bernoulli likelihood, real-valued pixels as probabilities. */
  | "none"
  /** Each value drawn anew as 0 or 1 with itself as probability, in training and in testing. */
  | "dynamic"
  /** 1 above 0.5, else 0. */
  | "threshold";

export type Likelihood = "bernoulli" | "gaussian";

/** One loss with the parameters it trains; `trainingStep` of `@isthmus/graph` makes a step of training of it. */
export interface Phase {
  readonly name: string;
  /**
   * Inputs, those that it names: `x` [batch, features], `label` (i32 [batch]), `seed` and `step` (i32 [2]) where noise
   * is drawn, a scalar (f32 []) per schedule. Outputs: scalars, batch means; `loss` is what is minimised.
   */
  readonly loss: Program;
  /** Names of state tensors that `loss` reads. */
  readonly parameters: readonly string[];
}

/** A network of the zoo: configuration made into state, graphs and training phases. Knows no engine. */
export interface ModelDefinition {
  readonly kind: ModelKind;
  readonly config: DenseConfig;
  /** Trained tensors and how they start. */
  readonly parameters: StateSpec;
  /** `x` [batch, features] -> `mu`, `logVar` (VAE) or `z` (autoencoder), each [batch, latent]. */
  readonly encoder: Program;
  /** `z` [batch, latent] -> `reconstruction` [batch, features], the likelihood's mean; `logits` beside it for Bernoulli. */
  readonly decoder: Program;
  /** The inputs of a phase -> per-example metrics, each [batch]. */
  readonly evaluation: Program;
  /**
   * One draw of importance sampling: `x`, `seed`, `step`, `dataStep` [, `label`] -> `logWeight` [batch] =
   * log p(x, z) - log q(z given x) in nats with z drawn from q. Data that is itself drawn (dynamic binarisation) is drawn
   * with `dataStep` (i32 [2]), so that all draws of an item are for the same x.
   */
  readonly importance?: Program;
  /** Numbers that change from step to step, by the names of the scalar inputs that the programs know them by. */
  readonly schedules?: Readonly<Record<string, Schedule>>;
  readonly phases: readonly Phase[];
}

export type ModelKind = "ae" | "vae";

export interface DenseConfig {
  /** Shape of one item, `[28, 28, 1]`; dense networks see it flat. */
  readonly inputShape: readonly number[];
  /** Units of the encoder's hidden layers; the decoder mirrors them. */
  readonly hidden: readonly number[];
  /** Latent dimensions. */
  readonly latent: number;
  readonly likelihood: Likelihood;
  readonly binarize: Binarization;
  /** The Gaussian likelihood's variance, per feature. */
  readonly variance: number;
}

/** The network of the PyTorch VAE example (784-400-20), whose published figures make it everyone's yardstick. */
const defaults: DenseConfig = {
  inputShape: [28, 28, 1],
  hidden: [400],
  latent: 20,
  likelihood: "bernoulli",
  binarize: "none",
  // About the squared error per pixel that 20 latents reach on MNIST, where this likelihood is near its best
  // (Rybkin, Daniilidis, Levine 2021: the optimal variance is the mean squared error).
  variance: 0.01,
};

/** The configuration with defaults filled in. Throws `TypeError` or `RangeError` naming the field. */
export function denseConfig(given: Partial<DenseConfig> = {}): DenseConfig {
  const config = { ...defaults, ...given };
  requireSizes("inputShape", config.inputShape, 1);
  requireSizes("hidden", config.hidden, 0);
  requireSizes("latent", [config.latent], 1);
  requireOneOf("likelihood", config.likelihood, ["bernoulli", "gaussian"]);
  requireOneOf("binarize", config.binarize, ["none", "dynamic", "threshold"]);
  if (!(config.variance > 0 && config.variance < Infinity)) {
    throw new RangeError(`"variance" expected a positive finite number, got ${config.variance}`);
  }
  return config;
}

function requireSizes(field: string, sizes: readonly number[], least: number): void {
  if (!Array.isArray(sizes)) throw new TypeError(`"${field}" expected an array of positive integers`);
  if (sizes.length < least || !sizes.every((size) => Number.isSafeInteger(size) && size > 0)) {
    throw new RangeError(`"${field}" expected positive integers, got [${sizes.join(", ")}]`);
  }
}

function requireOneOf(field: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value)) throw new RangeError(`"${field}" expected ${allowed.join(" or ")}, got ${value}`);
}

/** Features of one flat item. */
export function featureCount({ inputShape }: Pick<DenseConfig, "inputShape">): number {
  return inputShape.reduce((product, size) => product * size, 1);
}

/** A configuration as the JSON of a model file. */
export function configToJson(config: DenseConfig): JsonObject {
  return { ...config };
}
