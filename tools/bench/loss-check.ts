import { quantile } from "./statistics.ts";

export interface LossCurve {
  readonly first: number;
  readonly last: number;
}

/** An untrained decoder gives each of 784 pixels about half a chance: 784 ln 2 = 543 nats. */
const LEAST_FALL = 0.6;
/** Initial weights differ between libraries; the data and their order do not. */
const MOST_APART = 0.1;

/** Why a contestant whose loss went like this cannot have done the work that all are timed at; nothing when it can. */
export function lossObjection(curve: LossCurve, all: readonly LossCurve[]): string | undefined {
  const { first, last } = curve;
  if (!(last < LEAST_FALL * first)) return `its loss went from ${first} to ${last}`;
  const usual = quantile(
    all.map((one) => one.last),
    0.5,
  );
  if (Math.abs(last - usual) <= MOST_APART * usual) return undefined;
  return `its loss came to ${last}, that of the others to about ${usual}`;
}
