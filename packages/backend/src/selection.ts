import type { Engine } from "@isthmus/graph";
import type { EngineName } from "./engine-names.ts";
import type { Environment } from "./environment.ts";
import type { Reason } from "./reason.ts";

/** How an engine came to be chosen. */
export type How = "measured" | "remembered" | "only" | "preferred" | "required" | "overridden";

/** What became of one engine. */
export interface Candidate {
  readonly name: EngineName;
  readonly outcome: "chosen" | "slower" | "unavailable" | "not tried";
  /** One run of the workload, where it was measured, now or when the choice was made that is remembered. */
  readonly milliseconds?: number;
  /** Why it is not the one; of the chosen one nothing. */
  readonly reason?: Reason;
}

/** Which engine was chosen, and why. Plain data. */
export interface Selection {
  readonly engine: EngineName;
  readonly build: string;
  readonly how: How;
  /** For people: one sentence. {@link explain} says all. */
  readonly reason: string;
  /** Every engine there is, in the order in which they are tried. */
  readonly candidates: readonly Candidate[];
  /** What was measured, now or then. */
  readonly workload?: { readonly name: string; readonly batch: number };
  /** What was found of the machine; graphics only where they mattered. */
  readonly environment: Environment;
  /** Where the choice is kept, and what was wrong with what was kept there, or with keeping it. */
  readonly remembering?: { readonly store: string; readonly problem?: Reason };
}

/** An engine that says why it is the one. */
export type SelectedEngine = Engine & { readonly selection: Selection };

/** A selection for people: the reason, and one line for each engine that might have been the one. */
export function explain({ engine, reason, candidates, remembering }: Selection): string[] {
  const others = candidates.filter(({ name, reason: why }) => name !== engine && why?.code !== "BACKEND_REQUIREMENT");
  const problem = remembering?.problem;
  return [
    `${engine}: ${reason}`,
    ...others.map(({ name, reason: why }) => `not ${name}: ${why?.message ?? "it was not tried"}`),
    ...(problem ? [`${remembering.store}: ${problem.message}`] : []),
  ];
}

/** `0.43 ms`, `9.1 ms`, `174 ms`. */
export function millisecondsText(value: number): string {
  return `${value < 1 ? value.toFixed(2) : value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`;
}
