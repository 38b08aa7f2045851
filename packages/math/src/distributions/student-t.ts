import type { ArrayOps } from "../array-ops.ts";
import { FINITE, POSITIVE, requireParameters } from "./parameters.ts";
import type { Domains } from "./parameters.ts";

/** Student's t distribution with `df` degrees of freedom, moved and scaled, elementwise; `scale` is not its standard deviation. */
export interface StudentT<T> {
  readonly family: "studentT";
  readonly df: T;
  readonly loc: T;
  readonly scale: T;
}

const DOMAINS: Domains<StudentTParameters<unknown>> = { df: POSITIVE, loc: FINITE, scale: POSITIVE };

type StudentTParameters<T> = Omit<StudentT<T>, "family">;

/** @throws TypeError, RangeError naming the parameter that is no array, out of its domain or of a shape that does not broadcast. */
export function studentT<T>(ops: ArrayOps<T>, { df, loc, scale }: StudentTParameters<T>): StudentT<T> {
  requireParameters(ops, "studentT", { df, loc, scale }, DOMAINS);
  return { family: "studentT", df, loc, scale };
}
