import type { ArrayOps } from "../array-ops.ts";
import { requireOperands } from "../arguments.ts";
import { formatShape } from "../nd-array.ts";
import { FINITE, requireBatch, requireRank, requireValues } from "./parameters.ts";
import { LOG_2_PI } from "../gaussian.ts";
import { diagonal, matvec } from "../linalg.ts";
import type { Formulas } from "./formulas.ts";
import { stretched } from "./broadcast.ts";
import { plus, times } from "./support.ts";

/** A Gaussian with covariance L L^T over its last axis, given by the Cholesky factor L. */
export interface MultivariateNormal<T> {
  readonly family: "multivariateNormal";
  /** [..., dimensions] */
  readonly loc: T;
  /** L, lower triangular with a positive diagonal, [..., dimensions, dimensions]. */
  readonly scaleTril: T;
}

/** @throws TypeError, RangeError naming the parameter that is no array, of the wrong shape, not finite, not lower triangular or without a positive diagonal. */
export function multivariateNormal<T>(
  ops: ArrayOps<T>,
  { loc, scaleTril }: Omit<MultivariateNormal<T>, "family">,
): MultivariateNormal<T> {
  requireOperands({ "multivariateNormal.loc": loc, "multivariateNormal.scaleTril": scaleTril });
  requireRank(ops, "multivariateNormal.loc", loc, 1);
  requireRank(ops, "multivariateNormal.scaleTril", scaleTril, 2);
  requireValues(ops, "multivariateNormal.loc", loc, FINITE);
  requireValues(ops, "multivariateNormal.scaleTril", scaleTril, FINITE);
  requireBatch(ops, "multivariateNormal.scaleTril", scaleTril, 2, ops.shape(loc).slice(0, -1));
  requireTriangular(ops, "multivariateNormal.scaleTril", scaleTril, ops.shape(loc).at(-1)!);
  return { family: "multivariateNormal", loc, scaleTril };
}

function requireTriangular<T>(ops: ArrayOps<T>, name: string, x: T, size: number | "batch"): void {
  const shape = ops.shape(x);
  if (shape.at(-1) !== size || shape.at(-2) !== size || typeof size !== "number") {
    throw new RangeError(`"${name}" expected shape [..., ${size}, ${size}] to match "loc", got ${formatShape(shape)}`);
  }
  const values = ops.values?.(x);
  if (values === undefined) return;
  for (let at = 0; at < values.length; at++) {
    const [row, column] = [Math.floor(at / size) % size, at % size];
    if (column > row ? values[at] !== 0 : column === row && !(values[at]! > 0)) {
      const words = column > row ? "zeros above the diagonal" : "a positive diagonal";
      throw new RangeError(`"${name}" expected ${words}, got ${values[at]} at row ${row}, column ${column}`);
    }
  }
}

/** No inverse and no factorisation is taken, only a triangular system solved. */
export const multivariateNormalFormulas: Formulas<"multivariateNormal"> = {
  eventRanks: { loc: 1, scaleTril: 2 },
  /** -(d log 2 pi + |y|^2) / 2 - sum log L_ii with L y = x - loc */
  logProb: (ops, { loc, scaleTril }, x) => {
    const difference = ops.expandDims(ops.sub(x, loc), -1);
    const y = ops.sum(ops.solveTriangular(scaleTril, difference), { axes: [-1] });
    const half = times(ops, 0.5, plus(ops, ops.square(y), LOG_2_PI));
    return ops.neg(ops.sum(ops.add(half, ops.log(diagonal(ops, scaleTril))), { axes: [-1] }));
  },
  /** sum ((log 2 pi + 1) / 2 + log L_ii) */
  entropy: (ops, { loc, scaleTril }) => {
    const terms = plus(ops, ops.log(diagonal(ops, scaleTril)), (LOG_2_PI + 1) / 2);
    return ops.sum(stretched(ops, terms, loc), { axes: [-1] });
  },
  mean: (ops, { loc, scaleTril }) => stretched(ops, loc, diagonal(ops, scaleTril)),
  /** The diagonal of L L^T. */
  variance: (ops, { loc, scaleTril }) => stretched(ops, ops.sum(ops.square(scaleTril), { axes: [-1] }), loc),
  noise: "normal",
  /** loc + L eps */
  reparameterised: (ops, { loc, scaleTril }, eps) => {
    return ops.add(loc, matvec(ops, scaleTril, eps));
  },
};
