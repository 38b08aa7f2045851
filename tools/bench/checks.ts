import type { Check } from "./suite.ts";
import { quantile } from "./statistics.ts";

export interface LossCurve {
  readonly first: number;
  readonly last: number;
}

/** Why a contestant whose loss went like this cannot have done the work that all are timed at; nothing when it can. */
export function lossObjection(
  { first, last }: LossCurve,
  all: readonly LossCurve[],
  { fall, apart }: Pick<Check & { kind: "learns" }, "fall" | "apart">,
): string | undefined {
  if (!(last < fall * first)) return `its loss went from ${first} to ${last}`;
  // Initial weights differ between libraries; the data and their order do not.
  const ends = all.map((one) => one.last);
  return valueObjection(last, ends, apart, "loss");
}

/** Why a contestant whose last step came to `value` cannot have done what the others did; nothing when it can. */
export function valueObjection(
  value: number,
  all: readonly number[],
  apart: number,
  name = "result",
): string | undefined {
  const usual = quantile(all, 0.5);
  if (Math.abs(value - usual) <= apart * Math.abs(usual)) return undefined;
  return `its ${name} came to ${value}, that of the others to about ${usual}`;
}
