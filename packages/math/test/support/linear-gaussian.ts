/** z ~ N(0, I), x | z ~ N(W z + b, variance I), whose evidence and posterior the fixture knows. */
import {
  fromNested,
  gaussianLogProb,
  ndArray,
  ndArrayOps as ops,
  randomNormal,
  reparameterise,
  sampledElbo,
} from "../../src/index.ts";
import type { DiagonalGaussian, LogDensityValue, NdArray, Nested } from "../../src/index.ts";

export interface LinearGaussian {
  readonly w: readonly (readonly number[])[];
  readonly b: readonly number[];
  readonly variance: number;
}

export const standard: DiagonalGaussian<NdArray> = { mu: ops.scalar(0), logVar: ops.scalar(0) };

export function normals(shape: readonly number[], stream: string, seed = 1): NdArray {
  const out = new Float32Array(shape.reduce((product, dim) => product * dim, 1));
  randomNormal(out, { seed, stream });
  return ndArray(shape, Float64Array.from(out));
}

/** log p(x | z) of z [draws, latent]. */
export function logLikelihood(model: LinearGaussian, x: readonly number[], z: NdArray): NdArray {
  const mu = ops.add(ops.matmul(z, array(model.w), { transposeB: true }), array(model.b));
  return gaussianLogProb(ops, array(x), { mu, variance: model.variance });
}

/** log w of z = mu + sigma eps, eps [draws, latent]. */
export function logWeights(
  model: LinearGaussian,
  x: readonly number[],
  q: DiagonalGaussian<NdArray>,
  eps: NdArray,
): NdArray {
  const z = reparameterise(ops, q, eps);
  return sampledElbo(ops, {
    logLikelihood: logLikelihood(model, x, z),
    logPrior: gaussianLogProb(ops, z, standard),
    logPosterior: gaussianLogProb(ops, z, q),
  });
}

/** A log-density that is known at once. */
export type Density = (z: NdArray) => LogDensityValue;

export const prior: Density = (z) => ({ value: gaussianLogProb(ops, z, standard), gradient: ops.neg(z) });

/** log p(x, z) and its gradient in z, W^T (x - W z - b) / variance - z. */
export function joint(model: LinearGaussian, x: readonly number[]): Density {
  return (z) => {
    const mu = ops.add(ops.matmul(z, array(model.w), { transposeB: true }), array(model.b));
    const pull = ops.matmul(ops.sub(array(x), mu), array(model.w));
    return {
      value: ops.add(logLikelihood(model, x, z), gaussianLogProb(ops, z, standard)),
      gradient: ops.sub(ops.div(pull, ops.scalar(model.variance)), z),
    };
  };
}

const array = (nested: unknown): NdArray => fromNested(nested as Nested);

/** Mean, and standard error of the mean. */
export function meanOf(values: ArrayLike<number>): { mean: number; error: number } {
  const mean = Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
  const squares = Array.from(values).reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, error: Math.sqrt(squares / (values.length - 1) / values.length) };
}
