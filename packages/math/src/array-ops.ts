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

  /** Sum over `axes` (default: all). */
  sum(x: T, options?: ReduceOptions): T;
  /** Arithmetic mean over `axes` (default: all). */
  mean(x: T, options?: ReduceOptions): T;
  /** Largest element over `axes` (default: all). */
  max(x: T, options?: ReduceOptions): T;
  /** The number of elements along `axes` (default: all) as a scalar `T`, so that a symbolic batch works. */
  size(x: T, axes?: readonly number[]): T;

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
