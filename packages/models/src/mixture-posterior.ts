import { dense, type GraphBuilder, type Node } from "@isthmus/graph";
import { type DiagonalGaussian, reparameterise } from "@isthmus/math";
import { drawnOneHot, mixtureLogDensity } from "./gaussian-mixture.ts";
import type { Draw, Noise, Posterior } from "./posterior.ts";

/**
 * sum_k share_k(x) N(mu_k(x), diag(exp(logVar_k(x)))), from the encoder's last hidden layer `h`. Its KL has no closed
 * form and is sampled.
 *
 * An ELBO takes a draw of each component and weighs it with the component's share: which component is chosen has no
 * derivative, but the share has (Morningstar et al. 2021, stratified sampling).
 */
export function mixturePosterior(build: GraphBuilder, h: Node, latent: number, components: number): Posterior {
  const logits = dense(build, h, { name: "encoder.component", units: components });
  const shares = build.softmax(logits);
  const parameter = (name: string): Node =>
    build.reshape(dense(build, h, { name: `encoder.${name}`, units: components * latent }), [
      "batch",
      components,
      latent,
    ]);
  const q = { mu: parameter("mu"), logVar: parameter("logVar") };
  const drawFrom = (part: DiagonalGaussian<Node>, noise: Noise, stream: string): Draw => {
    const z = reparameterise(build, part, build.randomNormal(part.mu.shape, noise(stream)));
    return { z, logPosterior: mixtureLogDensity(build, z, { ...q, logShares: build.logSoftmax(logits) }) };
  };
  const drawOf = (k: number, noise: Noise): Draw => {
    const part = (x: Node): Node => build.slice(x, { axis: 1, begin: k, end: k + 1 });
    const own = (x: Node): Node => build.reshape(part(x), ["batch", latent]);
    const share = build.reshape(part(shares), ["batch"]);
    return { ...drawFrom({ mu: own(q.mu), logVar: own(q.logVar) }, noise, `eps.${k}`), share };
  };
  return {
    code: moments(build, q, shares),
    draw: (noise) => {
      const chosen = build.expandDims(drawnOneHot(build, logits, noise("component")), -1);
      const own = (x: Node): Node => build.sum(build.mul(chosen, x), { axes: [1] });
      return drawFrom({ mu: own(q.mu), logVar: own(q.logVar) }, noise, "eps");
    },
    draws: (noise) => Array.from({ length: components }, (_, k) => drawOf(k, noise)),
  };
}

/** Mean and log variance of each latent: the variance is that within components and that between their means. */
function moments(build: GraphBuilder, q: DiagonalGaussian<Node>, shares: Node): Record<"mu" | "logVar", Node> {
  const weights = build.expandDims(shares, -1);
  const expected = (x: Node, keepDims = false): Node => build.sum(build.mul(weights, x), { axes: [1], keepDims });
  const between = build.square(build.sub(q.mu, expected(q.mu, true)));
  return { mu: expected(q.mu), logVar: build.log(expected(build.add(build.exp(q.logVar), between))) };
}
