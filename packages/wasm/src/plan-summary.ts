import { buffersOf, type Plan, type PlannedCall } from "./planner/plan.ts";

/** One kernel call, for people and tests. */
export interface CallSummary {
  /** `commit` calls replace state and run only if the guard is finite. */
  readonly section: "compute" | "commit";
  readonly kernel: string;
  /** Names of the nodes the call computes. */
  readonly nodes: readonly string[];
  /** 2 m n k for products, 2 to 14 per element for optimisers, one per element read for the rest, none for copies and noise. */
  readonly flops: number;
  /** Sizes of all buffers the call touches. */
  readonly bytes: number;
}

/** What a program costs at one batch size: work counts, not times. */
export interface PlanSummary {
  readonly batch: number;
  readonly calls: readonly CallSummary[];
  readonly flops: number;
  readonly bytes: number;
  /** Most memory that values inside a run take at once. */
  readonly workspaceBytes: number;
  readonly constantBytes: number;
}

export function summarise({ batch, calls, workspaceBytes, constantBytes }: Plan): PlanSummary {
  const summaries = calls.map(summariseCall);
  const total = (key: "flops" | "bytes") => summaries.reduce((sum, call) => sum + call[key], 0);
  return { batch, calls: summaries, flops: total("flops"), bytes: total("bytes"), workspaceBytes, constantBytes };
}

function summariseCall({ section, kernel, nodes, flops, args }: PlannedCall): CallSummary {
  const bytes = buffersOf(args).reduce((sum, buffer) => sum + buffer.bytes, 0);
  return { section, kernel, nodes, flops, bytes };
}
