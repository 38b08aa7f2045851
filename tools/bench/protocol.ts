// What the bench and a contestant say to each other: one JSON object a line.
//
//     contestant: {"ready": {"node": "20.20.2", ...}}
//     bench:      {"steps": 12, "batch": 128}
//     contestant: {"msPerStep": 9.5, "loss": 187.2}

export interface StepRequest {
  /** Training steps to do now, >= 1. */
  readonly steps: number;
  readonly batch: number;
}

export interface StepReply {
  /** Wall clock over all steps, the reading of the last loss included, divided by the steps. */
  readonly msPerStep: number;
  /** Of the last step's batch: nats per example. */
  readonly loss: number;
}

/** Versions and settings by name, for the report. */
export type ContestantFacts = Readonly<Record<string, string | number>>;

export type Reply = { readonly ready: ContestantFacts } | StepReply;

/** A line of a contestant. `undefined`: a library's chatter, not addressed to us. Throws Error for a broken reply. */
export function parseReply(line: string): Reply | undefined {
  if (!line.startsWith("{")) return undefined;
  const value = parsed(line);
  if (isRecord(value) && isRecord(value["ready"])) return { ready: value["ready"] as ContestantFacts };
  const { msPerStep, loss } = isRecord(value) ? value : {};
  if (typeof msPerStep === "number" && msPerStep > 0 && typeof loss === "number") return { msPerStep, loss };
  throw new Error(`a contestant said ${line.slice(0, 200)}`);
}

/** Python writes a loss that is not a number as NaN, which is no JSON. */
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
