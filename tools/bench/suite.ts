import type { Entry } from "./contestants.ts";
import type { Counts } from "./counts.ts";
import type { PeerName } from "./peers.ts";
import type { Size } from "./sizes.ts";
import type { FactTarget, Target, TimeTarget } from "./targets.ts";
import type { WorkData } from "./work-folder.ts";

export const SUITE_NAMES = ["train", "gemm", "ops", "infer", "codec", "tfjs", "edge"] as const;
export type SuiteName = (typeof SUITE_NAMES)[number];

export interface CaseName {
  readonly work: string;
  /** Examples at a time, where there are any. */
  readonly batch?: number;
}

/** A case and how much work one step of it is. */
export interface CountedCase extends CaseName, Counts {}

/** One piece of work that everyone does at a time. */
export interface Case extends CountedCase {
  /** What contestants must know besides. */
  readonly parameters?: Readonly<Record<string, string | number>>;
  readonly check: Check;
  /** In one measurement. Default: as many as last for it. */
  readonly steps?: number;
}

/** How one sees that everyone does the same work. */
export type Check =
  /** The same number comes out of everyone's last step, up to this relative difference. */
  | { readonly kind: "same"; readonly apart: number }
  /** The loss after `steps` from fresh weights is below `fall` of the first, and within `apart` of the others'. */
  | { readonly kind: "learns"; readonly steps: number; readonly fall: number; readonly apart: number }
  /** Checked in another case of the same work, or of this one. */
  | { readonly kind: "elsewhere"; readonly in?: string };

/** How a time is shown. */
export interface Unit {
  readonly name: string;
  readonly better: "less" | "more";
  readonly of: (one: CountedCase, ms: number) => number;
}

export const MILLISECONDS: Unit = { name: "ms", better: "less", of: (_, ms) => ms };

export interface Suite {
  readonly name: SuiteName;
  readonly title: string;
  /** What is timed, in a paragraph. */
  readonly intro: string;
  readonly unit: Unit;
  readonly cases: readonly Case[];
  /** Those of us, and the limits of the machine. */
  readonly ours: readonly Entry[];
  readonly peers: Readonly<Partial<Record<PeerName, readonly Entry[]>>>;
  /** Peers that take part when nobody says who. */
  readonly usual: readonly PeerName[];
  readonly targets: readonly Target[];
  /** Bounds on what contestants say of themselves. */
  readonly factTargets?: readonly FactTarget[];
  /** Bounds on how long we take. */
  readonly timeTargets?: readonly TimeTarget[];
  /** Milliseconds that one measurement should last. */
  readonly measurement: number;
  /** Writes what everyone works on, where it is not digits. */
  readonly work?: (folder: string) => Promise<WorkData>;
  /** What has to be loaded, measured beside the times. */
  readonly sizes?: (folder: string, peers: readonly PeerName[]) => Promise<readonly Size[]>;
}

export function nameOf({ work, batch }: CaseName): CaseName {
  return batch === undefined ? { work } : { work, batch };
}

export function countsOf({ flops, bytes }: Counts): Counts {
  return { ...(flops !== undefined && { flops }), ...(bytes !== undefined && { bytes }) };
}

/** A case's name for people. */
export function caseName({ work, batch }: CaseName): string {
  return batch === undefined ? work : `${work}, batch ${batch}`;
}

export function sameCase(a: CaseName, b: CaseName): boolean {
  return a.work === b.work && a.batch === b.batch;
}
