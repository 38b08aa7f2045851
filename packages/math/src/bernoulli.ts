import type { ArrayOps } from "./array-ops.ts";
import { requireOperands } from "./arguments.ts";
import { EVENT_AXES } from "./gaussian.ts";
import type { EventOptions } from "./gaussian.ts";

/**
 * log p(x) under independent Bernoullis with success probability s(logits), in nats, summed over the event axes
 * (default: the last). Shapes [..., features] -> [...].
 *
 *     log p = sum x log s(l) + (1 - x) log(1 - s(l)) = sum x l - softplus(l)
 *
 * `x` in {0, 1} makes it a log-likelihood. Values between 0 and 1 (grey pixels) are accepted, as the VAE literature
 * does, but the result is then a cross-entropy, comparable only with results under the same convention.
 *
 * @throws TypeError naming the argument when one is not an array.
 */
export function bernoulliLogProbFromLogits<T>(
  ops: ArrayOps<T>,
  x: T,
  logits: T,
  { axes = EVENT_AXES }: EventOptions = {},
): T {
  requireOperands({ x, logits });
  return ops.neg(ops.sum(ops.sigmoidCrossEntropy(logits, x), { axes }));
}
