import type { Machine } from "../report/machine.ts";
import type { Revision } from "../report/revision.ts";
import type { Summary } from "../statistics.ts";
import type { LoadReport } from "./load-protocol.ts";

/** What a run of the suite came to: the JSON. */
export interface ServiceResults {
  readonly benchmark: "service";
  readonly command: string;
  readonly date: string;
  readonly revision: Revision | null;
  readonly machine: Machine;
  readonly loadAverage: { readonly before: number; readonly after: number };
  /** Bytes of one stream of one item, and of one of 32. */
  readonly streamBytes: { readonly one: number; readonly many: number };
  readonly rounds: number;
  /** Of one measurement. */
  readonly seconds: number;
  readonly throughput: readonly Throughput[];
  readonly overload: readonly Overload[];
  readonly memory: Memory;
  readonly verdicts: readonly Verdict[];
}

export type Work =
  | "ingest, 1 frame a request"
  | "ingest, 32 frames a request"
  | "decode, 1 item a request"
  | "decode, 32 items a request";

/** One who did a piece of work, over all rounds. */
export interface Throughput {
  readonly work: Work;
  readonly who: "service" | "echo" | "onnxruntime";
  /** None of onnxruntime, which is called directly. */
  readonly connections: number | null;
  /** Frames or items a second. */
  readonly perSecond: Summary;
  /** The same for each second of processor time of the process, all threads; null where the system does not tell. */
  readonly perCpuSecond: Summary | null;
  /** Milliseconds, of each round the quantile; null where nothing is waited for. */
  readonly p50: Summary | null;
  readonly p99: Summary | null;
  /** Answers that were not 200. */
  readonly failed: number;
  /** Seconds of processor time that making the load took, for each second. */
  readonly loadCpu: number;
  /** By round: what ratios are taken of. */
  readonly samples: readonly number[];
}

/** Requests of one kind come at half the capacity, then at twice, then at half again. */
export interface Overload {
  readonly work: Work;
  /** Answers a second of the service with eight connections, just before. */
  readonly capacity: number;
  readonly phases: readonly OverloadPhase[];
}

export interface OverloadPhase extends LoadReport {
  readonly name: "before" | "twice the capacity" | "after";
  readonly asked: number;
}

export interface Memory {
  readonly minutes: number;
  /** MiB resident, once every so often. */
  readonly everySeconds: number;
  readonly residentMiB: readonly number[];
  /** Requests that were answered meanwhile. */
  readonly answers: Readonly<Record<string, number>>;
  /** Medians of the second and of the last quarter, and MiB a minute from one to the other; null where the system does not tell. */
  readonly early: number | null;
  readonly late: number | null;
  readonly slope: number | null;
}

export interface Verdict {
  readonly what: string;
  readonly line: string;
  readonly measured: string;
  readonly verdict: "PASS" | "MISSED" | "not measured";
}
