/** KLs between Gaussians of which one or both have a full covariance, in nats: [..., dimensions] -> [...]. */
import type { ArrayOps } from "../array-ops.ts";
import type { DiagonalNormal } from "../distributions/diagonal-normal.ts";
import type { MultivariateNormal } from "../distributions/multivariate-normal.ts";
import { times } from "../distributions/support.ts";
import { diagonal } from "../linalg.ts";
import type { MathOps } from "../math-ops.ts";
import { klNormalScales } from "./location-scale.ts";

/**
 * With L the Cholesky factor of p and M = S^-1 L, S = diag(sigma_q):
 * sum_i [(M_ii^2 - 1) / 2 - log M_ii] + sum_(i > j) M_ij^2 / 2 + |S^-1 (mu_p - mu_q)|^2 / 2.
 */
export function klFullDiagonal<T>(ops: ArrayOps<T>, p: MultivariateNormal<T>, q: DiagonalNormal<T>): T {
  const sigma = standardDeviation(ops, q);
  const distance = ops.div(ops.sub(p.loc, q.mu), sigma);
  const below = ops.div(ops.mul(p.scaleTril, strictlyLower(ops, p)), ops.expandDims(sigma, -1));
  return assemble(ops, diagonal(ops, p.scaleTril), sigma, halfSquares(ops, below), distance);
}

/** As {@link klFullDiagonal}, with M and the distance by forward substitution in q's Cholesky factor: where p is q, M is the identity. */
export function klFullFull<T>(ops: MathOps<T>, p: MultivariateNormal<T>, q: MultivariateNormal<T>): T {
  const below = ops.mul(ops.solveTriangular(q.scaleTril, p.scaleTril), strictlyLower(ops, p));
  return assemble(
    ops,
    diagonal(ops, p.scaleTril),
    diagonal(ops, q.scaleTril),
    halfSquares(ops, below),
    standardised(ops, p.loc, q),
  );
}

/** As {@link klFullFull}, where p's factor is diag(sigma_p). */
export function klDiagonalFull<T>(ops: MathOps<T>, p: DiagonalNormal<T>, q: MultivariateNormal<T>): T {
  const sigma = standardDeviation(ops, p);
  const scaleTril = ops.mul(ops.expandDims(sigma, -1), identity(ops, q));
  const below = ops.mul(ops.solveTriangular(q.scaleTril, scaleTril), strictlyLower(ops, q));
  return assemble(ops, sigma, diagonal(ops, q.scaleTril), halfSquares(ops, below), standardised(ops, p.mu, q));
}

/** `halfBelow` is [...]; the others are [..., dimensions]. */
function assemble<T>(ops: ArrayOps<T>, scalesP: T, scalesQ: T, halfBelow: T, distance: T): T {
  const scales = klNormalScales(ops, scalesP, scalesQ);
  const each = ops.add(scales, times(ops, 0.5, ops.square(distance)));
  return ops.add(ops.sum(each, { axes: [-1] }), halfBelow);
}

const halfSquares = <T>(ops: ArrayOps<T>, matrix: T): T =>
  times(ops, 0.5, ops.sum(ops.square(matrix), { axes: [-2, -1] }));

const standardDeviation = <T>(ops: ArrayOps<T>, { logVar }: DiagonalNormal<T>): T => ops.exp(times(ops, 0.5, logVar));

/** L_q^-1 (mu - mu_q) */
function standardised<T>(ops: MathOps<T>, mu: T, q: MultivariateNormal<T>): T {
  const column = ops.expandDims(ops.sub(mu, q.loc), -1);
  return ops.sum(ops.solveTriangular(q.scaleTril, column), { axes: [-1] });
}

const identity = <T>(ops: ArrayOps<T>, gaussian: MultivariateNormal<T>): T =>
  mask(ops, gaussian, (row, column) => row === column);

const strictlyLower = <T>(ops: ArrayOps<T>, gaussian: MultivariateNormal<T>): T =>
  mask(ops, gaussian, (row, column) => row > column);

/** 1 where `holds`, else 0. */
function mask<T>(
  ops: ArrayOps<T>,
  { scaleTril }: MultivariateNormal<T>,
  holds: (row: number, column: number) => boolean,
): T {
  const size = ops.shape(scaleTril).at(-1) as number;
  const values = Array.from({ length: size * size }, (_, i) => (holds(Math.floor(i / size), i % size) ? 1 : 0));
  return ops.constant([size, size], values);
}
