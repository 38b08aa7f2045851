import type { ArrayOps } from "../array-ops.ts";
import { POSITIVE, requireParameters } from "./parameters.ts";
import type { Domains } from "./parameters.ts";

/** The Gamma distribution, elementwise: density proportional to x^(concentration - 1) exp(-rate x). */
export interface Gamma<T> {
  readonly family: "gamma";
  readonly concentration: T;
  readonly rate: T;
}

const DOMAINS: Domains<GammaParameters<unknown>> = { concentration: POSITIVE, rate: POSITIVE };

type GammaParameters<T> = Omit<Gamma<T>, "family">;

/** @throws TypeError, RangeError naming the parameter that is no array, out of its domain or of a shape that does not broadcast. */
export function gamma<T>(ops: ArrayOps<T>, { concentration, rate }: GammaParameters<T>): Gamma<T> {
  requireParameters(ops, "gamma", { concentration, rate }, DOMAINS);
  return { family: "gamma", concentration, rate };
}
