import { dense, type GraphBuilder, type Node, type NoiseSource } from "@isthmus/graph";
import { type DiagonalGaussian, gaussianLogProb, klDiagonalGaussian, reparameterise } from "@isthmus/math";

/** Noise of a graph by the name of its stream. */
export type Noise = (stream: string) => NoiseSource;

/** A drawn code. */
export interface Draw {
  /** [batch, size of the code] */
  readonly z: Node;
  /** log q(z | x), nats, [batch]. */
  readonly logPosterior: Node;
  /** Its share of the expectation, [batch]; all of it where there is none. */
  readonly share?: Node;
}

/** KL(q(z | x) || p(z)), nats. */
export interface Divergence {
  /** [batch] */
  readonly total: Node;
  /** Of each latent, where they are independent, [batch, latent]. */
  readonly perLatent?: Node;
}

/** q(z | x): what an ELBO needs of it. */
export interface Posterior {
  /** What the encoder puts out of it. */
  readonly code: Readonly<Record<string, Node>>;
  /** One draw of q. */
  draw(noise: Noise): Draw;
  /** Draws that an ELBO is made of: one, or several with their shares of it. */
  draws(noise: Noise): readonly Draw[];
  /** What training takes in their place where they cannot be differentiated. */
  trainingDraws?(noise: Noise): readonly Draw[];
  /** Its KL to the prior of the simplest kind, where that has a closed form: N(0, I), or equal probabilities. */
  klToSimplest?(): Divergence;
  /** Where q is a Gaussian with diagonal covariance, [batch, latent]. */
  readonly diagonal?: DiagonalGaussian<Node>;
}

/** N(mu, diag(exp(logVar))), each made by a dense layer from the encoder's last hidden layer `h`. */
export function diagonalPosterior(build: GraphBuilder, h: Node, latent: number): Posterior {
  return gaussianPosterior(build, {
    mu: dense(build, h, { name: "encoder.mu", units: latent }),
    logVar: dense(build, h, { name: "encoder.logVar", units: latent }),
  });
}

/** N(mu, diag(exp(logVar))), [batch, latent]. */
export function gaussianPosterior(build: GraphBuilder, q: DiagonalGaussian<Node>): Posterior {
  const draw = (noise: Noise): Draw => {
    const eps = build.randomNormal(q.mu.shape, noise("eps"));
    const logVolume = build.mul(build.scalar(0.5), build.sum(q.logVar, { axes: [-1] }));
    return { z: reparameterise(build, q, eps), logPosterior: transformedLogDensity(build, eps, logVolume) };
  };
  return {
    code: { mu: q.mu, logVar: q.logVar },
    draw,
    draws: (noise) => [draw(noise)],
    klToSimplest: () => diagonalKl(build, q),
    diagonal: q,
  };
}

/** KL between Gaussians with diagonal covariance; `p` is N(0, I) when left out. */
export function diagonalKl(build: GraphBuilder, q: DiagonalGaussian<Node>, p?: DiagonalGaussian<Node>): Divergence {
  return {
    total: klDiagonalGaussian(build, q, p),
    perLatent: klDiagonalGaussian(build, q, p, { axes: [] }),
  };
}

/** log N(z; 0, I), nats, [batch]. */
export function standardLogDensity(build: GraphBuilder, z: Node): Node {
  return gaussianLogProb(build, z, { mu: build.scalar(0), variance: 1 });
}

/**
 * log q(z | x) of a z that was made from `eps` by a map that stretches volumes by exp(logVolume): log N(eps; 0, I) -
 * logVolume. Exact where (z - mu) / sigma would have cancelled digits.
 */
export function transformedLogDensity(build: GraphBuilder, eps: Node, logVolume: Node): Node {
  return build.sub(standardLogDensity(build, eps), logVolume);
}
