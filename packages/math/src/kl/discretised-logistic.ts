import type { DiscretisedLogistic } from "../distributions/discretised-logistic.ts";
import { logProb } from "../distributions/operations.ts";
import type { MathOps } from "../math-ops.ts";
import { outcomeTerm } from "./discrete.ts";
import { noClosedForm } from "./no-closed-form.ts";

/**
 * The sum over all levels, elementwise, in nats.
 *
 * @throws IsthmusError `KL_NO_CLOSED_FORM` unless both have the same levels.
 */
export function klDiscretisedLogistic<T>(ops: MathOps<T>, p: DiscretisedLogistic<T>, q: DiscretisedLogistic<T>): T {
  if (p.low !== q.low || p.high !== q.high || p.levels !== q.levels) {
    throw noClosedForm(p.family, q.family, "unless both have the same levels");
  }
  const step = (p.high - p.low) / (p.levels - 1);
  const values = Array.from({ length: p.levels }, (_, level) => p.low + level * step);
  const levels = ops.constant([p.levels], values);
  const masses = (one: DiscretisedLogistic<T>) => {
    const loc = ops.expandDims(one.loc, -1);
    const log = logProb(ops, { ...one, loc, logScale: ops.expandDims(one.logScale, -1) }, levels);
    return { mass: ops.exp(log), log };
  };
  return ops.sum(outcomeTerm(ops, masses(p), masses(q)), { axes: [-1] });
}
