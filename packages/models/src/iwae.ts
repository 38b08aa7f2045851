import { type GraphBuilder, type Node, vjp } from "@isthmus/graph";
import { gaussianLogProb, importanceWeightedBound, normalisedWeights, stopParameterGradients } from "@isthmus/math";
import { type BaseConfig, checkedConfig, type Given, type ModelKind } from "./config.ts";
import type { ModelDefinition } from "./definition.ts";
import * as parts from "./parts.ts";
import { diagonalPosterior, type Draw } from "./posterior.ts";
import { standardPrior } from "./prior.ts";
import { encoderTrunk } from "./trunk.ts";
import { logWeight, type Seen, variationalModel, type VariationalParts } from "./variational.ts";

export interface IwaeConfig extends BaseConfig {
  /** Draws of each example, k. */
  readonly samples: number;
  /** How the encoder's gradient is estimated: by differentiating the bound, or doubly reparameterised. */
  readonly estimator: "iwae" | "dreg";
}

type Model = VariationalParts<IwaeConfig>;

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
  const model: Model = {
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
        ? { loss: meanNegBound(build, logWeights(build, model, seen, drawsOf(seen, config.samples))) }
        : { loss: doublyReparameterised(build, model, seen) },
    metrics: (build, seen) => ({
      negBound: build.neg(
        importanceWeightedBound(build, logWeights(build, model, seen, drawsOf(seen, config.samples))),
      ),
    }),
  });
}

/** k draws. */
function drawsOf({ q, noise }: Seen, samples: number): Draw[] {
  return Array.from({ length: samples }, (_, k) => q.draw((stream) => noise(`${stream}.${k}`)));
}

/** log w of each draw, [batch, k]. */
function logWeights(build: GraphBuilder, model: Model, seen: Seen, draws: readonly Draw[]): Node {
  return build.concat(
    draws.map((draw) => build.expandDims(logWeight(build, model, seen, draw), -1)),
    -1,
  );
}

function meanNegBound(build: GraphBuilder, weights: Node): Node {
  return build.neg(build.mean(importanceWeightedBound(build, weights)));
}

/**
 * The mean negative bound, whose gradient in the encoder's parameters is `doublyReparameterisedSurrogate`'s of
 * `@isthmus/math`. With the parameters of q constant inside log w, that gradient flows through z alone, where it is v_i
 * times the bound's: it is written as the slope of a term that is 0.
 */
function doublyReparameterised(build: GraphBuilder, model: Model, seen: Seen): Node {
  const q = stopParameterGradients(build, { ...seen.q.diagonal! });
  const made = drawsOf(seen, model.config.samples).map(({ z }) => ({ z, held: build.stopGradient(z) }));
  const draws = made.map(({ held: z }) => ({ z, logPosterior: gaussianLogProb(build, z, q) }));
  const weights = logWeights(build, model, seen, draws);
  const bound = meanNegBound(build, weights);
  const v = normalisedWeights(build, weights);
  const slopes = vjp(
    build,
    [bound],
    made.map(({ held }) => held),
    [build.scalar(1)],
  );
  return made.reduce((loss, { z, held }, i) => {
    const slope = build.stopGradient(build.mul(build.slice(v, { axis: 1, begin: i, end: i + 1 }), slopes[i]!));
    return build.add(loss, build.sum(build.mul(slope, build.sub(z, held))));
  }, bound);
}
