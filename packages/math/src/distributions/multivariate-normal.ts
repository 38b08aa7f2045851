import type { ArrayOps } from "../array-ops.ts";
import { requireOperands } from "../arguments.ts";
import { formatShape } from "../nd-array.ts";
import { FINITE, requireRank, requireValues } from "./parameters.ts";

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
