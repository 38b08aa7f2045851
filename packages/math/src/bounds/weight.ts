import type { ArrayOps } from "../array-ops.ts";
import { requireOperands } from "../arguments.ts";

/**
 * A weight or level of an objective as an array: a number becomes a constant, an array (a schedule's input) passes.
 *
 * @throws RangeError naming a number that is negative or not finite; TypeError naming what is neither number nor array.
 */
export function weight<T>(ops: ArrayOps<T>, name: string, value: number | T): T {
  if (typeof value !== "number") {
    requireOperands({ [name]: value });
    return value;
  }
  if (value >= 0 && value < Infinity) return ops.scalar(value);
  throw new RangeError(`"${name}" expected a non-negative finite number, got ${value}`);
}
