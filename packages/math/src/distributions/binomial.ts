import type { ArrayOps } from "../array-ops.ts";
import { FINITE, WHOLE, requireParameters } from "./parameters.ts";
import type { Domains } from "./parameters.ts";

/** Successes among `trials` trials, elementwise; each succeeds with probability s(logits). */
export interface Binomial<T> {
  readonly family: "binomial";
  readonly trials: T;
  readonly logits: T;
}

const DOMAINS: Domains<BinomialParameters<unknown>> = { trials: WHOLE, logits: FINITE };

type BinomialParameters<T> = Omit<Binomial<T>, "family">;

/** @throws TypeError, RangeError naming the parameter that is no array, out of its domain or of a shape that does not broadcast. */
export function binomial<T>(ops: ArrayOps<T>, { trials, logits }: BinomialParameters<T>): Binomial<T> {
  requireParameters(ops, "binomial", { trials, logits }, DOMAINS);
  return { family: "binomial", trials, logits };
}
