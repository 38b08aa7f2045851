import { dense, GraphBuilder, type Node, type Program } from "@isthmus/graph";
import { type DenseConfig, denseConfig, type ModelDefinition } from "./definition.ts";
import * as parts from "./parts.ts";

/**
 * Deterministic autoencoder with dense layers and a linear code.
 *
 *     x -> encoder -> z -> decoder -> p(x | z)
 *
 * The loss is -log p(x | z) in nats, summed over features and averaged over the batch: binary cross-entropy for the
 * Bernoulli likelihood, squared error up to scale and constant for the Gaussian one. It bounds nothing and is no ELBO.
 */
export function denseAutoencoder(given: Partial<DenseConfig> = {}): ModelDefinition {
  const config = denseConfig(given);
  const encoder = encoding(config);
  const decoder = parts.decoderProgram(new GraphBuilder(), config);
  return {
    kind: "ae",
    config,
    parameters: { ...encoder.state, ...decoder.state },
    encoder,
    decoder,
    evaluation: evaluation(config),
    phases: [parts.wholePhase("reconstruction", loss(config))],
  };
}

function code(build: GraphBuilder, x: Node, { hidden, latent }: DenseConfig): Node {
  return dense(build, parts.hiddenLayers(build, x, "encoder", hidden), { name: "encoder.z", units: latent });
}

function encoding(config: DenseConfig): Program {
  const build = new GraphBuilder();
  const x = parts.observedWithoutNoise(build, parts.dataInput(build, config), config);
  return build.program({ outputs: { z: code(build, x, config) } });
}

/** Each [batch]. */
function terms(build: GraphBuilder, config: DenseConfig): Record<"reconstruction" | "squaredError", Node> {
  const x = parts.observed(build, parts.dataInput(build, config), config);
  const output = parts.decoderOutput(build, code(build, x, config), config);
  return {
    reconstruction: build.neg(parts.logLikelihood(build, x, output, config)),
    squaredError: parts.squaredError(build, x, output, config),
  };
}

function loss(config: DenseConfig): Program {
  const build = new GraphBuilder();
  return build.program({ outputs: { loss: build.mean(terms(build, config).reconstruction) } });
}

function evaluation(config: DenseConfig): Program {
  const build = new GraphBuilder();
  return build.program({ outputs: terms(build, config) });
}
