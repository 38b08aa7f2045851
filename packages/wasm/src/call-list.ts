import { BoundCall, execute, type Kernels } from "./bound-call.ts";
import type { Buffer, PlannedCall } from "./planner/plan.ts";

/** The calls of one section, ready to run. */
export interface CallList {
  /** How much memory it wants, at an address that is a multiple of 64. */
  readonly bytes: number;
  /** Takes over where every buffer lies now, and where its own memory does. */
  bind(addressOf: (buffer: Buffer) => number, memory: number): void;
  /** Says that a run follows: threads that sleep may wake while its inputs are written. */
  announce(): void;
  /** The whole of what happens between inputs and results. */
  run(): void;
}

/** Calls run one after the other on this thread. */
export class SerialCalls implements CallList {
  readonly bytes = 0;
  private readonly calls: readonly BoundCall[];

  constructor(calls: readonly PlannedCall[], kernels: Kernels) {
    this.calls = calls.map((call) => new BoundCall(call, kernels));
  }

  bind(addressOf: (buffer: Buffer) => number): void {
    for (const call of this.calls) call.bind(addressOf);
  }

  announce(): void {}

  run(): void {
    execute(this.calls);
  }
}
