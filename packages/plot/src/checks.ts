import type { Point } from "./drawn-series.ts";

/** Throws `RangeError` unless there is something to draw. */
export function requireSome(name: string, list: ArrayLike<unknown>): void {
  if (list.length === 0) throw new RangeError(`"${name}" expected at least one, got none`);
}

/** Throws `RangeError` unless two lists belong together, one by one. */
export function requireSameLength(name: string, list: ArrayLike<unknown>, length: number): void {
  if (list.length !== length) throw new RangeError(`"${name}" expected ${length} entries, got ${list.length}`);
}

/** Throws `RangeError` for the first number that is not finite. */
export function requireFinite(name: string, values: ArrayLike<number>): void {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i]))
      throw new RangeError(`"${name}" expected finite numbers, got ${values[i]} at ${i}`);
  }
}

/** Throws `RangeError` for the first point that is not finite. */
export function requireFinitePoints(name: string, points: readonly Point[]): void {
  requireFinite(
    name,
    points.map(([x, y]) => x + y),
  );
}
