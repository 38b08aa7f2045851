/** The column `at` of rows of `width`, copied. */
export function columnOf<A extends Float64Array | Int32Array>(rows: A, width: number, at: number): A {
  const column = rows.slice(0, rows.length / width) as A;
  for (let row = 0; row < column.length; row++) column[row] = rows[row * width + at]!;
  return column;
}

/** The mean of each column of rows of `width`: [width]. */
export function columnMeans(rows: ArrayLike<number>, width: number): Float64Array {
  const count = rows.length / width;
  const means = new Float64Array(width);
  for (let i = 0; i < rows.length; i++) means[i % width]! += rows[i]! / count;
  return means;
}

/** The mean squared deviation of each column from `means`: [width]. */
export function columnVariances(rows: ArrayLike<number>, means: Float64Array): Float64Array {
  const width = means.length;
  const count = rows.length / width;
  const variances = new Float64Array(width);
  for (let i = 0; i < rows.length; i++) variances[i % width]! += (rows[i]! - means[i % width]!) ** 2 / count;
  return variances;
}
