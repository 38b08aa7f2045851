import type { ArrayOps } from "../array-ops.ts";
import { POSITIVE, requireParameters } from "./parameters.ts";
import type { Domains } from "./parameters.ts";

/** The Poisson distribution, elementwise: `rate` is its mean. */
export interface Poisson<T> {
  readonly family: "poisson";
  readonly rate: T;
}

const DOMAINS: Domains<PoissonParameters<unknown>> = { rate: POSITIVE };

type PoissonParameters<T> = Omit<Poisson<T>, "family">;

/** @throws TypeError, RangeError naming the parameter that is no array, out of its domain or of a shape that does not broadcast. */
export function poisson<T>(ops: ArrayOps<T>, { rate }: PoissonParameters<T>): Poisson<T> {
  requireParameters(ops, "poisson", { rate }, DOMAINS);
  return { family: "poisson", rate };
}
