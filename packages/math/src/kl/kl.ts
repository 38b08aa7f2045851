import type { ArrayOps } from "../array-ops.ts";
import type { Distribution, Families, FamilyName } from "../distributions/distribution.ts";
import { CLOSED_FORMS, type KlFormula } from "./closed-forms.ts";
import { noClosedForm } from "./no-closed-form.ts";

export function kl<T>(ops: ArrayOps<T>, p: Distribution<T>, q: Distribution<T>): T {
  const formula = CLOSED_FORMS[p.family]?.[q.family] as KlFormula<FamilyName, FamilyName> | undefined;
  if (formula === undefined) throw noClosedForm(p.family, q.family);
  return formula(ops, p, q);
}
