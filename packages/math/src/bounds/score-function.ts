import type { ArrayOps } from "../array-ops.ts";
import { requireOperands } from "../arguments.ts";

export interface ScoreFunctionTerms<T> {
  /** f(z) of the drawn z, per sample; it may depend on parameters of its own, which are then differentiated too. */
  readonly value: T;
  /** log q(z) of the same z, itself constant to differentiation: not reparameterised. */
  readonly logDensity: T;
  /** b, of a shape that broadcasts, which must not depend on this sample's z. Default: 0. */
  readonly baseline?: T;
}

/**
 * The score-function surrogate (Williams 1992; Glynn 1990; with a baseline: Mnih and Gregor 2014), for z that cannot be
 * reparameterised, discrete ones above all:
 *
 *     f(z) + stop(f(z) - b) log q(z)
 *
 * A surrogate: its value means nothing; its gradient is unbiased for that of E_q[f(z)], whatever the baseline, which
 * only lowers the variance. With f = log p(x, z) - log q(z | x) that is the ELBO's gradient. Where z can be
 * reparameterised, differentiating the ELBO has far less variance.
 *
 * @throws TypeError naming the argument when one is not an array.
 */
export function scoreFunctionSurrogate<T>(
  ops: ArrayOps<T>,
  { value, logDensity, baseline = ops.scalar(0) }: ScoreFunctionTerms<T>,
): T {
  requireOperands({ value, logDensity, baseline });
  return ops.add(value, ops.mul(ops.stopGradient(ops.sub(value, baseline)), logDensity));
}

/**
 * For each of k >= 2 samples along the last axis the mean of f over the k - 1 others (Kool et al. 2019; Mnih and Rezende
 * 2016): a baseline that does not depend on the sample it serves. [..., k] -> [..., k]
 *
 * @throws TypeError naming the argument when it is not an array; RangeError when k is below 2.
 */
export function leaveOneOutBaseline<T>(ops: ArrayOps<T>, values: T): T {
  requireOperands({ values });
  const k = ops.shape(values).at(-1);
  if (typeof k !== "number" || k < 2)
    throw new RangeError(`"values" expected 2 samples or more on the last axis, got ${k}`);
  const others = ops.sub(ops.sum(values, { axes: [-1], keepDims: true }), values);
  return ops.div(others, ops.scalar(k - 1));
}
