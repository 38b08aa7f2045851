import { oneLine } from "@isthmus/command-line/node";

/** The last that went wrong of one kind. */
export interface Problem {
  readonly message: string;
  /** How often in all, since the start. */
  readonly count: number;
  /** When last, as an ISO date, by the wall clock. */
  readonly at: string;
  readonly isSolved: boolean;
}

/** The same message is written once a minute at the most. */
const QUIET_MS = 60_000;

/** What the agent has to say: lines for whoever reads its log, and the last problem of each kind for `status`. */
export class Journal {
  readonly #write: (line: string) => void;
  readonly #problems: Map<string, Problem> = new Map();
  readonly #written: Map<string, { readonly message: string; readonly at: number }> = new Map();

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  get problems(): Readonly<Record<string, Problem>> {
    return Object.fromEntries(this.#problems);
  }

  say(message: string): void {
    this.#write(`isthmus-edge: ${oneLine(message)}\n`);
  }

  /** @param kind what it is about, such as `send`; of each kind the last is kept */
  problem(kind: string, message: string): void {
    const count = (this.#problems.get(kind)?.count ?? 0) + 1;
    this.#problems.set(kind, { message: oneLine(message), count, at: new Date().toISOString(), isSolved: false });
    const written = this.#written.get(kind);
    const now = performance.now();
    if (written?.message === message && now - written.at < QUIET_MS) return;
    this.#written.set(kind, { message, at: now });
    this.say(message);
  }

  /** Says so once, where there was a problem of this kind. */
  solved(kind: string, message: string): void {
    const problem = this.#problems.get(kind);
    if (!problem || problem.isSolved) return;
    this.#problems.set(kind, { ...problem, isSolved: true });
    this.#written.delete(kind);
    this.say(message);
  }
}
