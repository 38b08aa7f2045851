/**
 * Linear algebra over an opaque array type `T`: matrices on the last two axes, any number of leading axes, which broadcast.
 * An engine that lacks one refuses it by name with an `IsthmusError` `OPS_UNSUPPORTED`.
 */
export interface LinalgOps<T> {
  /**
   * The lower triangular L with L L^T = a and a positive diagonal, [..., n, n] -> [..., n, n]. Only the lower half of `a` is
   * read. Where `a` is not positive definite, the float64 reference throws a RangeError and a compiled engine gives NaN.
   */
  cholesky(a: T): T;
  /** The x with L x = b, or L^T x = b: [..., n, n] and [..., n, k] -> [..., n, k]. Only the lower half of `l` is read. */
  solveTriangular(l: T, b: T, options?: SolveOptions): T;
  /** Singular values, largest first: [..., m, n] -> [..., min(m, n)]. Their sum is the nuclear norm. */
  singularValues(x: T): T;
}

export interface SolveOptions {
  /** Solve L^T x = b. Default: false. */
  readonly transpose?: boolean;
}
