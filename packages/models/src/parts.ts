import { dense, type GraphBuilder, type Node, type Program } from "@isthmus/graph";
import { type ArrayOps, bernoulliLogProbFromLogits, gaussianLogProb } from "@isthmus/math";
import { type DenseConfig, featureCount, type Phase } from "./definition.ts";

/** The input `x`, [batch, features]. */
export function dataInput(build: GraphBuilder, config: DenseConfig): Node {
  return build.input("x", ["batch", featureCount(config)]);
}

/** Seed and step of the noise, which the caller feeds: the same pair gives the same noise. */
export function noiseInputs(build: GraphBuilder): { seed: Node; step: Node } {
  return { seed: build.input("seed", [2], "i32"), step: build.input("step", [2], "i32") };
}

/** What the likelihood sees of `x`: itself, thresholded, or drawn as zeros and ones. */
export function observed(build: GraphBuilder, x: Node, { binarize }: DenseConfig): Node {
  if (binarize === "none") return x;
  if (binarize === "threshold") return build.greater(x, build.scalar(0.5));
  return build.greater(x, build.randomUniform(x.shape, { ...noiseInputs(build), stream: "binarize" }));
}

/** What the encoder sees when nothing may be random: thresholding stays, a draw gives way to its mean, `x`. */
export function observedWithoutNoise(build: GraphBuilder, x: Node, config: DenseConfig): Node {
  return config.binarize === "dynamic" ? x : observed(build, x, config);
}

/** The hidden layers `<side>.dense0`, `<side>.dense1`, ... */
export function hiddenLayers(build: GraphBuilder, x: Node, side: string, sizes: readonly number[]): Node {
  return sizes.reduce(
    (h, units, index) => dense(build, h, { name: `${side}.dense${index}`, units, activation: "relu" }),
    x,
  );
}

/** The decoder up to the likelihood's parameter: logits for Bernoulli, the mean for Gaussian. [batch, features] */
export function decoderOutput(build: GraphBuilder, z: Node, config: DenseConfig): Node {
  const h = hiddenLayers(build, z, "decoder", config.hidden.toReversed());
  return dense(build, h, { name: "decoder.output", units: featureCount(config) });
}

/** The likelihood's mean, in the units of the data. */
function likelihoodMean<T>(ops: ArrayOps<T>, output: T, { likelihood }: DenseConfig): T {
  return likelihood === "bernoulli" ? ops.sigmoid(output) : output;
}

/** log p(x | z) per example, in nats, [batch]. */
export function logLikelihood<T>(ops: ArrayOps<T>, x: T, output: T, config: DenseConfig): T {
  return config.likelihood === "bernoulli"
    ? bernoulliLogProbFromLogits(ops, x, output)
    : gaussianLogProb(ops, x, { mu: output, variance: config.variance });
}

/** ||x - mean||^2 per example, [batch]. */
export function squaredError<T>(ops: ArrayOps<T>, x: T, output: T, config: DenseConfig): T {
  return ops.sum(ops.square(ops.sub(x, likelihoodMean(ops, output, config))), { axes: [-1] });
}

/** `z` -> `reconstruction`, and `logits` where there are any. */
export function decoderProgram(build: GraphBuilder, config: DenseConfig): Program {
  const output = decoderOutput(build, build.input("z", ["batch", config.latent]), config);
  return config.likelihood === "bernoulli"
    ? build.program({ outputs: { reconstruction: build.sigmoid(output, "reconstruction"), logits: output } })
    : build.program({ outputs: { reconstruction: output } });
}

/** A phase that trains every tensor its loss reads. */
export function wholePhase(name: string, loss: Program): Phase {
  const read = loss.nodes.filter(({ op }) => op === "state");
  return { name, loss, parameters: read.map(({ attributes }) => attributes["name"] as string) };
}
