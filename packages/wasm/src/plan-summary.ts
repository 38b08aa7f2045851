import { buffersOf, type Plan, type PlannedCall, type PlannedChoice } from "./planner/plan.ts";

/** One kernel call, for people and tests. */
export interface CallSummary {
  /** `commit` calls replace state and run only if the guard is finite. */
  readonly section: "compute" | "commit";
  readonly kernel: string;
  /** Names of the nodes the call computes. */
  readonly nodes: readonly string[];
  /** 2 m n k for products, 2 to 14 per element for optimisers (2 more where they make the gradient, too), one per element read for the rest, none for copies and noise. */
  readonly flops: number;
  /** Sizes of all buffers the call touches. */
  readonly bytes: number;
  /** Where every run chooses by its data: the first that finds few enough elements is taken. */
  readonly choices: readonly ChoiceSummary[];
}

/** How a product is made: zeros of an operand are left out when there are enough of them, to the same bits, and so is what relu ends of a gradient, with other last bits. */
export interface ChoiceSummary {
  /** Name of the node whose value is looked at. */
  readonly operand: string;
  /** Zeros are left out when at most this part of its elements is not zero. */
  readonly sparseUpTo: number;
  /** The state tensor whose rows are then not read, and that must be known to be finite for it. */
  readonly weights?: string;
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

function summariseCall({ section, kernel, nodes, flops, args, choices }: PlannedCall): CallSummary {
  const bytes = buffersOf(args).reduce((sum, buffer) => sum + buffer.bytes, 0);
  return { section, kernel, nodes, flops, bytes, choices: choices.map(summariseChoice) };
}

function summariseChoice({ operand, sparseUpTo, weights }: PlannedChoice): ChoiceSummary {
  return { operand, sparseUpTo, ...(weights && { weights: weights.name }) };
}

/** The plan as text: a line of totals, then a line for each call. */
export function planText(plan: PlanSummary): string {
  const { batch, calls, flops, workspaceBytes, constantBytes } = plan;
  const memory = `${kib(workspaceBytes)} of workspace, ${kib(constantBytes)} of constants`;
  const head = `batch ${batch}: ${calls.length} calls, ${(flops / 1e6).toFixed(1)} MFLOP, ${memory}`;
  return [head, ...calls.map(callText)].join("\n");
}

function callText({ section, kernel, nodes, flops, bytes, choices }: CallSummary): string {
  const work = `${(flops / 1e6).toFixed(2)} MFLOP`.padStart(14) + kib(bytes).padStart(12);
  return `${section.padEnd(8)} ${kernel.padEnd(24)}${work}  ${nodes.join(", ")}${choices.length > 0 ? choicesText(choices) : ""}`;
}

function choicesText(choices: readonly ChoiceSummary[]): string {
  const ways = choices.map(({ operand, sparseUpTo, weights }) => {
    const condition = weights === undefined ? "" : ` and ${weights} is finite`;
    return `sparse when at most ${100 * sparseUpTo} % of ${operand} is not zero${condition}, else `;
  });
  return `; ${ways.join("")}dense`;
}

function kib(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KiB`;
}
