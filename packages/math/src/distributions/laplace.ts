import type { ArrayOps } from "../array-ops.ts";
import { FINITE, POSITIVE, requireParameters } from "./parameters.ts";
import type { Domains } from "./parameters.ts";

/** The Laplace distribution, elementwise: density exp(-|x - loc| / scale) / (2 scale). */
export interface Laplace<T> {
  readonly family: "laplace";
  readonly loc: T;
  readonly scale: T;
}

const DOMAINS: Domains<LaplaceParameters<unknown>> = { loc: FINITE, scale: POSITIVE };

type LaplaceParameters<T> = Omit<Laplace<T>, "family">;

/** @throws TypeError, RangeError naming the parameter that is no array, out of its domain or of a shape that does not broadcast. */
export function laplace<T>(ops: ArrayOps<T>, { loc, scale }: LaplaceParameters<T>): Laplace<T> {
  requireParameters(ops, "laplace", { loc, scale }, DOMAINS);
  return { family: "laplace", loc, scale };
}
