import { randomNormal, randomUniform } from "@isthmus/math";
import * as tf from "@tensorflow/tfjs-core";

export interface Spec {
  readonly values: Float32Array | Int32Array;
  readonly shape: number[];
  readonly dtype: "float32" | "int32" | "bool";
}

export function tensorOf({ values, shape, dtype }: Spec): tf.Tensor {
  return tf.tensor(dtype === "bool" ? Uint8Array.from(values) : values, shape, dtype);
}

/** Numbers and sizes that depend on the seed and on nothing else. */
export class Random {
  private readonly seed: number;
  private drawn = 0;

  constructor(seed: number) {
    this.seed = seed;
  }

  private floats(count: number, draw: typeof randomNormal): Float32Array {
    const values = new Float32Array(count);
    draw(values, { seed: this.seed, stream: `draw ${this.drawn++}` });
    return values;
  }

  /** A whole number from `low` to `high`. */
  size(low: number, high: number): number {
    return low + Math.floor(this.floats(1, randomUniform)[0]! * (high - low + 1));
  }

  shape(rank: number, most = 5): number[] {
    return Array.from({ length: rank }, () => this.size(1, most));
  }

  /** Standard normal; all elements at least 1e-3 from 0 and from each other half as far, so that no maximum is a tie. */
  normal(shape: number[]): Spec {
    const values = this.floats(tf.util.sizeFromShape(shape), randomNormal);
    return { values: values.map((x) => x + Math.sign(x) * 1e-3), shape, dtype: "float32" };
  }

  uniform(shape: number[], low: number, high: number): Spec {
    const values = this.floats(tf.util.sizeFromShape(shape), randomUniform);
    return { values: values.map((x) => low + (high - low) * x), shape, dtype: "float32" };
  }

  /** From 0 up to `end`, without it. */
  ids(shape: number[], end: number): Spec {
    const { values } = this.uniform(shape, 0, end);
    return { values: Int32Array.from(values, Math.floor), shape, dtype: "int32" };
  }

  booleans(shape: number[]): Spec {
    return { ...this.ids(shape, 2), dtype: "bool" };
  }
}
