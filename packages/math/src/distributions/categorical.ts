import type { ArrayOps } from "../array-ops.ts";
import { FINITE, requireParameters, requireRank } from "./parameters.ts";
import type { Domains } from "./parameters.ts";
import type { Formulas } from "./formulas.ts";
import type { Random } from "./random.ts";

/** One of several classes, written one-hot on the last axis; class k has probability softmax(logits)_k. */
export interface Categorical<T> {
  readonly family: "categorical";
  /** [..., classes] */
  readonly logits: T;
}

const DOMAINS: Domains<CategoricalParameters<unknown>> = { logits: FINITE };

type CategoricalParameters<T> = Omit<Categorical<T>, "family">;

/** @throws TypeError, RangeError naming the parameter that is no array, not finite or without an axis of classes. */
export function categorical<T>(ops: ArrayOps<T>, { logits }: CategoricalParameters<T>): Categorical<T> {
  requireParameters(ops, "categorical", { logits }, DOMAINS);
  requireRank(ops, "categorical.logits", logits, 1);
  return { family: "categorical", logits };
}

export const categoricalFormulas: Formulas<"categorical"> = {
  eventRanks: { logits: 1 },
  /** sum x log softmax(l), of x one-hot */
  logProb: (ops, { logits }, x) => ops.sum(ops.mul(x, ops.logSoftmax(logits)), { axes: [-1] }),
  /** -sum p log p */
  entropy: (ops, { logits }) => {
    return ops.neg(ops.sum(ops.mul(ops.softmax(logits), ops.logSoftmax(logits)), { axes: [-1] }));
  },
  mean: (ops, { logits }) => ops.softmax(logits),
  /** Of each class: p (1 - p). */
  variance: (ops, { logits }) => {
    const p = ops.softmax(logits);
    return ops.mul(p, ops.sub(ops.scalar(1), p));
  },
  drawEvent: ({ logits }, random) => {
    const chosen = drawClass(logits, random);
    return logits.map((_, k) => (k === chosen ? 1 : 0));
  },
};

/** The class with the largest logit + Gumbel noise (Gumbel 1954), which needs no sum. */
function drawClass(logits: Float64Array, random: Random): number {
  const noisy = logits.map((logit) => logit - Math.log(-Math.log(random.uniform())));
  return noisy.indexOf(Math.max(...noisy));
}
