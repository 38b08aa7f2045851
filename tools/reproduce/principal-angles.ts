import { Matrix, QrDecomposition, SingularValueDecomposition } from "ml-matrix";

/**
 * The largest principal angle between the spaces that two sets of rows span, in degrees: 0 when one is the other.
 *
 * Its sine is the largest singular value of what is left of one space's orthonormal basis when its part in the other is
 * taken away; the cosine would lose half the digits of a small angle.
 *
 * @param rows vectors of one length, independent, as many in each set
 */
export function largestPrincipalAngle(
  rows: readonly ArrayLike<number>[],
  others: readonly ArrayLike<number>[],
): number {
  const [p, q] = [orthonormal(rows), orthonormal(others)];
  const rest = Matrix.sub(q, p.mmul(p.transpose().mmul(q)));
  const sine = Math.max(...new SingularValueDecomposition(rest).diagonal);
  return (Math.asin(Math.min(1, sine)) * 180) / Math.PI;
}

/** A basis of the rows' space, as columns. */
function orthonormal(rows: readonly ArrayLike<number>[]): Matrix {
  const columns = new Matrix(rows.map((row) => Array.from(row))).transpose();
  return new QrDecomposition(columns).orthogonalMatrix;
}
