/** How well scores tell faulty machines from healthy ones. */
import { MACHINE_FAULTS, type MachineFault } from "@isthmus/data";
import { areaUnderRoc, partialAreaUnderRoc } from "@isthmus/math";
import type { Recording } from "./machine-recordings.ts";

/** Share of false alarms that partial areas reach to, as in the DCASE challenge. */
export const FEW_ALARMS = 0.1;

/** Areas under ROC curves; each is of one machine's recordings alone. */
export interface Detection {
  /** Means over machines. */
  readonly area: number;
  readonly partial: number;
  readonly machines: readonly number[];
  /** Of one kind of fault beside the healthy recordings, means over machines. */
  readonly faults: Readonly<Record<MachineFault, number>>;
}

/** @param scores one for each recording, higher for those that are more likely faulty */
export function detectionOf(recordings: readonly Recording[], scores: readonly number[]): Detection {
  const groups = [...new Set(recordings.map(({ machine }) => machine))].map((machine) =>
    recordings.flatMap((one, i) => (one.machine === machine ? [{ fault: one.fault, score: scores[i]! }] : [])),
  );
  const areas = groups.map((group) => areaOf(group));
  const ofFault = (fault: MachineFault): number =>
    mean(groups.map((group) => areaOf(group.filter((one) => one.fault === undefined || one.fault === fault))));
  return {
    area: mean(areas),
    partial: mean(groups.map((group) => partialAreaUnderRoc(...split(group), FEW_ALARMS))),
    machines: areas,
    faults: Object.fromEntries(MACHINE_FAULTS.map((fault) => [fault, ofFault(fault)])) as Record<MachineFault, number>,
  };
}

interface Scored {
  readonly fault: MachineFault | undefined;
  readonly score: number;
}

function areaOf(group: readonly Scored[]): number {
  return areaUnderRoc(...split(group));
}

function split(group: readonly Scored[]): [scores: number[], faulty: boolean[]] {
  return [group.map(({ score }) => score), group.map(({ fault }) => fault !== undefined)];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
