import type { ArrayOps } from "./array-ops.ts";
import { requireOperands } from "./arguments.ts";

/** A logistic cut to `levels` equal steps from `low` to `high`: `loc` and `logScale` (natural logarithm) broadcast. */
export interface DiscretisedLogistic<T> {
  readonly loc: T;
  readonly logScale: T;
  readonly low: number;
  readonly high: number;
  readonly levels: number;
}

/**
 * log of the mass that a logistic has between the middles of neighbouring levels, in nats, elementwise (Salimans et al.
 * 2017, equation 2). The lowest level takes everything below it, the highest everything above.
 *
 * With a and b the standardised upper and lower edge of x's bin,
 *
 *     log(s(a) - s(b)) = log(1 - exp(b - a)) - softplus(-a) - softplus(b)
 *
 * where no two numbers of like size are subtracted; without the lower edge it is -softplus(-a), without the upper one
 * -softplus(b).
 *
 * @throws TypeError naming the argument when one is not an array.
 */
export function discretisedLogisticLogProb<T>(ops: ArrayOps<T>, x: T, p: DiscretisedLogistic<T>): T {
  requireOperands({ x, "p.loc": p?.loc, "p.logScale": p?.logScale });
  const { low, high, levels } = p;
  const step = (high - low) / (levels - 1);
  const precision = ops.exp(ops.neg(p.logScale));
  const centred = ops.sub(x, p.loc);
  const edge = (shift: number): T => ops.mul(ops.add(centred, ops.scalar(shift)), precision);
  const width = ops.mul(ops.scalar(step), precision);
  const belowUpper = ops.neg(ops.softplus(ops.neg(edge(step / 2))));
  const aboveLower = ops.neg(ops.softplus(edge(-step / 2)));
  const between = ops.add(ops.log(ops.neg(ops.expm1(ops.neg(width)))), ops.add(belowUpper, aboveLower));
  const notHighest = ops.select(ops.greater(x, ops.scalar(high - step / 2)), aboveLower, between);
  return ops.select(ops.greater(ops.scalar(low + step / 2), x), belowUpper, notHighest);
}
