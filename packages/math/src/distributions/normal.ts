import type { ArrayOps } from "../array-ops.ts";
import { FINITE, POSITIVE, requireParameters } from "./parameters.ts";
import type { Domains } from "./parameters.ts";

/** The normal distribution, elementwise; `scale` is the standard deviation. */
export interface Normal<T> {
  readonly family: "normal";
  readonly loc: T;
  readonly scale: T;
}

const DOMAINS: Domains<NormalParameters<unknown>> = { loc: FINITE, scale: POSITIVE };

type NormalParameters<T> = Omit<Normal<T>, "family">;

/** @throws TypeError, RangeError naming the parameter that is no array, out of its domain or of a shape that does not broadcast. */
export function normal<T>(ops: ArrayOps<T>, { loc, scale }: NormalParameters<T>): Normal<T> {
  requireParameters(ops, "normal", { loc, scale }, DOMAINS);
  return { family: "normal", loc, scale };
}
