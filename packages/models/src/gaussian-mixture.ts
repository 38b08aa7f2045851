import type { GraphBuilder, Node, NoiseSource } from "@isthmus/graph";
import { type DiagonalGaussian, gaussianLogProb, logSumExp } from "@isthmus/math";

/** sum_k share_k N(mu_k, diag(exp(logVar_k))): parameters [..., components, latent], `logShares` [..., components]. */
export interface GaussianMixture extends DiagonalGaussian<Node> {
  readonly logShares: Node;
}

/** log share_k N(z; mu_k, diag(exp(logVar_k))) of each component, nats: z [batch, latent] -> [batch, components]. */
export function componentLogDensities(build: GraphBuilder, z: Node, { logShares, mu, logVar }: GaussianMixture): Node {
  return build.add(logShares, gaussianLogProb(build, build.expandDims(z, 1), { mu, logVar }));
}

/** log sum_k share_k N(z; mu_k, diag(exp(logVar_k))), nats: z [batch, latent] -> [batch]. */
export function mixtureLogDensity(build: GraphBuilder, z: Node, mixture: GaussianMixture): Node {
  return logSumExp(build, componentLogDensities(build, z, mixture), { axes: [-1] });
}

/** Gumbel noise, -log(-log u). */
export function gumbelNoise(build: GraphBuilder, shape: Node["shape"], source: NoiseSource): Node {
  return build.neg(build.log(build.neg(build.log(build.randomUniform(shape, source)))));
}

/** 1 at the largest element along the last axis, else 0. */
export function oneHotOfLargest(build: GraphBuilder, x: Node): Node {
  return build.equal(x, build.max(x, { axes: [-1], keepDims: true }));
}

/** One-hot rows drawn with probabilities softmax(logits): where logits and Gumbel noise together are largest. */
export function drawnOneHot(build: GraphBuilder, logits: Node, source: NoiseSource): Node {
  return oneHotOfLargest(build, build.add(logits, gumbelNoise(build, logits.shape, source)));
}
