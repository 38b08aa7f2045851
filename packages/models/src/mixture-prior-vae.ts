import type { GraphBuilder, Node } from "@isthmus/graph";
import { type BaseConfig, checkedConfig, type Given, type ModelKind } from "./config.ts";
import type { ModelDefinition } from "./definition.ts";
import { componentLogDensities, type GaussianMixture } from "./gaussian-mixture.ts";
import * as parts from "./parts.ts";
import { diagonalPosterior, type Posterior } from "./posterior.ts";
import { mixturePrior } from "./prior.ts";
import type { Schedule } from "./schedule.ts";
import { changing } from "./schedule-inputs.ts";
import { encoderTrunk } from "./trunk.ts";
import { variationalModel } from "./variational.ts";
import { klWeightField, weightedKlObjective } from "./weighted-kl.ts";

export interface MixturePriorVaeConfig extends BaseConfig {
  /** Gaussians of the prior. */
  readonly components: number;
  readonly klWeight: Schedule;
}

export const mixturePriorVaeKind: ModelKind = {
  kind: "mixture-prior-vae",
  summary: "VAE whose prior is a learned mixture of Gaussians: it clusters",
  defaults: { latent: 10 },
  fields: {
    components: {
      kind: "integer",
      default: 10,
      least: 1,
      most: 4096,
      what: "Gaussians of a mixture, or pseudo-inputs",
    },
    klWeight: klWeightField,
  },
};

/**
 * VAE with the prior sum_k share_k N(mu_k, diag(exp(logVar_k))), all of it learned (Jiang et al. 2017). Its KL is sampled.
 * The encoder puts out the code and `responsibilities` [batch, components], p(k | z) at the posterior's mean: the clusters.
 *
 * @throws TypeError or RangeError naming the field
 */
export function mixturePriorVae(given: Given<MixturePriorVaeConfig> = {}): ModelDefinition<MixturePriorVaeConfig> {
  const config = checkedConfig(mixturePriorVaeKind, given);
  const { latent, klWeight } = config;
  return variationalModel({
    kind: mixturePriorVaeKind.kind,
    config,
    codeSize: latent,
    schedules: changing({ klWeight }),
    posterior: (build, x) => clustered(build, diagonalPosterior(build, encoderTrunk(build, x, config), latent), config),
    prior: (build) => mixturePrior(build, learnedMixture(build, config)),
    decode: (build, z) => parts.decoded(build, z, config),
    objective: (build, seen) => weightedKlObjective(build, seen, klWeight),
  });
}

/** The means start apart, as far as codes of N(0, I) lie, so that each can come to own a part of them. */
function learnedMixture(build: GraphBuilder, { components, latent }: MixturePriorVaeConfig): GaussianMixture {
  const zeros = { kind: "zeros" } as const;
  return {
    mu: build.state("prior.mu", { shape: [components, latent], init: { kind: "uniform", limit: 1 } }),
    logVar: build.state("prior.logVar", { shape: [components, latent], init: zeros }),
    logShares: build.logSoftmax(build.state("prior.logits", { shape: [components], init: zeros })),
  };
}

function clustered(build: GraphBuilder, q: Posterior, config: MixturePriorVaeConfig): Posterior {
  const joint: Node = componentLogDensities(build, q.diagonal!.mu, learnedMixture(build, config));
  return { ...q, code: { ...q.code, responsibilities: build.softmax(joint) } };
}
