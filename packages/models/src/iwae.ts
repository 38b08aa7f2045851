import { type GraphBuilder, type Node, vjp } from "@isthmus/graph";
import {
  gaussianLogProb,
  importanceWeightedBound,
  normalisedWeights,
  stopParameterGradients,
} from "@isthmus/math";
import { type BaseConfig, checkedConfig, type Given, type ModelKind } from "./config.ts";
import type { ModelDefinition } from "./definition.ts";
import * as parts from "./parts.ts";
import { diagonalPosterior, type Draw, type Posterior } from "./posterior.ts";
import { standardPrior } from "./prior.ts";
import { encoderTrunk } from "./trunk.ts";
import { logWeight, type Seen, variationalModel, type VariationalParts } from "./variational.ts";

export interface IwaeConfig extends BaseConfig {
  /** Draws of each example, k. */
  readonly samples: number;
  /** How the encoder's gradient is estimated: by differentiating the bound, or doubly reparameterised. */
  readonly estimator: "iwae" | "dreg";
}

export const iwaeKind: ModelKind = {
  kind: "iwae",
  summary: "importance-weighted autoencoder: a tighter bound from several draws",
  // The network of the paper's one-layer experiments.
  defaults: { trunk: { kind: "dense", hidden: [200, 200], activation: "tanh" }, latent: 50 },
  fields: {
    samples: { kind: "integer", default: 5, least: 1, most: 1000, what: "draws of each example" },
    estimator: {
      kind: "choice",
      default: "iwae",
      choices: ["iwae", "dreg"],
      what: "the encoder's gradient: of the bound, or doubly reparameterised",
    },
  },
};

/**
 * Importance-weighted autoencoder (Burda, Grosse, Salakhutdinov 2016):
 *
 *     log p(x) >= E log (1 / k) sum_i p(x, z_i) / q(z_i | x)
 *
 * The loss is the negative bound in nats. With `dreg` the decoder's gradient is the bound's and the encoder's that of Tucker et al.
 * (2019), whose signal does not drown in noise as k grows. Metrics are the ELBO's, of one draw, and `negBound`, of k.
 *
 * @throws TypeError or RangeError naming the field
 */
export function iwae(given: Given<IwaeConfig> = {}): ModelDefinition<IwaeConfig> {
  const config = checkedConfig(iwaeKind, given);
  const model: VariationalParts<IwaeConfig> = {
    kind: iwaeKind.kind,
    config,
    codeSize: config.latent,
    posterior: (build, x) => diagonalPosterior(build, encoderTrunk(build, x, config), config.latent),
    prior: (build) => standardPrior(build, config.latent),
    decode: (build, z) => parts.decoded(build, z, config),
  };
  return variationalModel({
    ...model,
    objective: (build, seen) =>
      config.estimator === "iwae"
        ? { loss: negBound(build, model, seen, drawsOf(seen, config.samples)) }
        : { loss: doublyReparameterised(build, model, seen) },
    metrics: (build, seen) => ({
      negBound: build.neg(importanceWeightedBound(build, logWeights(build, model, seen, drawsOf(seen, config.samples)))),
    }),
  });
}

/** k draws, the first with the noise of an ELBO's only draw. */
function drawsOf({ q, noise }: Seen, samples: number): Draw[] {
  return Array.from({ length: samples }, (_, k) => q.draw((stream) => noise(k === 0 ? stream : `${stream}.${k}`)));
}
