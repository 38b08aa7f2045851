import { dense, GraphBuilder, type Node, type Program } from "@isthmus/graph";
import { elbo, klDiagonalGaussian, reparameterise } from "@isthmus/math";
import { type DenseConfig, denseConfig, type ModelDefinition } from "./definition.ts";
import * as parts from "./parts.ts";

/**
 * Variational autoencoder with dense layers (Kingma, Welling 2014).
 *
 *     x -> encoder -> mu, logVar -> z = mu + exp(logVar / 2) eps -> decoder -> p(x | z)
 *
 * Posterior q(z | x) = N(mu, diag(exp(logVar))), prior p(z) = N(0, I). The loss is the negative ELBO in nats, summed
 * over features and averaged over the batch, with one drawn z per example.
 */
export function denseVae(given: Partial<DenseConfig> = {}): ModelDefinition {
  const config = denseConfig(given);
  const phase = { name: "elbo", program: training(config) };
  const { encoder, parameters } = encoding(config);
  const decoder = parts.decoderProgram(new GraphBuilder(), config);
  return {
    kind: "vae",
    config,
    parameters: { ...parameters, ...decoder.state },
    encoder,
    decoder,
    evaluation: evaluation(config),
    phases: [phase],
  };
}

function posterior(build: GraphBuilder, x: Node, { hidden, latent }: DenseConfig): { mu: Node; logVar: Node } {
  const h = parts.hiddenLayers(build, x, "encoder", hidden);
  return {
    mu: dense(build, h, { name: "encoder.mu", units: latent }),
    logVar: dense(build, h, { name: "encoder.logVar", units: latent }),
  };
}

function encoding(config: DenseConfig): { encoder: Program; parameters: Program["state"] } {
  const build = new GraphBuilder();
  const x = parts.observedWithoutNoise(build, parts.dataInput(build, config), config);
  const encoder = build.program({ outputs: { ...posterior(build, x, config) } });
  return { encoder, parameters: encoder.state };
}

/** The terms of the ELBO, each [batch], with the decoder's output. */
function terms(
  build: GraphBuilder,
  config: DenseConfig,
): Record<"negElbo" | "reconstruction" | "kl" | "squaredError", Node> {
  const x = parts.observed(build, parts.dataInput(build, config), config);
  const q = posterior(build, x, config);
  const eps = build.randomNormal(q.mu.shape, { ...parts.noiseInputs(build), stream: "eps" });
  const output = parts.decoderOutput(build, reparameterise(build, q, eps), config);
  const logLikelihood = parts.logLikelihood(build, x, output, config);
  const kl = klDiagonalGaussian(build, q);
  return {
    negElbo: build.neg(elbo(build, { logLikelihood, kl })),
    reconstruction: build.neg(logLikelihood),
    kl,
    squaredError: parts.squaredError(build, x, output, config),
  };
}

function training(config: DenseConfig): Program {
  const build = new GraphBuilder();
  const { negElbo, reconstruction, kl } = terms(build, config);
  return parts.trainingProgram(build, {
    loss: build.mean(negElbo),
    reconstruction: build.mean(reconstruction),
    kl: build.mean(kl),
  });
}

function evaluation(config: DenseConfig): Program {
  const build = new GraphBuilder();
  return build.program({ outputs: terms(build, config) });
}
