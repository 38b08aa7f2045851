import { openblasCore, requireCore } from "./blas.ts";
import { Contestant, type ContestantSpec } from "./contestant.ts";
import type { PeerName } from "./peers.ts";
import type { Suite } from "./suite.ts";

export const BUILDS = ["simd128", "relaxed"] as const;
export type BuildName = (typeof BUILDS)[number];

/** One who may take part. */
export interface Entry {
  readonly label: string;
  /** Takes part only where this build does. */
  readonly build?: BuildName;
  /**
   * @param folder with what everyone works on; programs may be put there
   * @throws Error when it cannot be had
   */
  readonly spec: (folder: string) => Promise<ContestantSpec> | ContestantSpec;
}

/** Someone who could not take part, or not in one case, and why. */
export interface Absence {
  readonly label: string;
  readonly reason: string;
}

export interface Field {
  readonly contestants: readonly Contestant[];
  readonly absent: readonly Absence[];
}

export interface Choice {
  readonly builds: readonly BuildName[];
  readonly peers: readonly PeerName[];
}

/** Starts us and the peers; who cannot start is absent with a reason, which is no failure. */
export async function assemble(suite: Suite, choice: Choice, folder: string): Promise<Field> {
  const contestants: Contestant[] = [];
  const absent: Absence[] = [];
  for (const { label, spec } of entriesOf(suite, choice)) {
    try {
      contestants.push(withCore(await Contestant.start(await spec(folder), folder)));
    } catch (error) {
      absent.push({ label, reason: (error as Error).message });
    }
  }
  for (const peer of choice.peers.filter((name) => !suite.peers[name])) {
    absent.push({ label: peer, reason: `it has no part in the ${suite.name} suite` });
  }
  return { contestants, absent };
}

function entriesOf({ ours, peers }: Suite, choice: Choice): readonly Entry[] {
  const own = ours.filter(({ build }) => build === undefined || choice.builds.includes(build));
  return [...own, ...choice.peers.flatMap((peer) => peers[peer] ?? [])];
}

/** @throws Error, and stops it, if its OpenBLAS is refused */
function withCore(contestant: Contestant): Contestant {
  const core = openblasCore(contestant.chatter);
  try {
    requireCore(core);
  } catch (error) {
    contestant.stop();
    throw error;
  }
  if (core) contestant.facts = { ...contestant.facts, openblasCore: core };
  return contestant;
}
