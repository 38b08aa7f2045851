import type { ArrayOps } from "../array-ops.ts";
import { FINITE, requireParameters } from "./parameters.ts";
import type { Domains } from "./parameters.ts";
import type { Formulas } from "./formulas.ts";

/** 0 or 1, elementwise; success has probability s(logits). */
export interface Bernoulli<T> {
  readonly family: "bernoulli";
  readonly logits: T;
}

const DOMAINS: Domains<BernoulliParameters<unknown>> = { logits: FINITE };

type BernoulliParameters<T> = Omit<Bernoulli<T>, "family">;

/** @throws TypeError, RangeError naming the parameter that is no array, out of its domain or of a shape that does not broadcast. */
export function bernoulli<T>(ops: ArrayOps<T>, { logits }: BernoulliParameters<T>): Bernoulli<T> {
  requireParameters(ops, "bernoulli", { logits }, DOMAINS);
  return { family: "bernoulli", logits };
}

export const bernoulliFormulas: Formulas<"bernoulli"> = {
  /** x log s(l) + (1 - x) log(1 - s(l)), of x in {0, 1} */
  logProb: (ops, { logits }, x) => ops.neg(ops.sigmoidCrossEntropy(logits, x)),
  /** softplus(l) - l s(l), of -|l| instead of l, which has the same entropy and whose terms do not cancel. */
  entropy: (ops, { logits }) => {
    const t = ops.abs(logits);
    return ops.add(ops.softplus(ops.neg(t)), ops.mul(t, ops.sigmoid(ops.neg(t))));
  },
  mean: (ops, { logits }) => ops.sigmoid(logits),
  variance: (ops, { logits }) => ops.mul(ops.sigmoid(logits), ops.sigmoid(ops.neg(logits))),
  draw: ({ logits }, random) => (random.uniform() * (1 + Math.exp(-logits)) < 1 ? 1 : 0),
};
