import { type Dataset, gather, itemSize } from "@isthmus/data";
import { EigenvalueDecomposition, Matrix } from "ml-matrix";

/** The first principal components of a data set. */
export interface Pca {
  /** [features] */
  readonly mean: Float64Array;
  /** Orthonormal, largest variance first: `components` rows of [features]. */
  readonly components: readonly Float64Array[];
}

/** Principal component analysis by the covariance's eigenvectors, in float64. */
export function fitPca(dataset: Dataset, components: number): Pca {
  const { mean, covariance } = moments(dataset);
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(covariance, { assumeSymmetric: true });
  const order = realEigenvalues.map((_, index) => index).sort((a, b) => realEigenvalues[b]! - realEigenvalues[a]!);
  const vectors = order.slice(0, components).map((column) => Float64Array.from(eigenvectorMatrix.getColumn(column)));
  return { mean, components: vectors };
}

/** The same analysis cut to its first `count` components. */
export function firstComponents({ mean, components }: Pca, count: number): Pca {
  return { mean, components: components.slice(0, count) };
}

/** Mean and covariance; zeros, which most pixels are, cost nothing. */
function moments(dataset: Dataset): { mean: Float64Array; covariance: Matrix } {
  const features = itemSize(dataset);
  const sum = new Float64Array(features);
  const products = new Float64Array(features * features);
  forEachItem(dataset, (x) => {
    const lit = [...x.keys()].filter((i) => x[i] !== 0);
    for (const i of lit) {
      sum[i]! += x[i]!;
      for (const j of lit) products[i * features + j]! += x[i]! * x[j]!;
    }
  });
  const mean = sum.map((total) => total / dataset.items);
  const covariance = Matrix.zeros(features, features);
  for (let i = 0; i < features; i++) {
    for (let j = 0; j < features; j++) {
      covariance.set(i, j, products[i * features + j]! / dataset.items - mean[i]! * mean[j]!);
    }
  }
  return { mean, covariance };
}

function forEachItem(dataset: Dataset, visit: (x: Float32Array, item: number) => void): void {
  const x = new Float32Array(itemSize(dataset));
  for (let item = 0; item < dataset.items; item++) {
    gather(dataset, [item], x);
    visit(x, item);
  }
}

/** Coordinates along the components, [items, components]. */
export function project({ mean, components }: Pca, dataset: Dataset): Float32Array {
  const dims = components.length;
  const coordinates = new Float32Array(dataset.items * dims);
  const centred = new Float64Array(mean.length);
  forEachItem(dataset, (x, item) => {
    for (let i = 0; i < centred.length; i++) centred[i] = x[i]! - mean[i]!;
    components.forEach((component, d) => {
      let total = 0;
      for (let i = 0; i < centred.length; i++) total += component[i]! * centred[i]!;
      coordinates[item * dims + d] = total;
    });
  });
  return coordinates;
}

/** Items from coordinates, [items, features], cut to [0, 1], where pixels are. */
export function reconstruct({ mean, components }: Pca, coordinates: Float32Array): Float32Array {
  const dims = components.length;
  const features = mean.length;
  const values = new Float32Array((coordinates.length / dims) * features);
  for (let item = 0; item < coordinates.length / dims; item++) {
    const x = mean.slice();
    components.forEach((component, d) => {
      const coordinate = coordinates[item * dims + d]!;
      if (coordinate === 0) return;
      for (let i = 0; i < features; i++) x[i]! += coordinate * component[i]!;
    });
    for (let i = 0; i < features; i++) values[item * features + i] = Math.min(1, Math.max(0, x[i]!));
  }
  return values;
}
