import type { GraphBuilder, Node } from "@isthmus/graph";
import { type DiagonalGaussian, gaussianLogProb, reparameterise } from "@isthmus/math";
import { drawnOneHot, type GaussianMixture, mixtureLogDensity } from "./gaussian-mixture.ts";
import { diagonalKl, type Divergence, type Noise, type Posterior, standardLogDensity } from "./posterior.ts";

/** p(z), or p(z | label). */
export interface Prior {
  /** log p(z), nats, [batch]. */
  logDensity(z: Node): Node;
  /** KL(q || p) where it has a closed form. */
  kl(q: Posterior): Divergence | undefined;
  /** One draw per example. */
  draw(noise: Noise): Node;
}

/** N(0, I). */
export function standardPrior(build: GraphBuilder, latent: number): Prior {
  return {
    logDensity: (z) => standardLogDensity(build, z),
    kl: (q) => q.klToSimplest?.(),
    draw: (noise) => build.randomNormal(["batch", latent], noise("sample")),
  };
}

/** N(mu, diag(exp(logVar))), [batch, latent]. */
export function gaussianPrior(build: GraphBuilder, p: DiagonalGaussian<Node>): Prior {
  return {
    logDensity: (z) => gaussianLogProb(build, z, p),
    kl: ({ diagonal }) => diagonal && diagonalKl(build, diagonal, p),
    draw: (noise) => reparameterise(build, p, build.randomNormal(p.mu.shape, noise("sample"))),
  };
}

/** A mixture of Gaussians: parameters [components, latent], `logShares` [components]. Its KL is sampled. */
export function mixturePrior(build: GraphBuilder, p: GaussianMixture): Prior {
  const [components, latent] = p.mu.shape;
  return {
    logDensity: (z) => mixtureLogDensity(build, z, p),
    kl: () => undefined,
    draw: (noise) => {
      const eps = build.randomNormal(["batch", latent!], noise("sample"));
      const logits = build.broadcastTo(p.logShares, ["batch", components!]);
      const chosen = drawnOneHot(build, logits, noise("component"));
      const own = { mu: build.matmul(chosen, p.mu), logVar: build.matmul(chosen, p.logVar) };
      return reparameterise(build, own, eps);
    },
  };
}
