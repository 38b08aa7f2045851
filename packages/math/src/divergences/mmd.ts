import type { ArrayOps } from "../array-ops.ts";
import { requireKind, requireOperands } from "../arguments.ts";

/**
 * A kernel of the squared Euclidean distance s; 1 at s = 0.
 *
 *     rbf:                   exp(-s / (2 h^2))
 *     inverseMultiquadric:   h^2 / (h^2 + s)          (Tolstikhin et al. 2018, with C = h^2)
 *
 * With several scales h it is their mean, which sees differences of every size.
 */
export interface MmdKernel {
  readonly kind: "rbf" | "inverseMultiquadric";
  /** The lengths h, in the units of the samples: positive and finite. */
  readonly scales: readonly number[];
}

export interface MmdOptions {
  readonly kernel: MmdKernel;
  /**
   * `unbiased` leaves pairs of a sample with itself out (a U-statistic); it can be negative, and its mean is the squared
   * distance of the distributions. `biased` keeps them (a V-statistic): never negative up to rounding. Default: unbiased.
   */
  readonly estimator?: "biased" | "unbiased";
}

/**
 * The squared maximum mean discrepancy of two samples x [n, features] and y [m, features], a scalar (Gretton et al. 2012,
 * equations 3 and 5):
 *
 *     mean k(x, x') + mean k(y, y') - 2 mean k(x, y)
 *
 * Unbiased it needs at least two rows of each.
 *
 * @throws TypeError naming the argument of the wrong kind; RangeError for a kernel, scale, estimator or shape that is none.
 */
export function squaredMmd<T>(ops: ArrayOps<T>, x: T, y: T, { kernel, estimator = "unbiased" }: MmdOptions): T {
  requireOperands({ x, y });
  requireKernel(kernel);
  if (estimator !== "biased" && estimator !== "unbiased") {
    throw new RangeError(`"estimator" expected "biased" or "unbiased", got ${String(estimator)}`);
  }
  const own = estimator === "biased" ? meanOfAll<T> : meanOfOthers<T>;
  const gram = (a: T, b: T) => kernelMean(ops, kernel, squaredDistances(ops, a, b));
  const within = ops.add(own(ops, gram(x, x)), own(ops, gram(y, y)));
  return ops.sub(within, ops.mul(ops.scalar(2), meanOfAll(ops, gram(x, y))));
}

const meanOfAll = <T>(ops: ArrayOps<T>, gram: T): T => ops.mean(gram);

/** Each row's n entries less the one with itself, which is 1. */
function meanOfOthers<T>(ops: ArrayOps<T>, gram: T): T {
  const n = ops.size(gram, [0]);
  const others = ops.sub(ops.sum(gram), n);
  return ops.div(others, ops.mul(n, ops.sub(n, ops.scalar(1))));
}

/** |a|^2 + |b|^2 - 2 a b, which rounding may leave a little below 0: [n, m]. */
function squaredDistances<T>(ops: ArrayOps<T>, a: T, b: T): T {
  const ones = (x: T) => ops.add(ops.mul(ops.scalar(0), x), ops.scalar(1));
  const left = ops.matmul(ops.square(a), ones(b), { transposeB: true });
  const right = ops.matmul(ones(a), ops.square(b), { transposeB: true });
  const products = ops.mul(ops.scalar(2), ops.matmul(a, b, { transposeB: true }));
  return ops.relu(ops.sub(ops.add(left, right), products));
}

function kernelMean<T>(ops: ArrayOps<T>, { kind, scales }: MmdKernel, squares: T): T {
  const terms = scales.map((h) => {
    if (kind === "rbf") return ops.exp(ops.mul(ops.scalar(-0.5 / (h * h)), squares));
    return ops.div(ops.scalar(h * h), ops.add(ops.scalar(h * h), squares));
  });
  const total = terms.reduce((sum, term) => ops.add(sum, term));
  return ops.mul(ops.scalar(1 / scales.length), total);
}

function requireKernel(kernel: MmdKernel): void {
  requireKind("kernel", kernel, "Object");
  requireKind("kernel.scales", kernel.scales, "Array");
  if (kernel.kind !== "rbf" && kernel.kind !== "inverseMultiquadric") {
    throw new RangeError(`"kernel.kind" expected "rbf" or "inverseMultiquadric", got ${String(kernel.kind)}`);
  }
  const isGood = kernel.scales.length > 0 && kernel.scales.every((h) => h > 0 && h < Infinity);
  if (!isGood)
    throw new RangeError(`"kernel.scales" expected positive finite lengths, got [${kernel.scales.join(", ")}]`);
}
