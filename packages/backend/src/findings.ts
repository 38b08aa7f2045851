import { IsthmusError } from "@isthmus/math";
import { type EngineName, engineNames } from "./engine-names.ts";
import type { Reason } from "./reason.ts";
import { type Candidate, millisecondsText } from "./selection.ts";

/** Reasons not to try an engine, which might be had. */
const untried: ReadonlySet<string> = new Set([
  "BACKEND_REQUIREMENT",
  "BACKEND_LAST_RESORT",
  "BACKEND_SOFTWARE_ADAPTER",
]);

/** What a selection finds out, engine by engine. */
export class Findings {
  /** Why not. */
  readonly reasons: Map<EngineName, Reason> = new Map();
  /** Milliseconds of a run. */
  readonly times: Map<EngineName, number> = new Map();

  /** Takes down the reason against an engine; whether there is none. */
  passes(name: EngineName, reason: Reason | undefined): boolean {
    if (reason) this.reasons.set(name, reason);
    return !reason;
  }

  /** The fastest of `names`, the first of several that are equally fast. */
  fastest(names: readonly EngineName[]): EngineName | undefined {
    return names.reduce<EngineName | undefined>(
      (best, name) => (best && this.time(best) <= this.time(name) ? best : name),
      undefined,
    );
  }

  /** `tfjs:cpu: it computes in plain JavaScript`; some reasons name the engine themselves. */
  said(name: EngineName): string {
    const message = this.reasons.get(name)?.message ?? "it was not tried";
    return message.startsWith(name) ? message : `${name}: ${message}`;
  }

  /** `the fastest, 9.1 ms a run of training 784-20-784 at batch 128; tfjs:wasm 120 ms`. */
  comparison(best: EngineName, workload: { readonly name: string; readonly batch: number }): string {
    const others = [...this.times].filter(([name]) => name !== best).sort(([, a], [, b]) => a - b);
    const run = `${millisecondsText(this.time(best))} a run of ${workload.name} at batch ${workload.batch}`;
    return [`the fastest, ${run}`, ...others.map(([name, time]) => `${name} ${millisecondsText(time)}`)].join("; ");
  }

  candidates(chosen: EngineName): Candidate[] {
    return engineNames.map((name) => this.candidate(name, chosen));
  }

  /** What to say when none is left. */
  failure(wanted: readonly string[]): IsthmusError {
    const what =
      wanted.length > 0 ? `no engine here is what is required, ${wanted.join(" and ")}` : "no engine can be had here";
    const candidates = [...this.reasons].map(([name, reason]) => ({ name, reason }));
    const tried = candidates.filter(({ reason }) => reason.code !== "BACKEND_REQUIREMENT");
    const why = (tried.length > 0 ? tried : candidates).map(({ name }) => this.said(name));
    return new IsthmusError("BACKEND_UNAVAILABLE", [what, ...why].join("; "), { required: wanted, candidates });
  }

  private candidate(name: EngineName, chosen: EngineName): Candidate {
    const [milliseconds, reason] = [this.times.get(name), this.reasons.get(name)];
    const timed = { name, ...(milliseconds !== undefined && { milliseconds }) };
    if (name === chosen) return { ...timed, outcome: "chosen" };
    if (milliseconds !== undefined) return { ...timed, outcome: "slower", reason: this.slower(milliseconds, chosen) };
    if (!reason) return { name, outcome: "not tried" };
    return { name, outcome: untried.has(reason.code) ? "not tried" : "unavailable", reason };
  }

  private slower(milliseconds: number, chosen: EngineName): Reason {
    const [own, best] = [milliseconds, this.time(chosen)].map(millisecondsText);
    return { code: "BACKEND_SLOWER", message: `it takes ${own}, ${chosen} ${best}` };
  }

  private time(name: EngineName): number {
    return this.times.get(name) ?? Number.POSITIVE_INFINITY;
  }
}
