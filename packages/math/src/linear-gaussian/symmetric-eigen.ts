/** Eigenvalues of a symmetric matrix, largest first, and their eigenvectors as the columns of `vectors` [n, n]. */
export interface SymmetricEigen {
  readonly values: Float64Array;
  readonly vectors: Float64Array;
}

/**
 * Eigenvalues and eigenvectors of a symmetric matrix [n, n] by cyclic Jacobi rotations (Golub and Van Loan 2013, section
 * 8.5): the plainest method, accurate to a few roundings of the largest eigenvalue, for some hundred rows at most.
 */
export function symmetricEigen(matrix: Float64Array, n: number): SymmetricEigen {
  const a = matrix.slice();
  const v = Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));
  for (let sweep = 0; sweep < MAX_SWEEPS && rotateAll(a, v, n); sweep++);
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => a[j * n + j]! - a[i * n + i]!);
  return {
    values: Float64Array.from(order, (i) => a[i * n + i]!),
    vectors: Float64Array.from({ length: n * n }, (_, at) => v[Math.floor(at / n) * n + order[at % n]!]!),
  };
}

/** Convergence is quadratic: matrices met in practice need six to ten. */
const MAX_SWEEPS = 60;

/** One rotation for each element below the diagonal; whether any was needed. */
function rotateAll(a: Float64Array, v: Float64Array, n: number): boolean {
  let isMoving = false;
  for (let p = 0; p < n - 1; p++) {
    for (let q = p + 1; q < n; q++) {
      const off = a[p * n + q]!;
      const scale = Math.sqrt(Math.abs(a[p * n + p]! * a[q * n + q]!));
      if (Math.abs(off) <= 2 ** -53 * scale || off === 0) continue;
      isMoving = true;
      const theta = (a[q * n + q]! - a[p * n + p]!) / (2 * off);
      const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
      rotate(a, v, n, p, q, t);
    }
  }
  return isMoving;
}

/** A <- J^T A J and V <- V J with J the rotation in the plane of p and q whose tangent is t. */
function rotate(a: Float64Array, v: Float64Array, n: number, p: number, q: number, t: number): void {
  const c = 1 / Math.hypot(t, 1);
  const s = t * c;
  for (let k = 0; k < n; k++) {
    const [left, right] = [a[k * n + p]!, a[k * n + q]!];
    a[k * n + p] = c * left - s * right;
    a[k * n + q] = s * left + c * right;
  }
  for (let k = 0; k < n; k++) {
    const [above, below] = [a[p * n + k]!, a[q * n + k]!];
    a[p * n + k] = c * above - s * below;
    a[q * n + k] = s * above + c * below;
    const [left, right] = [v[k * n + p]!, v[k * n + q]!];
    v[k * n + p] = c * left - s * right;
    v[k * n + q] = s * left + c * right;
  }
  a[p * n + q] = 0;
  a[q * n + p] = 0;
}
