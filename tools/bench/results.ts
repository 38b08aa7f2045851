import type { Contestant } from "./contestant.ts";
import type { Absence } from "./contestants.ts";
import type { PlanCounts } from "./counts.ts";
import type { AtLimit, Roofline } from "./limits.ts";
import type { Quiet } from "./quiet-machine.ts";
import type { Machine } from "./report/machine.ts";
import type { Revision } from "./report/revision.ts";
import { pairedRatios, summarise, type Summary } from "./statistics.ts";
import { type CaseName, type CountedCase, nameOf, sameCase, type SuiteName } from "./suite.ts";
import type { Size } from "./sizes.ts";
import type { FactResult, Ratio, TargetResult, TimeResult } from "./targets.ts";
import type { WorkData } from "./work-folder.ts";

/** What a run of a suite came to: the JSON. */
export interface Results {
  readonly benchmark: SuiteName;
  readonly command: string;
  readonly data: WorkData;
  readonly date: string;
  readonly revision: Revision | null;
  readonly machine: Machine;
  /** Over the last minute, before and after: near 0 and 1 on an idle machine, more when others work on it. */
  readonly loadAverage: { readonly before: number; readonly after: number };
  readonly pairs: number;
  /** Where rounds waited for a machine that does nothing else. */
  readonly quiet?: Quiet;
  readonly cases: readonly CountedCase[];
  readonly contestants: readonly ContestantResult[];
  readonly absent: readonly Absence[];
  readonly ratios: readonly Ratio[];
  readonly targets: readonly TargetResult[];
  readonly facts: readonly FactResult[];
  readonly timeTargets: readonly TimeResult[];
  readonly sizes: readonly Size[];
  readonly rooflines: readonly Roofline[];
  readonly missedAtLimit: readonly AtLimit[];
}

export interface ContestantResult extends Pick<Contestant["spec"], "id" | "label" | "side" | "beside" | "bounds"> {
  readonly facts: Contestant["facts"];
  /** What showed that it does the work. */
  readonly checked: readonly Checked[];
  readonly times: readonly CaseTimes[];
}

/** Milliseconds per step of one case; with the work of one step for limits, and for those of us who count it. */
export interface CaseTimes extends Summary, CaseName, Partial<PlanCounts> {
  /** Steps in one measurement. */
  readonly steps: number;
  readonly samples: readonly number[];
}

/** What came out: of the last step, or of the first and the last of so many. */
export type Checked = CaseName &
  ({ readonly value: number } | { readonly steps: number; readonly first: number; readonly last: number });

/** Every one of ours beside every peer, and everyone beside those it names, at every case both did. */
export function ratiosOf(results: readonly ContestantResult[]): Ratio[] {
  return results.flatMap((ours) =>
    results.filter((other) => isBeside(ours, other)).flatMap((other) => ratiosOfTwo(ours, other)),
  );
}

function ratiosOfTwo(ours: ContestantResult, other: ContestantResult): Ratio[] {
  return other.times.flatMap((times) => {
    const own = ours.times.find((one) => sameCase(one, times));
    if (!own) return [];
    const summary = summarise(pairedRatios(times.samples, own.samples));
    return [{ ours: ours.id, peer: other.id, ...nameOf(times), ...summary }];
  });
}

export function isBeside(
  ours: Pick<ContestantResult, "side" | "beside">,
  other: Pick<ContestantResult, "side" | "id">,
): boolean {
  return (ours.side === "ours" && other.side === "peer") || (ours.beside?.includes(other.id) ?? false);
}
