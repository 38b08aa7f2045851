import type { ArrayOps } from "../array-ops.ts";
import { FINITE, POSITIVE, requireParameters, requireRank } from "./parameters.ts";
import type { Domains } from "./parameters.ts";

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
