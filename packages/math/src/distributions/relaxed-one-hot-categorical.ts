import type { ArrayOps } from "../array-ops.ts";
import { FINITE, POSITIVE, requireParameters, requireRank } from "./parameters.ts";
import type { Domains } from "./parameters.ts";
import { logSumExp } from "../log-space.ts";
import type { Formulas } from "./formulas.ts";
import { plus, times } from "./support.ts";

/**
 * The concrete distribution, a density on the open simplex of the last axis: softmax((logits + Gumbel noise) / temperature)
 * (Maddison, Mnih and Teh 2017; Jang, Gu and Poole 2017). It approaches the categorical as the temperature goes to 0.
 */
export interface RelaxedOneHotCategorical<T> {
  readonly family: "relaxedOneHotCategorical";
  /** [..., classes] */
  readonly logits: T;
  /** A scalar, or of a shape that broadcasts with [..., 1]. */
  readonly temperature: T;
}

const DOMAINS: Domains<RelaxedOneHotCategoricalParameters<unknown>> = { logits: FINITE, temperature: POSITIVE };

type RelaxedOneHotCategoricalParameters<T> = Omit<RelaxedOneHotCategorical<T>, "family">;

/** @throws TypeError, RangeError naming the parameter that is no array, out of its domain, without an axis of classes or of a shape that does not broadcast. */
export function relaxedOneHotCategorical<T>(
  ops: ArrayOps<T>,
  { logits, temperature }: RelaxedOneHotCategoricalParameters<T>,
): RelaxedOneHotCategorical<T> {
  requireParameters(ops, "relaxedOneHotCategorical", { logits, temperature }, DOMAINS);
  requireRank(ops, "relaxedOneHotCategorical.logits", logits, 1);
  requireNoEvent(ops, "relaxedOneHotCategorical.temperature", temperature);
  return { family: "relaxedOneHotCategorical", logits, temperature };
}

function requireNoEvent<T>(ops: ArrayOps<T>, name: string, x: T): void {
  const last = ops.shape(x).at(-1) ?? 1;
  if (last !== 1)
    throw new RangeError(`"${name}" expected one temperature for all classes, got ${last} on the last axis`);
}

export const relaxedOneHotCategoricalFormulas: Formulas<"relaxedOneHotCategorical"> = {
  eventRanks: { logits: 1, temperature: 1 },
  /**
   * With K classes (Maddison, Mnih and Teh 2017, equation 10)
   *
   *     log p = log (K - 1)! + (K - 1) log t + sum (l_k - (t + 1) log x_k) - K log sum exp(l_k - t log x_k)
   */
  logProb: (ops, { logits, temperature: t }, x) => {
    const classes = Number(ops.shape(x).at(-1));
    const logX = ops.log(x);
    const scaled = ops.sub(logits, ops.mul(t, logX));
    const constant = plus(ops, times(ops, (classes - 1) / classes, ops.log(t)), logFactorial(classes - 1) / classes);
    const terms = ops.add(ops.sub(scaled, logX), constant);
    return ops.sub(ops.sum(terms, { axes: [-1] }), times(ops, classes, logSumExp(ops, scaled, { axes: [-1] })));
  },
  noise: "uniform",
  /** softmax((l - log(-log u)) / t) */
  reparameterised: (ops, { logits, temperature }, u) => {
    const gumbels = ops.neg(ops.log(ops.neg(ops.log(u))));
    return ops.softmax(ops.div(ops.add(logits, gumbels), temperature));
  },
};

function logFactorial(n: number): number {
  let sum = 0;
  for (let k = 2; k <= n; k++) sum += Math.log(k);
  return sum;
}
