/** Linear algebra of the float64 reference. */
import type { LinalgOps, SolveOptions } from "./linalg-ops.ts";
import { broadcastTo, elementCount, formatShape, requireNdArray, transpose as permute } from "./nd-array.ts";
import type { NdArray } from "./nd-array.ts";

export const ndArrayLinalg: LinalgOps<NdArray> = { cholesky, solveTriangular, singularValues };

function cholesky(a: NdArray): NdArray {
  const n = squareSize("cholesky.a", a);
  const data = new Float64Array(a.data.length);
  for (let from = 0; from < data.length; from += n * n) {
    factorise(a.data.subarray(from, from + n * n), data.subarray(from, from + n * n), n, from / n / n);
  }
  return { shape: a.shape, data };
}

function factorise(a: Float64Array, l: Float64Array, n: number, matrix: number): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let left = a[i * n + j]!;
      for (let k = 0; k < j; k++) left -= l[i * n + k]! * l[j * n + k]!;
      if (j < i) l[i * n + j] = left / l[j * n + j]!;
      else if (left > 0 && left < Infinity) l[i * n + i] = Math.sqrt(left);
      else {
        const where = `pivot ${left} in row ${i} of matrix ${matrix}`;
        throw new RangeError(`"cholesky.a" expected positive-definite matrices, got ${where}`);
      }
    }
  }
}

function solveTriangular(l: NdArray, b: NdArray, { transpose = false }: SolveOptions = {}): NdArray {
  const n = squareSize("solveTriangular.l", l);
  requireNdArray("solveTriangular.b", b);
  const [rows, columns = 0] = b.shape.slice(-2);
  if (b.shape.length < 2 || rows !== n) {
    throw new RangeError(`"solveTriangular.b" expected shape [..., ${n}, k], got ${formatShape(b.shape)}`);
  }
  const leading = commonLeading(l.shape.slice(0, -2), b.shape.slice(0, -2));
  const factors = broadcastTo(l, [...leading, n, n]).data;
  const x = broadcastTo(b, [...leading, n, columns]);
  const data = x.data.slice();
  for (let m = 0; m < elementCount(leading); m++) {
    const factor = factors.subarray(m * n * n, (m + 1) * n * n);
    substitute(factor, data.subarray(m * n * columns, (m + 1) * n * columns), n, columns, transpose);
  }
  return { shape: x.shape, data };
}

/** Forward, or backward with the transpose; `x` holds the right-hand sides and then the solutions. */
function substitute(l: Float64Array, x: Float64Array, n: number, columns: number, transpose: boolean): void {
  for (let step = 0; step < n; step++) {
    const i = transpose ? n - 1 - step : step;
    for (let column = 0; column < columns; column++) {
      let left = x[i * columns + column]!;
      for (let s = 0; s < step; s++) {
        const j = transpose ? n - 1 - s : s;
        left -= l[transpose ? j * n + i : i * n + j]! * x[j * columns + column]!;
      }
      x[i * columns + column] = left / l[i * n + i]!;
    }
  }
}

function commonLeading(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const [left, right] = [a[axis - rank + a.length] ?? 1, b[axis - rank + b.length] ?? 1];
    if (left === right || left === 1 || right === 1) return left === 1 ? right : left;
    const got = `got ${formatShape(b)}`;
    throw new RangeError(`"solveTriangular.b" expected leading axes that broadcast with ${formatShape(a)}, ${got}`);
  });
}

function singularValues(x: NdArray): NdArray {
  requireNdArray("singularValues.x", x);
  if (x.shape.length < 2) {
    throw new RangeError(`"singularValues.x" expected matrices [..., m, n], got ${formatShape(x.shape)}`);
  }
  const [m, n] = x.shape.slice(-2) as [number, number];
  const axes = x.shape.map((_, axis) => axis);
  // As many rows as there are fewer of: each is one vector of the rotations.
  const rows = m <= n ? x.data : permute(x, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]).data;
  const [count, length] = [Math.min(m, n), Math.max(m, n)];
  const data = new Float64Array(elementCount([...x.shape.slice(0, -2), count]));
  for (let from = 0; from < data.length; from += count) {
    const matrix = rows.slice(from * length, (from + count) * length);
    data.set(orthogonalise(matrix, count, length), from);
  }
  return { shape: [...x.shape.slice(0, -2), count], data };
}

/** Lengths, longest first, of the rows once plane rotations have made them orthogonal (one-sided Jacobi; Hestenes 1958). */
function orthogonalise(x: Float64Array, count: number, length: number): Float64Array {
  const row = (i: number) => x.subarray(i * length, (i + 1) * length);
  for (let sweep = 0, isRotated = true; isRotated && sweep < 60; sweep++) {
    isRotated = false;
    for (let i = 0; i < count; i++) {
      for (let j = i + 1; j < count; j++) isRotated = rotate(row(i), row(j)) || isRotated;
    }
  }
  const norms = Array.from({ length: count }, (_, i) => Math.hypot(...row(i)));
  return Float64Array.from(norms.sort((a, b) => b - a));
}

/** Makes two vectors orthogonal; false when they were, to rounding. */
function rotate(a: Float64Array, b: Float64Array): boolean {
  const [aa, bb, ab] = [dot(a, a), dot(b, b), dot(a, b)];
  if (!(Math.abs(ab) > 2 ** -52 * Math.sqrt(aa) * Math.sqrt(bb))) return false;
  const zeta = (bb - aa) / (2 * ab);
  const t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(1, zeta));
  const cosine = 1 / Math.hypot(1, t);
  for (let k = 0; k < a.length; k++) {
    const [u, v] = [a[k]!, b[k]!];
    a[k] = cosine * (u - t * v);
    b[k] = cosine * (t * u + v);
  }
  return true;
}

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

function squareSize(name: string, x: NdArray): number {
  requireNdArray(name, x);
  const [rows, columns] = x.shape.slice(-2);
  if (x.shape.length >= 2 && rows === columns && rows! > 0) return rows!;
  throw new RangeError(`"${name}" expected square matrices [..., n, n], got ${formatShape(x.shape)}`);
}
