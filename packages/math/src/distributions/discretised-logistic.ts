import type { ArrayOps } from "../array-ops.ts";
import { requireKind } from "../arguments.ts";
import { FINITE, requireParameters } from "./parameters.ts";
import type { Domains } from "./parameters.ts";

/**
 * A logistic variable rounded to the nearest of `levels` values, evenly spaced from `low` to `high`, both included;
 * what falls outside goes to the end values (Salimans et al. 2017, equation 2). Elementwise.
 */
export interface DiscretisedLogistic<T> {
  readonly family: "discretisedLogistic";
  readonly loc: T;
  /** Natural logarithm of the scale. */
  readonly logScale: T;
  readonly low: number;
  readonly high: number;
  /** How many values there are, at least 2. */
  readonly levels: number;
}

const DOMAINS: Domains<Pick<DiscretisedLogistic<unknown>, "loc" | "logScale">> = { loc: FINITE, logScale: FINITE };

/** @throws TypeError, RangeError naming the parameter that is of the wrong kind, out of its domain or of a shape that does not broadcast. */
export function discretisedLogistic<T>(
  ops: ArrayOps<T>,
  { loc, logScale, low, high, levels }: Omit<DiscretisedLogistic<T>, "family">,
): DiscretisedLogistic<T> {
  requireParameters(ops, "discretisedLogistic", { loc, logScale }, DOMAINS);
  requireLattice(low, high, levels);
  return { family: "discretisedLogistic", loc, logScale, low, high, levels };
}

function requireLattice(low: number, high: number, levels: number): void {
  for (const [name, value] of Object.entries({ low, high, levels })) {
    requireKind(`discretisedLogistic.${name}`, value, "Number");
    if (!Number.isFinite(value))
      throw new RangeError(`"discretisedLogistic.${name}" expected a finite number, got ${value}`);
  }
  if (!(low < high)) throw new RangeError(`"discretisedLogistic.high" expected a number above ${low}, got ${high}`);
  if (!Number.isInteger(levels) || levels < 2) {
    throw new RangeError(`"discretisedLogistic.levels" expected an integer of at least 2, got ${levels}`);
  }
}
