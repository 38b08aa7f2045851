import type { ArrayOps } from "../array-ops.ts";
import { FINITE, requireParameters } from "./parameters.ts";
import type { Domains } from "./parameters.ts";

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
