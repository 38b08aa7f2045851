import type { GraphBuilder, Node } from "@isthmus/graph";
import { type BaseConfig, checkedConfig, featureCount, type Given, type ModelKind } from "./config.ts";
import type { ModelDefinition } from "./definition.ts";
import * as parts from "./parts.ts";
import { diagonalPosterior, type Posterior } from "./posterior.ts";
import { mixturePrior, type Prior } from "./prior.ts";
import type { Schedule } from "./schedule.ts";
import { changing } from "./schedule-inputs.ts";
import { encoderTrunk } from "./trunk.ts";
import { variationalModel } from "./variational.ts";
import { klWeightField, weightedKlObjective } from "./weighted-kl.ts";

export interface VampPriorVaeConfig extends BaseConfig {
  /** Pseudo-inputs, K. */
  readonly components: number;
  readonly klWeight: Schedule;
}

export const vampPriorVaeKind: ModelKind = {
  kind: "vamp-prior-vae",
  summary: "VAE whose prior is the encoder's posterior at learned pseudo-inputs",
  defaults: {},
  fields: {
    components: {
      kind: "integer",
      default: 50,
      least: 1,
      most: 4096,
      what: "Gaussians of a mixture, or pseudo-inputs",
    },
    klWeight: klWeightField,
  },
};

/**
 * VAE with the variational mixture of posteriors as prior (Tomczak, Welling 2018): p(z) = (1 / K) sum_k q(z | u_k), with
 * pseudo-inputs u_k that are learned with the rest. The KL is sampled.
 *
 * @throws TypeError or RangeError naming the field
 */
export function vampPriorVae(given: Given<VampPriorVaeConfig> = {}): ModelDefinition<VampPriorVaeConfig> {
  const config = checkedConfig(vampPriorVaeKind, given);
  const { latent, klWeight } = config;
  const posterior = (build: GraphBuilder, x: Node): Posterior =>
    diagonalPosterior(build, encoderTrunk(build, x, config), latent);
  return variationalModel({
    kind: vampPriorVaeKind.kind,
    config,
    codeSize: latent,
    schedules: changing({ klWeight }),
    posterior,
    prior: (build) => vampPrior(build, posterior(build, pseudoInputs(build, config)), config),
    decode: (build, z) => parts.decoded(build, z, config),
    objective: (build, seen) => weightedKlObjective(build, seen, klWeight),
  });
}

function vampPrior(build: GraphBuilder, { diagonal }: Posterior, { components }: VampPriorVaeConfig): Prior {
  const equal = build.constant([components], Array<number>(components).fill(0));
  return mixturePrior(build, { ...diagonal!, logShares: build.logSoftmax(equal) });
}

/** [components, features]: between 0 and 1 where the likelihood is about such values, else free. */
function pseudoInputs(build: GraphBuilder, config: VampPriorVaeConfig): Node {
  const shape = [config.components, featureCount(config)];
  const u = build.state("prior.pseudoInputs", { shape, init: { kind: "uniform", limit: 1 } });
  return config.likelihood.kind === "gaussian" ? u : build.sigmoid(u);
}
