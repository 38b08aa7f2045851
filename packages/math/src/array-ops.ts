/**
 * The operations a formula may use, over an opaque array type `T`.
 *
 * A formula written over `ArrayOps<T>` runs on the float64 `NdArray` (the exact reference), on the graph builder of
 * `@isthmus/graph` (where it becomes part of a compiled program) and on any other tensor library with an adapter.
 * Binary operations broadcast as NumPy does. Axes may be negative. No operation changes its arguments.
 */
export interface ArrayOps<T> {
  /** A scalar, shape `[]`. */
  scalar(value: number): T;
  /** Finite numbers written into the formula, row-major; constant to differentiation. */
  constant(shape: readonly number[], values: readonly number[]): T;
  /** The size of each axis; `"batch"` where it is only known when the formula runs. */
  shape(x: T): readonly (number | "batch")[];
  /** The elements, row-major, where they are known already; a constructor checks a parameter's domain by them. */
  values?(x: T): ArrayLike<number> | undefined;

  add(a: T, b: T): T;
  sub(a: T, b: T): T;
  mul(a: T, b: T): T;
  div(a: T, b: T): T;
  maximum(a: T, b: T): T;
  minimum(a: T, b: T): T;
  /** 1 where `a > b`, else 0. */
  greater(a: T, b: T): T;
  /** 1 where `a == b`, else 0. */
  equal(a: T, b: T): T;
  /** `a` where `condition` is not 0, else `b`; the branch not taken is never multiplied in, so its NaN stays out. */
  select(condition: T, a: T, b: T): T;

  neg(x: T): T;
  abs(x: T): T;
  /** -1, 0 or 1. */
  sign(x: T): T;
  exp(x: T): T;
  /** `exp(x) - 1` without cancellation near 0. */
  expm1(x: T): T;
  /** Natural logarithm. */
  log(x: T): T;
  /** `log(1 + x)` without cancellation near 0. */
  log1p(x: T): T;
  sqrt(x: T): T;
  square(x: T): T;
  /** `1 / (1 + exp(-x))`. */
  sigmoid(x: T): T;
  tanh(x: T): T;
  /** `log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|))`, in nats. */
  softplus(x: T): T;
  relu(x: T): T;
  /**
   * Bernoulli cross-entropy from logits, elementwise, in nats:
   * `-x log s(l) - (1 - x) log(1 - s(l)) = softplus(l) - x l`, with `x` in [0, 1]. Broadcasts.
   */
  sigmoidCrossEntropy(logits: T, x: T): T;

  /** `exp(x) / sum exp(x)` along the last axis. */
  softmax(x: T): T;
  /** `x - log sum exp(x)` along the last axis. */
  logSoftmax(x: T): T;
  /** Cross-entropy of probabilities `p` under logits of the same shape, in nats: `-sum p logSoftmax(l)`, [..., classes] -> [...]. */
  softmaxCrossEntropy(logits: T, p: T): T;

  /** Sum over `axes` (default: all). */
  sum(x: T, options?: ReduceOptions): T;
  /** Arithmetic mean over `axes` (default: all). */
  mean(x: T, options?: ReduceOptions): T;
  /** Largest element over `axes` (default: all). */
  max(x: T, options?: ReduceOptions): T;
  /** The number of elements along `axes` (default: all) as a scalar `T`, so that a symbolic batch works. */
  size(x: T, axes?: readonly number[]): T;

  /** The same elements with an axis of size 1 at `axis` of the result, negative ones counted from its end. */
  expandDims(x: T, axis: number): T;
  /** Elements `begin` to `end`, which is not included, along `axis`. */
  slice(x: T, options: SliceOptions): T;
  /** Arrays of equal shape but for `axis`, one after the other. */
  concat(xs: readonly T[], axis: number): T;

  /** Matrix product of two rank-2 arrays; either may be read transposed. */
  matmul(a: T, b: T, options?: MatmulOptions): T;

  /** The value of `x`, constant to differentiation. */
  stopGradient(x: T): T;
}

export interface ReduceOptions {
  /** Axes to reduce, negative ones counted from the end. Default: all. */
  readonly axes?: readonly number[];
  /** Keep reduced axes with size 1. Default: false. */
  readonly keepDims?: boolean;
}

export interface MatmulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

export interface SliceOptions {
  readonly axis: number;
  readonly begin: number;
  readonly end: number;
}
