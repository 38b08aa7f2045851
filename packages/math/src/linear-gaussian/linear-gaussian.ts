import { requireOperands } from "../arguments.ts";
import { LOG_2_PI } from "../gaussian.ts";
import { logDetFromCholesky } from "../linalg.ts";
import type { MathOps } from "../math-ops.ts";
import type { MultivariateNormal } from "../distributions/index.ts";

/**
 * z ~ N(0, I), x | z ~ N(W z + mean, diag(variance)), whose log p(x) is known exactly: probabilistic PCA when `variance` is
 * one number for all features (Tipping and Bishop 1999), factor analysis when each has its own.
 */
export interface LinearGaussian<T> {
  /** W, [features, latent]. */
  readonly weights: T;
  /** [features] */
  readonly mean: T;
  /** Of the noise, not its standard deviation, positive: [] or [features]. */
  readonly variance: T;
}

/**
 * log p(x) = log N(x; mean, W W^T + diag(variance)), in nats with its full constant, [examples, features] -> [examples]:
 * what any posterior's ELBO for this decoder stays below. Factorises a latent x latent matrix only (Woodbury), and sums
 * squares, none of which cancel: with the posterior's mean m and M = I + W^T diag(variance)^-1 W
 *
 *     -2 log p = sum_d (log 2 pi variance_d + (x - mean - W m)_d^2 / variance_d) + |m|^2 + log det M
 *
 * @throws TypeError, RangeError naming the parameter that is no array, of the wrong shape or, where known, not positive.
 */
export function linearGaussianLogLikelihood<T>(ops: MathOps<T>, x: T, model: LinearGaussian<T>): T {
  const { weights, mean, variance } = requireModel(ops, x, model);
  const { scaled, factor } = precisionOf(ops, model);
  const deviation = ops.sub(x, mean);
  const half = ops.solveTriangular(factor, ops.matmul(scaled, deviation, { transposeA: true, transposeB: true }));
  const m = ops.solveTriangular(factor, half, { transpose: true }); // [latent, examples]
  const rest = ops.sub(deviation, ops.matmul(m, weights, { transposeA: true, transposeB: true }));
  const terms = ops.add(ops.div(ops.square(rest), variance), ops.add(ops.log(variance), ops.scalar(LOG_2_PI)));
  const distances = ops.add(ops.sum(terms, { axes: [-1] }), ops.sum(ops.square(m), { axes: [0] }));
  return ops.mul(ops.scalar(-0.5), ops.add(distances, logDetFromCholesky(ops, factor)));
}

/**
 * The posterior p(z | x) = N(M^-1 W^T diag(variance)^-1 (x - mean), M^-1): `loc` [examples, latent], and one `scaleTril`
 * [latent, latent] for all examples, since the covariance does not depend on x.
 *
 * @throws TypeError, RangeError as {@link linearGaussianLogLikelihood}.
 */
export function linearGaussianPosterior<T>(ops: MathOps<T>, x: T, model: LinearGaussian<T>): MultivariateNormal<T> {
  const { mean } = requireModel(ops, x, model);
  const { scaled, factor } = precisionOf(ops, model);
  const root = ops.solveTriangular(factor, identity(ops, model.weights)); // L^-1
  const covariance = ops.matmul(root, root, { transposeA: true });
  const loc = ops.matmul(ops.matmul(ops.sub(x, mean), scaled), covariance);
  return { family: "multivariateNormal", loc, scaleTril: ops.cholesky(covariance) };
}

/** W over the variance, and L with L L^T = M. */
function precisionOf<T>(ops: MathOps<T>, { weights, variance }: LinearGaussian<T>): { scaled: T; factor: T } {
  const scaled = ops.div(weights, ops.expandDims(variance, -1));
  const precision = ops.matmul(weights, scaled, { transposeA: true });
  return { scaled, factor: ops.cholesky(ops.add(precision, identity(ops, weights))) };
}

/** Of as many rows as there are latents. */
function identity<T>(ops: MathOps<T>, weights: T): T {
  const n = ops.shape(weights)[1] as number;
  return ops.constant(
    [n, n],
    Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0)),
  );
}

function requireModel<T>(ops: MathOps<T>, x: T, model: LinearGaussian<T>): LinearGaussian<T> {
  const { weights, mean, variance } = model ?? ({} as LinearGaussian<T>);
  requireOperands({ x, weights, mean, variance });
  const [features, latent, ...more] = ops.shape(weights);
  if (typeof features !== "number" || typeof latent !== "number" || latent < 1 || more.length > 0) {
    throw new RangeError(`"weights" expected shape [features, latent], got [${ops.shape(weights).join(", ")}]`);
  }
  requireShapeOf(ops, "mean", mean, [[features]]);
  requireShapeOf(ops, "variance", variance, [[], [features]]);
  const examples = ops.shape(x)[0] ?? 0;
  requireShapeOf(ops, "x", x, [[examples, features]]);
  const values = ops.values?.(variance) ?? [];
  for (let i = 0; i < values.length; i++) {
    if (values[i]! > 0 && values[i]! < Infinity) continue;
    throw new RangeError(`"variance" expected positive finite numbers, got ${values[i]}`);
  }
  return model;
}

function requireShapeOf<T>(
  ops: MathOps<T>,
  name: string,
  x: T,
  allowed: readonly (readonly (number | "batch")[])[],
): void {
  const shape = ops.shape(x).join(", ");
  const texts = allowed.map((one) => one.join(", "));
  if (!texts.includes(shape)) {
    throw new RangeError(`"${name}" expected shape ${texts.map((text) => `[${text}]`).join(" or ")}, got [${shape}]`);
  }
}
