import type { ArrayOps } from "../array-ops.ts";
import { requireOperands } from "../arguments.ts";
import { formatShape } from "../nd-array.ts";
import { FINITE, POSITIVE, requireRank, requireValues } from "./parameters.ts";

/** A distribution of directions, unit vectors on the last axis: density proportional to exp(concentration meanDirection^T x). */
export interface VonMisesFisher<T> {
  readonly family: "vonMisesFisher";
  /** Unit vectors, [..., dimensions], of at least 2 dimensions. */
  readonly meanDirection: T;
  /** Without the event axis: [...]. */
  readonly concentration: T;
}

/** The squared length of a unit vector that was computed in float32 is right to some of its epsilons. */
const UNIT_TOLERANCE = 1e-5;

/** @throws TypeError, RangeError naming the parameter that is no array, of too low a rank, no unit vector or not positive and finite. */
export function vonMisesFisher<T>(
  ops: ArrayOps<T>,
  { meanDirection, concentration }: Omit<VonMisesFisher<T>, "family">,
): VonMisesFisher<T> {
  const name = "vonMisesFisher.meanDirection";
  requireOperands({ [name]: meanDirection, "vonMisesFisher.concentration": concentration });
  requireRank(ops, name, meanDirection, 1);
  requireValues(ops, name, meanDirection, FINITE);
  requireUnit(ops, name, meanDirection);
  requireValues(ops, "vonMisesFisher.concentration", concentration, POSITIVE);
  return { family: "vonMisesFisher", meanDirection, concentration };
}

function requireUnit<T>(ops: ArrayOps<T>, name: string, x: T): void {
  const shape = ops.shape(x);
  const size = shape.at(-1);
  if (typeof size !== "number" || size < 2) {
    throw new RangeError(`"${name}" expected at least 2 dimensions on its last axis, got shape ${formatShape(shape)}`);
  }
  const values = ops.values?.(x) ?? [];
  for (let start = 0; start < values.length; start += size) {
    let square = 0;
    for (let at = start; at < start + size; at++) square += values[at]! ** 2;
    if (Math.abs(square - 1) <= UNIT_TOLERANCE) continue;
    throw new RangeError(
      `"${name}" expected unit vectors, got one of length ${Math.sqrt(square)} at row ${start / size}`,
    );
  }
}
