import { dense, type GraphBuilder, type Node } from "@isthmus/graph";
import { klDiagonalGaussian } from "@isthmus/math";
import { type Draw, type Noise, type Posterior, transformedLogDensity } from "./posterior.ts";

/**
 * N(mu, L L^T) with any covariance, from the encoder's last hidden layer `h`: L is lower triangular, its diagonal exp(l)
 * and what is below it free.
 *
 *     z = mu + L eps
 *     KL(q || N(0, I)) = (|mu|^2 + |L|^2 - latent) / 2 - sum l
 *
 * @param latent at least 2
 */
export function fullCovariancePosterior(build: GraphBuilder, h: Node, latent: number): Posterior {
  const pairs = pairsBelow(latent);
  const mu = dense(build, h, { name: "encoder.mu", units: latent });
  const l = dense(build, h, { name: "encoder.logDiagonal", units: latent });
  const below = dense(build, h, { name: "encoder.below", units: pairs.length });
  // Element n of `below` is L[i, j], with [i, j] the n-th pair: it takes eps_j and adds to z_i.
  const [rows, columns] = [0, 1].map((side) =>
    selection(
      build,
      latent,
      pairs.map((pair) => pair[side]!),
    ),
  );
  const intoRows = (x: Node): Node => build.matmul(x, rows!, { transposeB: true });
  const draw = (noise: Noise): Draw => {
    const eps = build.randomNormal(mu.shape, noise("eps"));
    const mixed = intoRows(build.mul(build.matmul(eps, columns!), below));
    const z = build.add(build.add(mu, build.mul(build.exp(l), eps)), mixed);
    return { z, logPosterior: transformedLogDensity(build, eps, build.sum(l, { axes: [-1] })) };
  };
  const logSquare = build.mul(build.scalar(2), l);
  const squares = build.square(below);
  const variance = build.add(build.exp(logSquare), intoRows(squares));
  const mixing = build.mul(build.scalar(0.5), build.sum(squares, { axes: [-1] }));
  return {
    code: { mu, logVar: build.log(variance) },
    draw,
    draws: (noise) => [draw(noise)],
    klToSimplest: () => ({ total: build.add(klDiagonalGaussian(build, { mu, logVar: logSquare }), mixing) }),
  };
}

/** Row and column of each element below the diagonal. */
function pairsBelow(size: number): [number, number][] {
  return Array.from({ length: size }, (_, i) => i).flatMap((i) =>
    Array.from({ length: i }, (_, j): [number, number] => [i, j]),
  );
}

/** [size, n]: column n is the unit vector number `indices[n]`. */
function selection(build: GraphBuilder, size: number, indices: readonly number[]): Node {
  const values = Array.from({ length: size }, (_, row) => indices.map((index) => (index === row ? 1 : 0))).flat();
  return build.constant([size, indices.length], values);
}
