import type { ArrayOps } from "../array-ops.ts";
import type { Families, FamilyName } from "../distributions/distribution.ts";
import { atLeast } from "../distributions/support.ts";

/** Where the density of a family of one number is positive: everywhere, above 0, between 0 and 1, from `low` to `high`. */
type Support = "line" | "positive" | "unit" | "interval";

const SUPPORTS: { readonly [F in FamilyName]?: Support } = {
  normal: "line",
  laplace: "line",
  gumbel: "line",
  logistic: "line",
  cauchy: "line",
  studentT: "line",
  exponential: "positive",
  gamma: "positive",
  logNormal: "positive",
  weibull: "positive",
  halfNormal: "positive",
  beta: "unit",
  continuousBernoulli: "unit",
  uniform: "interval",
};

/** Whether p's support lies in q's, which a finite KL needs; undefined unless both have a density over one number. */
export function containment(p: FamilyName, q: FamilyName): "always" | "never" | "by parameters" | undefined {
  const [inner, outer] = [SUPPORTS[p], SUPPORTS[q]];
  if (inner === undefined || outer === undefined) return undefined;
  if (outer === "line" || (inner === outer && outer !== "interval")) return "always";
  if (inner === "unit" && outer === "positive") return "always";
  return inner === "interval" || (inner === "unit" && outer === "interval") ? "by parameters" : "never";
}

/** 1 where p's support lies in q's, else 0, for pairs whose {@link containment} depends on parameters. */
export function isContained<T>(ops: ArrayOps<T>, p: Families<T>[FamilyName], q: Families<T>[FamilyName]): T {
  const [inner, outer] = [boundsOf(ops, p), boundsOf(ops, q)];
  const above = atLeast(ops, inner.low, outer.low);
  return outer.high === undefined ? above : ops.mul(above, atLeast(ops, outer.high, inner.high ?? outer.high));
}

function boundsOf<T>(ops: ArrayOps<T>, p: Families<T>[FamilyName]): { readonly low: T; readonly high?: T } {
  if (p.family === "uniform") return p;
  return SUPPORTS[p.family] === "unit" ? { low: ops.scalar(0), high: ops.scalar(1) } : { low: ops.scalar(0) };
}
