import { dense, type GraphBuilder, type Node } from "@isthmus/graph";
import { type BaseConfig, checkedConfig, type Given, type ModelKind } from "./config.ts";
import type { ModelDefinition } from "./definition.ts";
import { drawnOneHot, gumbelNoise, oneHotOfLargest } from "./gaussian-mixture.ts";
import * as parts from "./parts.ts";
import type { Draw, Noise, Posterior } from "./posterior.ts";
import type { Prior } from "./prior.ts";
import type { Schedule } from "./schedule.ts";
import { changing, scheduled } from "./schedule-inputs.ts";
import { encoderTrunk } from "./trunk.ts";
import { variationalModel } from "./variational.ts";

export interface CategoricalVaeConfig extends BaseConfig {
  /** Values that each latent variable may take. */
  readonly categories: number;
  /** Of the relaxed draws that training takes. */
  readonly temperature: Schedule;
}

export const categoricalVaeKind: ModelKind = {
  kind: "categorical-vae",
  summary: "VAE with categorical latents, trained through Gumbel-softmax",
  defaults: { trunk: { kind: "dense", hidden: [256] }, latent: 20 },
  fields: {
    categories: { kind: "integer", default: 10, least: 2, most: 4096, what: "values of each latent variable" },
    temperature: {
      kind: "schedule",
      // Down to where the relaxation is near the categorical and its gradient does not yet drown in noise (Jang et al. 2017).
      default: { kind: "decay", from: 1, to: 0.5, factor: 0.9, epochs: 1 },
      least: 0,
      open: true,
      what: "of the relaxed draws of training",
    },
  },
};

/**
 * VAE with `latent` independent variables of `categories` values each (Jang, Gu, Poole 2017; Maddison, Mnih, Teh 2017):
 *
 *     z = softmax((logits + Gumbel noise) / temperature)
 *
 * in training, where the loss, with the KL of the categoricals to equal probabilities, bounds nothing; it has a gradient.
 * Metrics, codes, draws of the prior and importance weights are those of the discrete model: z is one-hot.
 *
 * @throws TypeError or RangeError naming the field
 */
export function categoricalVae(given: Given<CategoricalVaeConfig> = {}): ModelDefinition<CategoricalVaeConfig> {
  const config = checkedConfig(categoricalVaeKind, given);
  const { latent, categories, temperature } = config;
  return variationalModel({
    kind: categoricalVaeKind.kind,
    config,
    codeSize: latent * categories,
    schedules: changing({ temperature }),
    posterior: (build, x) => posterior(build, logitsOf(build, x, config), config),
    prior: (build) => uniformPrior(build, config),
    decode: (build, z) => parts.decoded(build, z, config),
  });
}

/** [batch, latent, categories] */
function logitsOf(build: GraphBuilder, x: Node, config: CategoricalVaeConfig): Node {
  const { latent, categories } = config;
  const flat = dense(build, encoderTrunk(build, x, config), { name: "encoder.logits", units: latent * categories });
  return build.reshape(flat, ["batch", latent, categories]);
}

function posterior(build: GraphBuilder, logits: Node, config: CategoricalVaeConfig): Posterior {
  const logShares = build.logSoftmax(logits);
  const draw = (noise: Noise): Draw => {
    const z = drawnOneHot(build, logits, noise("gumbel"));
    return { z: flattened(build, z, config), logPosterior: build.sum(build.mul(z, logShares), { axes: [1, 2] }) };
  };
  return {
    code: { z: flattened(build, build.softmax(logits), config) },
    draw,
    draws: (noise) => [draw(noise)],
    trainingDraws: (noise) => [relaxed(build, logits, noise, config)],
    klToSimplest: () => {
      const ratio = build.add(logShares, logCategories(build, config));
      const perLatent = build.sum(build.mul(build.softmax(logits), ratio), { axes: [2] });
      return { total: build.sum(perLatent, { axes: [1] }), perLatent };
    },
  };
}

function relaxed(build: GraphBuilder, logits: Node, noise: Noise, config: CategoricalVaeConfig): Draw {
  const perturbed = build.add(logits, gumbelNoise(build, logits.shape, noise("gumbel")));
  const z = build.softmax(build.div(perturbed, scheduled(build, "temperature", config.temperature)));
  const logPosterior = build.sum(build.mul(z, build.logSoftmax(logits)), { axes: [1, 2] });
  return { z: flattened(build, z, config), logPosterior };
}

/** Every value of every variable equally likely. */
function uniformPrior(build: GraphBuilder, config: CategoricalVaeConfig): Prior {
  return {
    // z holds a one for each variable.
    logDensity: (z) => build.neg(build.mul(build.sum(z, { axes: [-1] }), logCategories(build, config))),
    kl: (q) => q.klToSimplest?.(),
    draw: (noise) => {
      const { latent, categories } = config;
      const z = oneHotOfLargest(build, build.randomUniform(["batch", latent, categories], noise("sample")));
      return flattened(build, z, config);
    },
  };
}

/** By the graph, not by JavaScript, whose logarithms engines may round differently. */
function logCategories(build: GraphBuilder, { categories }: CategoricalVaeConfig): Node {
  return build.log(build.scalar(categories));
}

function flattened(build: GraphBuilder, z: Node, { latent, categories }: CategoricalVaeConfig): Node {
  return build.reshape(z, ["batch", latent * categories]);
}
