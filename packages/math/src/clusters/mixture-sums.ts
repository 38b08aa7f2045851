import { symmetricEigen } from "../linear-gaussian/symmetric-eigen.ts";
import { ndArray } from "../nd-array.ts";
import type { GaussianMixture } from "./gaussian-mixture.ts";

/** What a step of expectation maximisation gathers over the points: responsibilities, with deviations and their products. */
export class MixtureSums {
  private readonly dims: number;
  private readonly isFull: boolean;
  private readonly counts: Float64Array;
  /** [components, dims] */
  private readonly first: Float64Array;
  /** [components, dims], or the lower halves of [components, dims, dims]. */
  private readonly second: Float64Array;

  constructor(components: number, dims: number, isFull: boolean) {
    this.dims = dims;
    this.isFull = isFull;
    this.counts = new Float64Array(components);
    this.first = new Float64Array(components * dims);
    this.second = new Float64Array(components * dims * (isFull ? dims : 1));
  }

  /** A point by its responsibilities [components] and its deviations from means [components, dims]. */
  add(responsibilities: Float64Array, deviations: Float64Array): void {
    const { dims, isFull, counts, first, second } = this;
    for (let k = 0; k < counts.length; k++) {
      const share = responsibilities[k]!;
      if (share === 0) continue;
      counts[k]! += share;
      for (let i = k * dims; i < (k + 1) * dims; i++) {
        const part = share * deviations[i]!;
        first[i]! += part;
        if (isFull) for (let j = k * dims; j <= i; j++) second[i * dims + j - k * dims]! += part * deviations[j]!;
        else second[i]! += part * deviations[i]!;
      }
    }
  }

  /**
   * The mixture of largest expected likelihood whose variances respect the floor.
   *
   * @param means those that deviations were taken from, [components, dims]; a component without points keeps its own
   * @param scale the points' standard deviations [dims], of which `floor` is a part
   */
  mixture(means: Float64Array, scale: Float64Array, floor: number): GaussianMixture {
    const { dims, isFull, counts } = this;
    const components = counts.length;
    const total = counts.reduce((sum, count) => sum + count, 0);
    const moves = this.first.map((sum, i) => sum / Math.max(counts[Math.floor(i / dims)]!, LEAST));
    const stride = this.second.length / components;
    const variances = new Float64Array(this.second.length);
    for (let k = 0; k < components; k++) {
      const own = isFull ? this.covariance(k, moves) : this.variancesOf(k, moves);
      variances.set(isFull ? floored(own, scale, floor) : atLeast(own, scale, floor), k * stride);
    }
    return {
      shares: counts.map((count) => count / total),
      means: ndArray(
        [components, dims],
        means.map((value, i) => value + moves[i]!),
      ),
      variances: ndArray([components, dims, ...(isFull ? [dims] : [])], variances),
    };
  }

  private variancesOf(k: number, moves: Float64Array): Float64Array {
    const { dims, second } = this;
    const count = Math.max(this.counts[k]!, LEAST);
    return Float64Array.from({ length: dims }, (_, i) => second[k * dims + i]! / count - moves[k * dims + i]! ** 2);
  }

  private covariance(k: number, moves: Float64Array): Float64Array {
    const { dims, second } = this;
    const count = Math.max(this.counts[k]!, LEAST);
    return Float64Array.from({ length: dims * dims }, (_, at) => {
      const [i, j] = [Math.floor(at / dims), at % dims];
      const lower = k * dims * dims + Math.max(i, j) * dims + Math.min(i, j);
      return second[lower]! / count - moves[k * dims + i]! * moves[k * dims + j]!;
    });
  }
}

/** Where a component has no points at all, its sums are 0 too, and so are their means. */
const LEAST = Number.MIN_VALUE;

function atLeast(variances: Float64Array, scale: Float64Array, floor: number): Float64Array {
  return variances.map((value, i) => Math.max(value, floor * scale[i]! ** 2));
}

/** With the eigenvalues that fall below the floor, in the units of the scale, lifted to it: of all such matrices the likeliest. */
function floored(covariance: Float64Array, scale: Float64Array, floor: number): Float64Array {
  const dims = scale.length;
  const unit = (at: number) => scale[Math.floor(at / dims)]! * scale[at % dims]!;
  const { values, vectors } = symmetricEigen(
    covariance.map((value, at) => value / unit(at)),
    dims,
  );
  if (values.at(-1)! >= floor) return covariance;
  return Float64Array.from({ length: dims * dims }, (_, at) => {
    const [i, j] = [Math.floor(at / dims), at % dims];
    let sum = 0;
    for (let e = 0; e < dims; e++) sum += Math.max(values[e]!, floor) * vectors[i * dims + e]! * vectors[j * dims + e]!;
    return sum * unit(at);
  });
}
