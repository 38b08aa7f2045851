import { dense, type GraphBuilder, type Node } from "@isthmus/graph";
import { type BaseConfig, checkedConfig, type Given, type ModelKind } from "./config.ts";
import type { ModelDefinition } from "./definition.ts";
import * as parts from "./parts.ts";
import { diagonalPosterior } from "./posterior.ts";
import { gaussianPrior, type Prior, standardPrior } from "./prior.ts";
import { encoderTrunk } from "./trunk.ts";
import { variationalModel } from "./variational.ts";

export interface ConditionalVaeConfig extends BaseConfig {
  /** Labels are 0 .. classes - 1. */
  readonly classes: number;
  /** p(z | label): N(0, I) for every label, or a Gaussian with diagonal covariance of its own for each. */
  readonly prior: "standard" | "learned";
}

export const conditionalVaeKind: ModelKind = {
  kind: "conditional-vae",
  summary: "VAE that is told the label, in encoder and decoder",
  defaults: {},
  fields: {
    classes: { kind: "integer", default: 10, least: 1, most: 65_536, what: "labels are 0 up to this" },
    prior: {
      kind: "choice",
      default: "standard",
      choices: ["standard", "learned"],
      what: "p(z|label): N(0, I), or a Gaussian learned for each label",
    },
  },
};

/**
 * Conditional VAE (Sohn, Lee, Yan 2015): log p(x | label), with the label, one-hot, beside x in the encoder and beside z in
 * the decoder. A draw of the prior decoded with a label is an example of it.
 *
 * Behind convolutions the label joins the encoder at its last hidden layer.
 *
 * @throws TypeError or RangeError naming the field
 */
export function conditionalVae(given: Given<ConditionalVaeConfig> = {}): ModelDefinition<ConditionalVaeConfig> {
  const config = checkedConfig(conditionalVaeKind, given);
  return variationalModel({
    kind: conditionalVaeKind.kind,
    config,
    codeSize: config.latent,
    classes: config.classes,
    posterior: (build, x, label) => diagonalPosterior(build, hidden(build, x, label!, config), config.latent),
    prior: (build, label) => prior(build, label!, config),
    decode: (build, z, label) => parts.decoded(build, build.concat([z, label!], -1), config),
  });
}

function hidden(build: GraphBuilder, x: Node, label: Node, config: ConditionalVaeConfig): Node {
  const isImage = config.trunk.kind === "conv";
  if (isImage) return build.concat([encoderTrunk(build, x, config), label], -1);
  return encoderTrunk(build, build.concat([x, label], -1), config);
}

function prior(build: GraphBuilder, label: Node, { prior: kind, latent }: ConditionalVaeConfig): Prior {
  if (kind === "standard") return standardPrior(build, latent);
  return gaussianPrior(build, {
    mu: dense(build, label, { name: "prior.mu", units: latent }),
    logVar: dense(build, label, { name: "prior.logVar", units: latent }),
  });
}
