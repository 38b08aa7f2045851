import { IsthmusError } from "../errors.ts";
import type { FamilyName } from "./distribution.ts";

/** What is thrown for an operation that a family does not have. */
export function noClosedForm(operation: string, family: FamilyName): IsthmusError {
  return new IsthmusError(
    "DISTRIBUTION_NO_CLOSED_FORM",
    `${operation}: the family "${family}" has none in closed form; estimate it from samples`,
    { operation, family },
  );
}
