import type { MathOps } from "../math-ops.ts";
import { noClosedForm } from "./no-closed-form.ts";
import type { FamilyName } from "./distribution.ts";

/** The values of a parameter, which decide how far a sum has to reach. @throws IsthmusError where only a run knows them. */
export function valuesOf<T>(ops: MathOps<T>, family: FamilyName, parameter: T): readonly number[] {
  const values = ops.values?.(parameter);
  if (values === undefined) throw noClosedForm("entropy", family);
  return Array.from(values);
}

/** -sum P(x) log P(x) over x = low, ..., high. `logProb` is of values on a last axis of their own. */
export function summedEntropy<T>(ops: MathOps<T>, low: number, high: number, logProb: (x: T) => T): T {
  const values = Array.from({ length: high - low + 1 }, (_, i) => low + i);
  const logP = logProb(ops.constant([values.length], values));
  const isPossible = ops.greater(logP, ops.scalar(LEAST));
  const terms = ops.select(isPossible, ops.mul(ops.exp(logP), logP), ops.scalar(0));
  return ops.neg(ops.sum(terms, { axes: [-1] }));
}

/** exp(-800) is 0. */
const LEAST = -800;
