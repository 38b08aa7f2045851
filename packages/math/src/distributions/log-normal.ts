import type { ArrayOps } from "../array-ops.ts";
import { FINITE, POSITIVE, requireParameters } from "./parameters.ts";
import type { Domains } from "./parameters.ts";

/** exp of a normal variable, elementwise; `loc` and `scale` are those of the logarithm. */
export interface LogNormal<T> {
  readonly family: "logNormal";
  readonly loc: T;
  readonly scale: T;
}

const DOMAINS: Domains<LogNormalParameters<unknown>> = { loc: FINITE, scale: POSITIVE };

type LogNormalParameters<T> = Omit<LogNormal<T>, "family">;

/** @throws TypeError, RangeError naming the parameter that is no array, out of its domain or of a shape that does not broadcast. */
export function logNormal<T>(ops: ArrayOps<T>, { loc, scale }: LogNormalParameters<T>): LogNormal<T> {
  requireParameters(ops, "logNormal", { loc, scale }, DOMAINS);
  return { family: "logNormal", loc, scale };
}
