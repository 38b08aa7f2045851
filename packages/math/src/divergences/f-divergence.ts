import type { ArrayOps } from "../array-ops.ts";
import { requireOperands } from "../arguments.ts";
import { times } from "../distributions/support.ts";
import { expRemainder } from "../kl/remainders.ts";

/**
 * A divergence that is a mean, over the mixture m = (p + q) / 2, of a function of t = log(p / q):
 *
 * | name | value |
 * |---|---|
 * | `kl` | sum p log(p / q) |
 * | `reverseKl` | sum q log(q / p) |
 * | `jeffreys` | the two added |
 * | `jensenShannon` | KL(p to m) / 2 + KL(q to m) / 2, at most log 2; its root is a metric |
 * | `totalVariation` | sum abs(p - q) / 2, at most 1; a metric |
 * | `squaredHellinger` | sum (sqrt p - sqrt q)^2 / 2, at most 1; its root is a metric |
 * | `chiSquared` | sum (p - q)^2 / q (Pearson) |
 * | `neymanChiSquared` | sum (p - q)^2 / p |
 *
 * The first four are in nats; the others have no unit.
 */
export type FDivergence =
  | "kl"
  | "reverseKl"
  | "jeffreys"
  | "jensenShannon"
  | "totalVariation"
  | "squaredHellinger"
  | "chiSquared"
  | "neymanChiSquared";

/** The function of t, for each: never negative, 0 at t = 0, and finite where its divergence is bounded. */
const INTEGRANDS: { readonly [N in FDivergence]: <T>(ops: ArrayOps<T>, t: T) => T } = {
  kl: klIntegrand,
  reverseKl: (ops, t) => klIntegrand(ops, ops.neg(t)),
  jeffreys: (ops, t) => times(ops, 2, ops.mul(t, lean(ops, t))),
  jensenShannon: jensenShannonIntegrand,
  totalVariation: (ops, t) => ops.abs(lean(ops, t)),
  squaredHellinger: (ops, t) => ops.mul(lean(ops, t), ops.tanh(times(ops, 0.25, t))),
  chiSquared: chiSquaredIntegrand,
  neymanChiSquared: (ops, t) => chiSquaredIntegrand(ops, ops.neg(t)),
};

/** The names of {@link FDivergence}. */
export const F_DIVERGENCES: readonly FDivergence[] = Object.keys(INTEGRANDS) as FDivergence[];

/**
 * What a place with log(p / q) = `logRatio` adds to the divergence, per unit of the mixture's mass there: the mean of this
 * over draws of which half are from p and half from q is an unbiased estimate of the divergence. Elementwise.
 *
 * @throws TypeError naming the argument that is no array; RangeError for a name that is none.
 */
export function fDivergenceIntegrand<T>(ops: ArrayOps<T>, name: FDivergence, logRatio: T): T {
  requireOperands({ logRatio });
  if (!Object.hasOwn(INTEGRANDS, name)) {
    throw new RangeError(`"name" expected one of ${F_DIVERGENCES.join(", ")}, got ${String(name)}`);
  }
  return INTEGRANDS[name](ops, logRatio);
}

/** (p - q) / (p + q) = tanh(t / 2). */
const lean = <T>(ops: ArrayOps<T>, t: T): T => ops.tanh(times(ops, 0.5, t));

/** (p t + q - p) / m, since p and q both add to 1; 2 p / (p + q) times exp(-t) - 1 + t near t = 0. */
function klIntegrand<T>(ops: ArrayOps<T>, t: T): T {
  const isNear = ops.greater(ops.scalar(1), ops.abs(t));
  const share = ops.sigmoid(t);
  const near = ops.mul(share, expRemainder(ops, ops.neg(ops.select(isNear, t, ops.scalar(0)))));
  const isAbsent = ops.equal(share, ops.scalar(0));
  const far = ops.sub(ops.mul(share, ops.select(isAbsent, ops.scalar(0), t)), lean(ops, t));
  return times(ops, 2, ops.select(isNear, near, far));
}

/**
 * With v = tanh(t / 2): (v t + log(1 - v^2)) / 2, which is log 2 - log(1 + exp(-|t|)) - |t| / (1 + exp(|t|)).
 * The first does not cancel near t = 0, the second does not overflow; beyond 750 it is log 2.
 */
function jensenShannonIntegrand<T>(ops: ArrayOps<T>, t: T): T {
  const size = ops.minimum(ops.abs(t), ops.scalar(750));
  const isNear = ops.greater(ops.scalar(1), size);
  const small = ops.select(isNear, size, ops.scalar(0));
  const v = lean(ops, small);
  const near = times(ops, 0.5, ops.add(ops.mul(v, small), ops.log1p(ops.neg(ops.square(v)))));
  const negative = ops.neg(size);
  const lost = ops.add(ops.softplus(negative), ops.mul(size, ops.sigmoid(negative)));
  return ops.select(isNear, near, ops.sub(ops.scalar(Math.LN2), lost));
}

/** (p - q)^2 / (q m) */
function chiSquaredIntegrand<T>(ops: ArrayOps<T>, t: T): T {
  return ops.div(times(ops, 2, ops.square(lean(ops, t))), ops.sigmoid(ops.neg(t)));
}
