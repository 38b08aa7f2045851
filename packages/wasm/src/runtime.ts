import type { Heap } from "./heap.ts";
import type { Scratch } from "./planner/plan-builder.ts";
import { Workspace } from "./workspace.ts";

/** What everything made by one engine shares. */
export class Runtime {
  readonly heap: Heap;
  readonly workspace: Workspace;
  readonly kernels: Readonly<Record<string, unknown>>;
  readonly scratch: Scratch;
  /** How many runs there were: a result is fresh as long as this has not changed. */
  runs = 0;

  constructor(heap: Heap, kernels: Readonly<Record<string, unknown>>) {
    this.heap = heap;
    this.workspace = new Workspace(heap);
    this.kernels = kernels;
    this.scratch = kernels as unknown as Scratch;
  }
}
