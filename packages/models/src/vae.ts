import { dense, GraphBuilder, type Node, type Program } from "@isthmus/graph";
import { type DiagonalGaussian, elbo, klDiagonalGaussian, reparameterise } from "@isthmus/math";
import { type BaseConfig, checkedConfig, type Given, type ModelKind } from "./config.ts";
import type { ModelDefinition } from "./definition.ts";
import { logLikelihood } from "./likelihood.ts";
import * as parts from "./parts.ts";
import { encoderTrunk } from "./trunk.ts";

export const vaeKind: ModelKind = {
  kind: "vae",
  summary: "variational autoencoder: diagonal Gaussian posterior, prior N(0, I), maximises the ELBO",
  defaults: {},
  fields: {},
};

/**
 * Variational autoencoder (Kingma, Welling 2014).
 *
 *     x -> encoder -> mu, logVar -> z = mu + exp(logVar / 2) eps -> decoder -> p(x | z)
 *
 * Posterior q(z | x) = N(mu, diag(exp(logVar))), prior p(z) = N(0, I). The loss is the negative ELBO in nats, summed
 * over features and averaged over the batch, with one drawn z per example.
 */
export function vae(given: Given = {}): ModelDefinition {
  const config = checkedConfig(vaeKind, given);
  const encoder = encoding(config);
  const decoder = parts.decoderProgram(config);
  return {
    kind: vaeKind.kind,
    config,
    parameters: { ...encoder.state, ...decoder.state },
    encoder,
    decoder,
    evaluation: evaluation(config),
    prior: prior(config),
    phases: [parts.wholePhase("elbo", loss(config))],
  };
}

function posterior(build: GraphBuilder, x: Node, config: BaseConfig): DiagonalGaussian<Node> {
  const h = encoderTrunk(build, x, config);
  return {
    mu: dense(build, h, { name: "encoder.mu", units: config.latent }),
    logVar: dense(build, h, { name: "encoder.logVar", units: config.latent }),
  };
}

function encoding(config: BaseConfig): Program {
  const build = new GraphBuilder();
  return build.program({ outputs: { ...posterior(build, parts.observedWithoutNoise(build, config), config) } });
}

function prior({ latent }: BaseConfig): Program {
  const build = new GraphBuilder();
  const z = build.randomNormal(["batch", latent], { ...parts.noiseInputs(build), stream: "sample" });
  return build.program({ outputs: { z } });
}

/** The terms of the ELBO, each [batch], with the decoder's output. */
function terms(
  build: GraphBuilder,
  config: BaseConfig,
): Record<"negElbo" | "reconstruction" | "kl" | "squaredError", Node> {
  const x = parts.observed(build, config);
  const q = posterior(build, x, config);
  const eps = build.randomNormal(q.mu.shape, { ...parts.noiseInputs(build), stream: "eps" });
  const p = parts.decoded(build, reparameterise(build, q, eps), config);
  const likelihood = logLikelihood(build, x, p);
  const kl = klDiagonalGaussian(build, q);
  return {
    negElbo: build.neg(elbo(build, { logLikelihood: likelihood, kl })),
    reconstruction: build.neg(likelihood),
    kl,
    squaredError: parts.squaredError(build, x, p),
  };
}

function loss(config: BaseConfig): Program {
  const build = new GraphBuilder();
  const { negElbo, reconstruction, kl } = terms(build, config);
  const outputs = { loss: build.mean(negElbo), reconstruction: build.mean(reconstruction), kl: build.mean(kl) };
  return build.program({ outputs });
}

function evaluation(config: BaseConfig): Program {
  const build = new GraphBuilder();
  return build.program({ outputs: terms(build, config) });
}
