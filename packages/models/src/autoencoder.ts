import { dense, GraphBuilder, type Node, type Program } from "@isthmus/graph";
import { type BaseConfig, checkedConfig, type Given, type ModelKind } from "./config.ts";
import type { ModelDefinition } from "./definition.ts";
import { logLikelihood } from "./likelihood.ts";
import * as parts from "./parts.ts";
import { encoderTrunk } from "./trunk.ts";

export const autoencoderKind: ModelKind = {
  kind: "ae",
  summary: "autoencoder with a linear code, minimises -log p(x given z)",
  defaults: {},
  fields: {},
};

/**
 * Deterministic autoencoder with a linear code.
 *
 *     x -> encoder -> z -> decoder -> p(x | z)
 *
 * The loss is -log p(x | z) in nats, summed over features and averaged over the batch: binary cross-entropy for the
 * Bernoulli likelihood, squared error up to scale and constant for the Gaussian one. It bounds nothing and is no ELBO.
 */
export function autoencoder(given: Given = {}): ModelDefinition {
  const config = checkedConfig(autoencoderKind, given);
  const encoder = encoding(config);
  const decoder = parts.decoderProgram(config);
  return {
    kind: autoencoderKind.kind,
    config,
    parameters: { ...encoder.state, ...decoder.state },
    encoder,
    decoder,
    evaluation: evaluation(config),
    phases: [parts.wholePhase("reconstruction", loss(config))],
  };
}

function code(build: GraphBuilder, x: Node, config: BaseConfig): Node {
  return dense(build, encoderTrunk(build, x, config), { name: "encoder.z", units: config.latent });
}

function encoding(config: BaseConfig): Program {
  const build = new GraphBuilder();
  return build.program({ outputs: { z: code(build, parts.observedWithoutNoise(build, config), config) } });
}

/** Each [batch]. */
function terms(build: GraphBuilder, config: BaseConfig): Record<"reconstruction" | "squaredError", Node> {
  const x = parts.observed(build, config);
  const p = parts.decoded(build, code(build, x, config), config);
  return {
    reconstruction: build.neg(logLikelihood(build, x, p)),
    squaredError: parts.squaredError(build, x, p),
  };
}

function loss(config: BaseConfig): Program {
  const build = new GraphBuilder();
  return build.program({ outputs: { loss: build.mean(terms(build, config).reconstruction) } });
}

function evaluation(config: BaseConfig): Program {
  const build = new GraphBuilder();
  return build.program({ outputs: terms(build, config) });
}
