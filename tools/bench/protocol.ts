import type { PlanCounts } from "./counts.ts";

// What the bench and a contestant say to each other: one JSON object a line.
//
//     contestant: {"ready": {"node": "20.20.2", ...}}
//     bench:      {"work": "vae", "batch": 128, "steps": 12}
//     contestant: {"msPerStep": 9.5, "value": 187.2}    or    {"unable": "no such operation"}

/** A case's name and numbers, and how often to do it now. */
export type StepRequest = Readonly<Record<string, string | number>> & {
  readonly work: string;
  /** >= 1. */
  readonly steps: number;
};

export interface StepReply {
  /** Wall clock over all steps, divided by the steps. */
  readonly msPerStep: number;
  /** What the last step came to: a loss, the sum of a result. By it one sees that everyone does the same. */
  readonly value: number;
  /** The work of one step, by those who count it. */
  readonly counts?: PlanCounts;
}

export interface Refusal {
  /** Why it cannot do this case. */
  readonly unable: string;
}

/** Versions and settings by name, for the report. */
export type ContestantFacts = Readonly<Record<string, string | number>>;

export type Reply = { readonly ready: ContestantFacts } | StepReply | Refusal;

/** A line of a contestant. `undefined`: a library's chatter, not addressed to us. Throws Error for a broken reply. */
export function parseReply(line: string): Reply | undefined {
  if (!line.startsWith("{")) return undefined;
  const value = parsed(line);
  if (isRecord(value) && isRecord(value["ready"])) return { ready: value["ready"] as ContestantFacts };
  const { msPerStep, value: came, unable, counts } = isRecord(value) ? value : {};
  if (typeof unable === "string") return { unable };
  if (typeof msPerStep === "number" && msPerStep > 0 && typeof came === "number") {
    return { msPerStep, value: came, ...(isRecord(counts) && { counts: counts as unknown as PlanCounts }) };
  }
  throw new Error(`a contestant said ${line.slice(0, 200)}`);
}

/** Python writes what is not a number as NaN, which is no JSON. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
