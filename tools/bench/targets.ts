import { type CaseName, sameCase } from "./suite.ts";
import type { Summary } from "./statistics.ts";

/** The other's time divided by ours, round by round: above 1 we are faster. */
export interface Ratio extends Summary, CaseName {
  readonly ours: string;
  readonly peer: string;
}

export interface Target extends CaseName {
  readonly ours: string;
  /** Of several, the one that comes out best counts. */
  readonly peers: readonly string[];
  /** The median ratio must reach this. */
  readonly atLeast: number;
}

export interface TargetResult extends Omit<Target, "peers"> {
  /** The one that counted; the first where none was measured. */
  readonly peer: string;
  readonly ratio: number | null;
  readonly verdict: "PASS" | "MISSED" | "not measured";
}

/** A bound on a fact that one of ours tells: the size of the kernels. */
export interface FactTarget {
  readonly ours: string;
  readonly fact: string;
  readonly atMost: number;
}

export interface FactResult extends FactTarget {
  readonly value: number | null;
  readonly verdict: TargetResult["verdict"];
}

/** A bound on how long one of ours takes. */
export interface TimeTarget extends CaseName {
  readonly ours: string;
  /** The median must not be above this. */
  readonly atMostMs: number;
}

export interface TimeResult extends TimeTarget {
  readonly ms: number | null;
  readonly verdict: TargetResult["verdict"];
}

/** PyTorch on the better of one and two threads. */
export const TORCH: readonly string[] = ["torch-1", "torch-2"];

export function judge(targets: readonly Target[], ratios: readonly Ratio[]): TargetResult[] {
  return targets.map(({ peers, ...target }) => {
    const of = (one: Ratio): boolean => one.ours === target.ours && peers.includes(one.peer) && sameCase(one, target);
    const [least] = ratios.filter(of).toSorted((a, b) => a.median - b.median);
    if (!least) return { ...target, peer: peers[0]!, ratio: null, verdict: "not measured" };
    const ratio = least.median;
    return { ...target, peer: least.peer, ratio, verdict: ratio >= target.atLeast ? "PASS" : "MISSED" };
  });
}

export function judgeFacts(
  targets: readonly FactTarget[],
  contestants: readonly { readonly id: string; readonly facts: Readonly<Record<string, unknown>> }[],
): FactResult[] {
  return targets.map((target) => {
    const value = contestants.find(({ id }) => id === target.ours)?.facts[target.fact];
    if (typeof value !== "number") return { ...target, value: null, verdict: "not measured" };
    return { ...target, value, verdict: value <= target.atMost ? "PASS" : "MISSED" };
  });
}

export function judgeTimes(
  targets: readonly TimeTarget[],
  contestants: readonly { readonly id: string; readonly times: readonly (CaseName & { readonly median: number })[] }[],
): TimeResult[] {
  return targets.map((target) => {
    const times = contestants.find(({ id }) => id === target.ours)?.times.find((one) => sameCase(one, target));
    if (!times) return { ...target, ms: null, verdict: "not measured" };
    return { ...target, ms: times.median, verdict: times.median <= target.atMostMs ? "PASS" : "MISSED" };
  });
}

/** The same work at the two builds' own bounds. */
export function bothBuilds(
  one: CaseName & Pick<Target, "peers">,
  [simd128, relaxed]: readonly [number, number],
  threads = "",
): Target[] {
  return [
    { ours: `isthmus-simd128${threads}`, ...one, atLeast: simd128 },
    { ours: `isthmus-relaxed${threads}`, ...one, atLeast: relaxed },
  ];
}
