import { probe } from "@isthmus/kernels";
import { builtinModule, hasWorkers } from "./worker-port.ts";

/** Why an engine has one thread although more were asked for. */
export type ThreadsReasonCode =
  | "THREADS_NO_SHARED_MEMORY"
  | "THREADS_NOT_ISOLATED"
  | "THREADS_NO_WORKERS"
  | "THREADS_NOT_STARTED";

export interface ThreadsReason {
  readonly code: ThreadsReasonCode;
  /** For people: what is missing, and what to do about it. */
  readonly message: string;
}

/** How many threads run a program's calls, the caller's among them. */
export interface Threads {
  readonly count: number;
  /** Only when there are fewer than were asked for. */
  readonly reason?: ThreadsReason;
}

/** More gain nothing: the calls of a step are small. */
const MOST_AUTOMATIC = 8;
const MOST = 64;

/** @throws RangeError unless `threads` is a whole number from 1 to 64 or "auto" */
export function requestedThreads(threads: number | "auto"): number {
  if (threads === "auto") return Math.min(cores(), MOST_AUTOMATIC);
  if (Number.isSafeInteger(threads) && threads >= 1 && threads <= MOST) return threads;
  throw new RangeError(`"threads" expected "auto" or a whole number from 1 to ${MOST}, got ${String(threads)}`);
}

/** Logical processors, as far as the runtime says. */
export function cores(): number {
  const os = builtinModule("node:os") as { availableParallelism(): number } | undefined;
  return os?.availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1;
}

/** What keeps this environment from running threads; nothing where they can be tried. */
export function obstacle(): ThreadsReason | undefined {
  if (
    (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated === false &&
    !builtinModule("node:worker_threads")
  ) {
    const message =
      "the page is not cross-origin isolated: serve it with Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp";
    return { code: "THREADS_NOT_ISOLATED", message };
  }
  if (!probe().threads) {
    return {
      code: "THREADS_NO_SHARED_MEMORY",
      message: "this runtime has no shared WebAssembly memory; a newer one has",
    };
  }
  if (!hasWorkers())
    return { code: "THREADS_NO_WORKERS", message: "this runtime has neither worker_threads nor Worker" };
  return undefined;
}

/** What to say when threads were tried. */
export function notStarted(error: unknown): ThreadsReason {
  const cause = error instanceof Error ? error.message : String(error);
  const message = `the workers did not start: ${cause}; if a policy forbids blob workers, serve workerSource and pass its address as workerUrl`;
  return { code: "THREADS_NOT_STARTED", message };
}
