import type { GraphBuilder, Node } from "@isthmus/graph";
import { capacityObjective, freeBitsKl, zerosLike } from "@isthmus/math";
import { type BaseConfig, checkedConfig, type Given, type ModelKind } from "./config.ts";
import type { ModelDefinition } from "./definition.ts";
import * as parts from "./parts.ts";
import { diagonalPosterior } from "./posterior.ts";
import { standardPrior } from "./prior.ts";
import type { Schedule } from "./schedule.ts";
import { changing, scheduled } from "./schedule-inputs.ts";
import { encoderTrunk } from "./trunk.ts";
import { meanParts, type Terms, variationalModel } from "./variational.ts";
import { klWeightField } from "./weighted-kl.ts";

export interface BetaVaeConfig extends BaseConfig {
  /** What the KL is multiplied by; with a capacity, what its distance from it is. */
  readonly klWeight: Schedule;
  /** The KL to be held, nats. */
  readonly capacity: Schedule;
  /** What each latent may tell at no cost, nats. */
  readonly freeBits: number;
  /** Whether -log p(x | z) is part of the loss; without it the KL alone is minimised, and the decoder stays as it is. */
  readonly reconstruction: boolean;
}

export const betaVaeKind: ModelKind = {
  kind: "beta-vae",
  summary: "VAE with a weighted KL: beta, warm-up, cycles, capacity, free bits",
  defaults: {},
  fields: {
    // The smallest weight that the paper's comparisons single out, and one of which the figures on MNIST are known.
    klWeight: { ...klWeightField, default: 4 },
    capacity: { kind: "schedule", default: 0, least: 0, what: "nats that the KL is held at, instead of at 0" },
    freeBits: { kind: "number", default: 0, least: 0, most: 1e6, what: "nats that each latent may tell at no cost" },
    reconstruction: { kind: "flag", default: true, what: "off: the KL alone is minimised, with no -log p(x|z)" },
  },
};

/**
 * VAE whose KL is weighted: beta-VAE (Higgins et al. 2017), with a schedule KL annealing or cycles (Bowman et al. 2016; Fu
 * et al. 2019), with a capacity C the objective of Burgess et al. (2018), with free bits that of Kingma et al. (2016):
 *
 *     loss = -log p(x | z) + klWeight |KL - C|        or, with free bits,  + klWeight sum_j max(freeBits, mean KL_j)
 *
 * Without `reconstruction` the first term is left out, with a klWeight of 0 the second. The loss bounds log p(x) only where klWeight is at least 1, C and free bits are 0, and nothing is left out; metrics are those of the ELBO, whatever
 * the loss.
 *
 * @throws TypeError or RangeError naming the field
 */
export function betaVae(given: Given<BetaVaeConfig> = {}): ModelDefinition<BetaVaeConfig> {
  const config = checkedConfig(betaVaeKind, given);
  const { latent, klWeight, capacity, freeBits, reconstruction } = config;
  if (freeBits > 0 && capacity !== 0) {
    throw new RangeError(`"freeBits" expected 0 beside a capacity, which sets the KL another aim, got ${freeBits}`);
  }
  if (!reconstruction && klWeight === 0) {
    throw new RangeError(`"reconstruction" expected true beside a klWeight of 0, or nothing is minimised, got false`);
  }
  return variationalModel({
    kind: betaVaeKind.kind,
    config,
    codeSize: latent,
    schedules: changing({ klWeight, capacity }),
    posterior: (build, x) => diagonalPosterior(build, encoderTrunk(build, x, config), latent),
    prior: (build) => standardPrior(build, latent),
    decode: (build, z) => parts.decoded(build, z, config),
    objective: (build, { terms: termsOf }) => {
      const terms = termsOf();
      return { loss: loss(build, terms, config), ...meanParts(build, terms) };
    },
  });
}

function loss(build: GraphBuilder, terms: Terms, config: BetaVaeConfig): Node {
  const { klWeight, capacity, freeBits } = config;
  const gamma = scheduled(build, "klWeight", klWeight);
  const { kl, klPerLatent } = terms;
  const reconstruction = config.reconstruction ? terms.reconstruction : zerosLike(build, kl);
  if (freeBits > 0) {
    const price = build.mul(gamma, freeBitsKl(build, klPerLatent!, freeBits));
    return build.add(build.mean(reconstruction), price);
  }
  // The KL is never negative: held at 0 it is itself.
  if (capacity === 0) return build.mean(build.add(reconstruction, build.mul(gamma, kl)));
  const held = scheduled(build, "capacity", capacity);
  const logLikelihood = build.neg(reconstruction);
  return build.neg(build.mean(capacityObjective(build, { logLikelihood, kl, capacity: held, gamma })));
}
