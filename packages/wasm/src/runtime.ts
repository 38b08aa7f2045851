import type { Kernels } from "./bound-call.ts";
import { type CallList, SerialCalls } from "./call-list.ts";
import type { Heap } from "./heap.ts";
import type { Scratch } from "./planner/plan-builder.ts";
import type { Plan, Section } from "./planner/plan.ts";
import type { Pool } from "./threads/pool.ts";
import { SharedCalls } from "./threads/shared-calls.ts";
import { sharedScratch } from "./threads/shared-scratch.ts";
import { Workspace } from "./workspace.ts";

/** What everything made by one engine shares. */
export class Runtime {
  readonly heap: Heap;
  readonly workspace: Workspace;
  readonly kernels: Kernels;
  /** Room for every thread's share. */
  readonly scratch: Scratch;
  /** How many runs there were: a result is fresh as long as this has not changed. */
  runs = 0;
  readonly threads: number;
  private readonly pool: Pool | undefined;

  constructor(heap: Heap, kernels: Kernels, pool?: Pool) {
    this.threads = pool?.count ?? 1;
    this.heap = heap;
    this.workspace = new Workspace(heap);
    this.kernels = kernels;
    this.scratch = sharedScratch(kernels as unknown as Scratch, this.threads);
    this.pool = pool;
  }

  callList(plan: Plan, section: Section): CallList {
    const calls = plan.calls.filter((call) => call.section === section);
    if (!this.pool) return new SerialCalls(calls, this.kernels);
    return new SharedCalls(calls, plan, this.kernels, this.heap, this.pool);
  }

  dispose(): void {
    this.pool?.dispose();
    this.heap.dispose();
  }
}
