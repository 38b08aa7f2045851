import type { JsonObject, Program, StateSpec } from "@isthmus/graph";
import type { ImageCondition } from "./condition.ts";
import type { BaseConfig } from "./config.ts";
import type { Schedule } from "./schedule.ts";

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

/** What training has to know of a configuration. */
export type ItemConfig = Pick<BaseConfig, "inputShape">;

/** Anything that can be trained: a network of the zoo, or one of another package that keeps the same contract. */
export type Trainable = ModelDefinition<ItemConfig>;

/** Bins and their probabilities, which a model has learned with its networks. */
export interface Quantisation {
  /** The code is [positions, channels] of them; a channel's bins and probabilities are the same everywhere. */
  readonly channels: number;
  /** From the coarsest to the finest. */
  readonly qualities: number;
  /** Groups of channels that are worth a payload of their own, the first the most important; 1 where the order tells nothing. */
  readonly streams: number;
  /**
   * `symbol` [batch], integers as floats -> `mass` [batch, qualities, channels], the probability of each; and beside it
   * `offsets` [channels], the middles of the bins that are symbol 0, and `steps` [qualities, channels], widths of bins.
   */
  readonly program: Program;
}

/** A network of the zoo: configuration made into state, graphs and training phases. Knows no engine. */
export interface ModelDefinition<C extends ItemConfig = BaseConfig> {
  /** Its name in the zoo. */
  readonly kind: string;
  readonly config: C;
  /** Trained tensors and how they start. */
  readonly parameters: StateSpec;
  /** `x` [batch, features] -> the code, [batch, latent]: `mu` and `logVar` of a posterior, or `z`. */
  readonly encoder: Program;
  /**
   * `z` [batch, latent] -> `reconstruction` [batch, features], the likelihood's mean, and beside it, of the same shape,
   * what else the likelihood is made of: `logits` (Bernoulli), `logVar` (Gaussian whose variance is learned), `loc`
   * and `logScale` (discretised logistic). A conditional model's takes `label` (i32 [batch]) or `condition` [batch, size]
   * too. Features that a condition holds are reconstructed as it has them; the likelihood is not of them, and its outputs
   * are 0 there.
   */
  readonly decoder: Program;
  /** The inputs of a phase -> per-example metrics, each [batch]. */
  readonly evaluation: Program;
  /** `seed`, `step` [, `label` or `condition`] -> `z` [batch, latent] drawn from the prior; the run says how many. None where there is no prior. */
  readonly prior?: Program;
  /** `x`, `seed`, `step` [, `label`] -> `z` [batch, latent] drawn from the posterior q(z given x). */
  readonly posterior?: Program;
  /**
   * One draw of importance sampling: `x`, `seed`, `step`, `dataStep` [, `label`] -> `logWeight` [batch] =
   * log p(x, z) - log q(z given x) in nats with z drawn from q. Data that is itself drawn (dynamic binarisation) is drawn
   * with `dataStep` (i32 [2]), so that all draws of an item are for the same x. Of a model that is told a part of x the
   * weights are of what is left of it, given that part.
   */
  readonly importance?: Program;
  /** What the networks are told of an image, and `program`, which makes it: `x` -> `condition` [batch, size]. */
  readonly condition?: ImageCondition & { readonly program: Program };
  /** Of a model that is trained to have its code quantised: how. */
  readonly quantisation?: Quantisation;
  /** Numbers that change from step to step, by the names of the scalar inputs that the programs know them by. */
  readonly schedules?: Readonly<Record<string, Schedule>>;
  readonly phases: readonly Phase[];
}

/** A configuration as the JSON of a model file. */
export function configToJson(config: ItemConfig): JsonObject {
  return { ...config } as unknown as JsonObject;
}
