/** Formulas of linear algebra over core operations: matrices on the last two axes, leading axes broadcast. */
import type { ArrayOps } from "./array-ops.ts";
import { requireOperands } from "./arguments.ts";
import type { SolveOptions } from "./linalg-ops.ts";

/**
 * The diagonal of square matrices, [..., n, n] -> [..., n].
 *
 * @throws TypeError naming the argument when it is not an array; RangeError when its matrices are not square.
 */
export function diagonal<T>(ops: ArrayOps<T>, x: T): T {
  requireOperands({ x });
  const n = squareSize(ops, "x", x);
  const identity = Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));
  return ops.sum(ops.select(ops.constant([n, n], identity), x, ops.scalar(0)), { axes: [-1] });
}

/**
 * log det A of A = L L^T from its Cholesky factor: twice the sum of the logarithms of L's diagonal, [..., n, n] -> [...].
 *
 * @throws as {@link diagonal}.
 */
export function logDetFromCholesky<T>(ops: ArrayOps<T>, l: T): T {
  return ops.mul(ops.scalar(2), ops.sum(ops.log(diagonal(ops, l)), { axes: [-1] }));
}

/**
 * Matrices times vectors, [..., m, n] and [..., n] -> [..., m].
 *
 * @throws TypeError naming the argument when one is not an array; RangeError when shapes do not fit.
 */
export function matvec<T>(ops: ArrayOps<T>, matrix: T, vector: T): T {
  requireOperands({ matrix, vector });
  return ops.sum(ops.mul(matrix, ops.expandDims(vector, -2)), { axes: [-1] });
}

/** `solveTriangular` written out row by row, for engines that have no kernel of their own; meant for some tens of rows. */
export function composedSolveTriangular<T>(ops: ArrayOps<T>, l: T, b: T, { transpose = false }: SolveOptions = {}): T {
  requireOperands({ l, b });
  const n = squareSize(ops, "l", l);
  let known: T | undefined;
  for (let step = 0; step < n; step++) {
    const i = transpose ? n - 1 - step : step;
    const row = ops.slice(b, { axis: -2, begin: i, end: i + 1 });
    const left = known === undefined ? row : ops.sub(row, carried(ops, l, known, i, transpose));
    const x = ops.div(left, block(ops, l, [i, i + 1], [i, i + 1]));
    if (known === undefined) known = x;
    else known = ops.concat(transpose ? [x, known] : [known, x], -2);
  }
  return known as T;
}

/** What the rows that are known contribute to row i, [..., 1, k]. */
function carried<T>(ops: ArrayOps<T>, l: T, known: T, i: number, transpose: boolean): T {
  const n = ops.shape(l).at(-1) as number;
  const weights = transpose ? block(ops, l, [i + 1, n], [i, i + 1]) : asColumn(ops, block(ops, l, [i, i + 1], [0, i]));
  return ops.sum(ops.mul(weights, known), { axes: [-2], keepDims: true });
}

/** [..., 1, n] as [..., n, 1]. */
const asColumn = <T>(ops: ArrayOps<T>, row: T): T => ops.expandDims(ops.sum(row, { axes: [-2] }), -1);

function block<T>(ops: ArrayOps<T>, x: T, rows: readonly [number, number], columns: readonly [number, number]): T {
  const some = ops.slice(x, { axis: -2, begin: rows[0], end: rows[1] });
  return ops.slice(some, { axis: -1, begin: columns[0], end: columns[1] });
}

/** `cholesky` written out column by column; NaN where `a` is not positive definite. */
export function composedCholesky<T>(ops: ArrayOps<T>, a: T): T {
  requireOperands({ a });
  const n = squareSize(ops, "a", a);
  let l: T | undefined;
  for (let j = 0; j < n; j++) {
    const column = ops.slice(a, { axis: -1, begin: j, end: j + 1 });
    const left = l === undefined ? column : ops.sub(column, outer(ops, l, j));
    const pivot = ops.sqrt(ops.slice(left, { axis: -2, begin: j, end: j + 1 }));
    const isBelow = ops.constant(
      [n, 1],
      Array.from({ length: n }, (_, i) => (i >= j ? 1 : 0)),
    );
    const next = ops.select(isBelow, ops.div(left, pivot), ops.scalar(0));
    l = l === undefined ? next : ops.concat([l, next], -1);
  }
  return l as T;
}

/** Column j of L L^T from the columns of L so far, [..., n, 1]. */
function outer<T>(ops: ArrayOps<T>, l: T, j: number): T {
  return ops.sum(ops.mul(l, ops.slice(l, { axis: -2, begin: j, end: j + 1 })), { axes: [-1], keepDims: true });
}

function squareSize<T>(ops: ArrayOps<T>, name: string, x: T): number {
  const shape = ops.shape(x);
  const [rows, columns] = shape.slice(-2);
  if (shape.length >= 2 && rows === columns && typeof rows === "number" && rows > 0) return rows;
  throw new RangeError(`"${name}" expected square matrices [..., n, n], got [${shape.join(", ")}]`);
}
