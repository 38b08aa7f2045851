import type { ArrayOps } from "../array-ops.ts";
import { POSITIVE, requireParameters } from "./parameters.ts";
import type { Domains } from "./parameters.ts";

/** The absolute value of a normal variable of mean 0 and standard deviation `scale`, elementwise. */
export interface HalfNormal<T> {
  readonly family: "halfNormal";
  readonly scale: T;
}

const DOMAINS: Domains<HalfNormalParameters<unknown>> = { scale: POSITIVE };

type HalfNormalParameters<T> = Omit<HalfNormal<T>, "family">;

/** @throws TypeError, RangeError naming the parameter that is no array, out of its domain or of a shape that does not broadcast. */
export function halfNormal<T>(ops: ArrayOps<T>, { scale }: HalfNormalParameters<T>): HalfNormal<T> {
  requireParameters(ops, "halfNormal", { scale }, DOMAINS);
  return { family: "halfNormal", scale };
}
