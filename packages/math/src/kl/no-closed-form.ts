import { IsthmusError } from "../errors.ts";

/** What `kl` throws for a pair that it has no formula for; `when` says what would have one. */
export function noClosedForm(p: string, q: string, when?: string): IsthmusError {
  const condition = when === undefined ? "" : ` ${when}`;
  const advice = "klDivergence() estimates it from samples of both";
  const message = `KL(${p} || ${q}) has no closed form${condition}; ${advice}`;
  return new IsthmusError("KL_NO_CLOSED_FORM", message, { p, q });
}
