import type { Problem } from "./journal.ts";

/** What `isthmus-edge status` is told by an agent that runs. */
export interface Snapshot {
  readonly device: string;
  readonly version: string;
  readonly pid: number;
  readonly uptimeSeconds: number;
  /** `null` while there is none. */
  readonly model: { readonly id: string; readonly sha256: string; readonly kernels: string } | null;
  readonly source: {
    readonly name: string;
    readonly rows: number;
    readonly refused: number;
    readonly items: number;
    readonly itemsPerSecond: number;
    /** Items that make no frame yet. */
    readonly waiting: number;
    readonly rawBytes: number;
    readonly encodedBytes: number;
  };
  readonly queue: QueueSnapshot & { readonly dropped: number; readonly damaged: number; readonly diskErrors: number };
  readonly send: {
    readonly target: string;
    readonly stored: number;
    readonly storedPerSecond: number;
    readonly bytes: number;
    readonly bytesPerSecond: number;
    readonly duplicates: number;
    readonly setAside: number;
    readonly refused: Readonly<Record<string, number>>;
    /** Until the next try, after a failure. */
    readonly nextTrySeconds: number | null;
  };
  readonly problems: Readonly<Record<string, Problem>>;
}

/** What is known of a queue whether an agent runs or not. */
export interface QueueSnapshot {
  readonly frames: number;
  /** Of its files. */
  readonly bytes: number;
  readonly limitBytes: number;
  readonly oldestSeconds: number;
  readonly nextSequence: number;
}
