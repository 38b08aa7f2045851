import type { ArrayOps } from "../array-ops.ts";
import { POSITIVE, requireParameters, requireRank } from "./parameters.ts";
import type { Domains } from "./parameters.ts";

/** The Dirichlet distribution on the simplex of the last axis: density proportional to prod x_k^(concentration_k - 1). */
export interface Dirichlet<T> {
  readonly family: "dirichlet";
  /** [..., classes] */
  readonly concentration: T;
}

const DOMAINS: Domains<DirichletParameters<unknown>> = { concentration: POSITIVE };

type DirichletParameters<T> = Omit<Dirichlet<T>, "family">;

/** @throws TypeError, RangeError naming the parameter that is no array, not positive and finite or without an axis of classes. */
export function dirichlet<T>(ops: ArrayOps<T>, { concentration }: DirichletParameters<T>): Dirichlet<T> {
  requireParameters(ops, "dirichlet", { concentration }, DOMAINS);
  requireRank(ops, "dirichlet.concentration", concentration, 1);
  return { family: "dirichlet", concentration };
}
