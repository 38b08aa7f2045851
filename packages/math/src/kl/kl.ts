import type { Distribution, Families, FamilyName } from "../distributions/distribution.ts";
import { requireDistribution } from "../distributions/parameters.ts";
import { FAMILIES } from "../distributions/families.ts";
import type { MathOps } from "../math-ops.ts";
import { closedForm, klOutcome } from "./closed-forms.ts";
import type { KlOutcome } from "./closed-forms.ts";
import { noClosedForm } from "./no-closed-form.ts";

/**
 * KL(p || q) = E_p[log p(X) - log q(X)] in nats: how many more a code made for q takes for draws from p. Never negative, 0
 * where p and q are equal, and Infinity where p has outcomes that q has not or a tail that is too heavy. Not symmetric.
 *
 * Of elementwise families: the shape that the parameters broadcast to. Of families with an event on the last axis: that
 * shape without it. {@link klPairs} lists the pairs; those that need special functions work where the operations have them.
 *
 * @throws TypeError naming what is no distribution; IsthmusError `KL_NO_CLOSED_FORM` for a pair that has none: see
 * `klDivergence`.
 */
export function kl<T>(ops: MathOps<T>, p: Distribution<T>, q: Distribution<T>): T {
  requireDistribution("p", p);
  requireDistribution("q", q);
  if (p.family === "independent" && q.family === "independent") return klIndependent(ops, p, q);
  if (klOutcome(p.family, q.family) === undefined) throw noClosedForm(p.family, q.family);
  return closedForm(ops, p, q);
}

/** Sums the KL of the bases over the axes, which must be the same. */
function klIndependent<T>(ops: MathOps<T>, p: Families<T>["independent"], q: Families<T>["independent"]): T {
  const [own, other] = [p, q].map(({ axes }) => [...axes].sort((a, b) => a - b).join(", "));
  if (own !== other) throw new RangeError(`"q.axes" expected [${own}] as in p, got [${other}]`);
  return ops.sum(kl(ops, p.base, q.base), { axes: p.axes });
}

/** A pair of families with a closed form, and what it gives. */
export interface KlPair {
  readonly p: FamilyName;
  readonly q: FamilyName;
  readonly outcome: KlOutcome;
}

/** Every pair that `kl` has a closed form for, in the order of the families; `independent` takes any of them as base. */
export function klPairs(): readonly KlPair[] {
  const names = Object.keys(FAMILIES) as FamilyName[];
  return names.flatMap((p) =>
    names.flatMap((q) => {
      const outcome = klOutcome(p, q);
      return outcome === undefined ? [] : [{ p, q, outcome }];
    }),
  );
}
