import { dense, type GraphBuilder, type Node } from "@isthmus/graph";
import { labelCondition } from "./condition.ts";
import { type BaseConfig, checkedConfig, type Given, type ModelKind } from "./config.ts";
import type { ModelDefinition } from "./definition.ts";
import { downscaledCondition, type Half, halfCondition, type ImageConditionParts } from "./image-condition.ts";
import * as parts from "./parts.ts";
import { diagonalPosterior } from "./posterior.ts";
import { gaussianPrior, type Prior, standardPrior } from "./prior.ts";
import { denseLayers, encoderTrunk } from "./trunk.ts";
import { variationalModel } from "./variational.ts";

export interface ConditionalVaeConfig extends BaseConfig {
  /** What is known: the item's label, a half of the image, or the image in means over blocks of pixels. */
  readonly condition: "label" | Half | "downscaled";
  /** Labels are 0 .. classes - 1. */
  readonly classes: number;
  /** Rows and columns of the blocks of a downscaled image. */
  readonly downscaling: number;
  /** p(z | condition): N(0, I) for all, or a Gaussian with diagonal covariance that is learned. */
  readonly prior: "standard" | "learned";
}

export const conditionalVaeKind: ModelKind = {
  kind: "conditional-vae",
  summary: "VAE that is told the label, a half of the image, or the image made smaller",
  defaults: {},
  fields: {
    condition: {
      kind: "choice",
      default: "label",
      choices: ["label", "left", "right", "top", "bottom", "downscaled"],
      what: "what is known: the label, that half of the image, or the image made smaller",
    },
    classes: { kind: "integer", default: 10, least: 1, most: 65_536, what: "labels are 0 up to this" },
    downscaling: {
      kind: "integer",
      default: 2,
      least: 2,
      most: 64,
      what: "rows and columns of pixels that become one",
    },
    prior: {
      kind: "choice",
      default: "standard",
      choices: ["standard", "learned"],
      what: "p(z|condition): N(0, I), or a learned Gaussian",
    },
  },
};

/**
 * Conditional VAE (Sohn, Lee, Yan 2015): log p(x | condition), with the condition beside z in the decoder. A draw of the
 * prior decoded with a condition is an example that goes with it.
 *
 * - A label stands one-hot beside x in the encoder; behind convolutions it joins at the last hidden layer.
 * - Of an image whose half is known, the likelihood and the ELBO are of the other half, and so is the decoder; its
 *   `reconstruction` is the whole image. The encoder sees the whole image.
 * - Of an image that is known in means over `downscaling` by `downscaling` pixels, they are of all its pixels.
 *
 * A learned prior is linear in a label, which gives every label a Gaussian of its own. For an image it has the encoder's
 * dense hidden layers: it foretells what the encoder will say of an image of which it sees a part.
 *
 * @throws TypeError or RangeError naming the field
 */
export function conditionalVae(given: Given<ConditionalVaeConfig> = {}): ModelDefinition<ConditionalVaeConfig> {
  const config = checkedConfig(conditionalVaeKind, given);
  return config.condition === "label" ? toldLabel(config) : toldImage(config, imageCondition(config));
}

/** What the likelihood of a model with this configuration is of, in words, where an image's part is known; else undefined. */
export function scoredPart(config: object): string | undefined {
  const { condition, downscaling } = config as Partial<ConditionalVaeConfig>;
  if (condition === undefined || condition === "label") return undefined;
  if (condition === "downscaled") return `all pixels given their means over ${downscaling}x${downscaling}`;
  return `the ${opposite[condition]} half given the ${condition} one`;
}

const opposite: Readonly<Record<Half, Half>> = { left: "right", right: "left", top: "bottom", bottom: "top" };

function toldLabel(config: ConditionalVaeConfig): ModelDefinition<ConditionalVaeConfig> {
  return variationalModel({
    kind: conditionalVaeKind.kind,
    config,
    codeSize: config.latent,
    condition: labelCondition(config.classes),
    posterior: (build, x, label) => diagonalPosterior(build, hidden(build, x, label!, config), config.latent),
    prior: (build, label) => prior(build, config, () => label!),
    decode: (build, z, label) => parts.decoded(build, build.concat([z, label!], -1), config),
  });
}

function hidden(build: GraphBuilder, x: Node, label: Node, config: ConditionalVaeConfig): Node {
  const isImage = config.trunk.kind === "conv";
  if (isImage) return build.concat([encoderTrunk(build, x, config), label], -1);
  return encoderTrunk(build, build.concat([x, label], -1), config);
}

function toldImage(config: ConditionalVaeConfig, told: ImageConditionParts): ModelDefinition<ConditionalVaeConfig> {
  const { latent, trunk } = config;
  const ofRest = { ...config, inputShape: told.restShape };
  return variationalModel({
    kind: conditionalVaeKind.kind,
    config,
    codeSize: latent,
    condition: told,
    posterior: (build, x) => diagonalPosterior(build, encoderTrunk(build, x, config), latent),
    prior: (build, condition) =>
      prior(build, config, () => denseLayers(build, condition!, "prior", trunk.hidden, trunk.activation)),
    decode: (build, z, condition) => parts.decoded(build, build.concat([z, condition!], -1), ofRest),
  });
}

function imageCondition({ condition, inputShape, downscaling }: ConditionalVaeConfig): ImageConditionParts {
  const shape = `[${inputShape.join(", ")}]`;
  if (inputShape.length !== 3) {
    throw new RangeError(
      `"inputShape" expected [height, width, channels] for the condition ${condition}, got ${shape}`,
    );
  }
  if (condition === "downscaled") {
    const [height, width] = inputShape as readonly [number, number, number];
    if (height % downscaling === 0 && width % downscaling === 0) return downscaledCondition(inputShape, downscaling);
    throw new RangeError(`"downscaling" expected a divisor of height and width of ${shape}, got ${downscaling}`);
  }
  const length = inputShape[condition === "left" || condition === "right" ? 1 : 0]!;
  if (length >= 2) return halfCondition(inputShape, condition as Half);
  throw new RangeError(`"inputShape" expected two rows or columns to take the ${condition} half of, got ${shape}`);
}

/** Learned, it is made by dense layers from `hidden`. */
function prior(build: GraphBuilder, { prior: kind, latent }: ConditionalVaeConfig, hidden: () => Node): Prior {
  if (kind === "standard") return standardPrior(build, latent);
  const h = hidden();
  return gaussianPrior(build, {
    mu: dense(build, h, { name: "prior.mu", units: latent }),
    logVar: dense(build, h, { name: "prior.logVar", units: latent }),
  });
}
