import { GraphBuilder, type Node, type Program } from "@isthmus/graph";
import { type BaseConfig, featureCount } from "./config.ts";
import type { Phase } from "./definition.ts";
import { likelihoodMean, likelihoodOutputs, type Observation, observation } from "./likelihood.ts";
import { decoderTrunk } from "./trunk.ts";

/** The input `x`, [batch, features]. */
function dataInput(build: GraphBuilder, config: BaseConfig): Node {
  return build.input("x", ["batch", featureCount(config)]);
}

/** Seed and step of the noise, which the caller feeds: the same pair gives the same noise. */
export function noiseInputs(build: GraphBuilder, step = "step"): { seed: Node; step: Node } {
  return { seed: build.input("seed", [2], "i32"), step: build.input(step, [2], "i32") };
}

/**
 * What the likelihood sees of the input `x`: itself, thresholded, or drawn as zeros and ones.
 *
 * @param step the input that a draw of the data goes by. Default: that of all noise
 */
export function observed(build: GraphBuilder, config: BaseConfig, step = "step"): Node {
  const x = dataInput(build, config);
  if (config.binarize === "none") return x;
  if (config.binarize === "threshold") return build.greater(x, build.scalar(0.5));
  return build.greater(x, build.randomUniform(x.shape, { ...noiseInputs(build, step), stream: "binarize" }));
}

/** What the encoder sees when nothing may be random: thresholding stays, a draw gives way to its mean, `x`. */
export function observedWithoutNoise(build: GraphBuilder, config: BaseConfig): Node {
  return config.binarize === "dynamic" ? dataInput(build, config) : observed(build, config);
}

/** p(x | z) for the code `z` [batch, latent]. */
export function decoded(build: GraphBuilder, z: Node, config: BaseConfig): Observation {
  const layer = decoderTrunk(build, z, config);
  return observation(build, layer("decoder.output"), config, layer);
}

/** ||x - mean||^2 per example, [batch]. */
export function squaredError(build: GraphBuilder, x: Node, p: Observation): Node {
  return build.sum(build.square(build.sub(x, likelihoodMean(build, p))), { axes: [-1] });
}

/** `z` -> `reconstruction`, and what else the likelihood is made of. */
export function decoderProgram(
  config: BaseConfig,
  decode: (build: GraphBuilder, z: Node) => Observation = (build, z) => decoded(build, z, config),
): Program {
  const build = new GraphBuilder();
  const p = decode(build, build.input("z", ["batch", config.latent]));
  return build.program({ outputs: { reconstruction: likelihoodMean(build, p), ...likelihoodOutputs(build, p) } });
}

/** A phase that trains every tensor its loss reads. */
export function wholePhase(name: string, loss: Program): Phase {
  const read = loss.nodes.filter(({ op }) => op === "state");
  return { name, loss, parameters: read.map(({ attributes }) => attributes["name"] as string) };
}
