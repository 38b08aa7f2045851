/** Simulations on several cores: the counts of one, sooner. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { IsthmusError } from "@isthmus/math";
import { BATCH, Runner, type ErrorCounts, type System } from "../blocks.ts";
import { requireWhole } from "../checks.ts";
import { simulateBy, type Simulation, type SimulationSettings } from "../simulate.ts";
import type { Counted, Span } from "./simulation-worker.ts";

/** A system as data, for every process to make its own. */
export interface SystemRecipe {
  /** The URL of a module that exports `system`, a function from `data` to a {@link System} or a promise of one. */
  readonly module: string;
  /** What can be sent to a process: numbers, typed arrays, records. */
  readonly data: unknown;
}

export interface ParallelSettings extends SimulationSettings {
  /** Default: as many as the machine runs at once. */
  readonly workers?: number;
  /** Options of Node for the processes. Default: those of this one. */
  readonly execArgv?: readonly string[];
}

/**
 * `simulate` with batches spread over processes. Batches are functions of their number, and are added up in their order until it is
 * enough: the counts are those of `simulate`, for any number of workers, and each may go on from the other's state.
 *
 * @throws TypeError, RangeError naming an option; as `simulate`; IsthmusError `CHANNEL_WORKER` when a process ends before its time.
 */
export async function simulateInParallel(recipe: SystemRecipe, settings: ParallelSettings): Promise<Simulation> {
  const { workers = availableParallelism(), execArgv } = settings;
  requireWhole("workers", workers, 1, 256);
  const { system } = (await import(recipe.module)) as { system: (data: unknown) => System | Promise<System> };
  const runner = await Runner.create(await system(recipe.data));
  const crew = Array.from({ length: workers }, () => new Worker(recipe, execArgv));
  let each = FIRST_SPAN;
  try {
    return await simulateBy(runner, settings, async (counts, place, isEnough) => {
      const began = performance.now();
      const first = counts.blocks / BATCH;
      const spans = crew.map((worker, i) =>
        worker.count({ ...place, from: first + i * each, to: first + (i + 1) * each }),
      );
      counts = addedUp(counts, await Promise.all(spans), isEnough);
      each = Math.max(1, Math.round(each * Math.min(4, Math.max(0.25, TURN / (performance.now() - began)))));
      return counts;
    });
  } finally {
    await Promise.all(crew.map((worker) => worker.dismiss()));
  }
}

/** Batches given to each worker at a time: some at first, then as many as take this many milliseconds. */
const FIRST_SPAN = 8;
const TURN = 150;

/** In the order of the batches, up to the one after which it is enough. */
function addedUp(
  counts: ErrorCounts,
  spans: readonly Float64Array[],
  isEnough: (counts: ErrorCounts) => boolean,
): ErrorCounts {
  let { blocks, blockErrors, bitErrors, squaredBitErrors } = counts;
  const now = (): ErrorCounts => ({ blocks, blockErrors, bitErrors, squaredBitErrors });
  for (const span of spans) {
    for (let at = 0; at < span.length && !isEnough(now()); at += 3) {
      blocks += BATCH;
      blockErrors += span[at]!;
      bitErrors += span[at + 1]!;
      squaredBitErrors += span[at + 2]!;
    }
  }
  return now();
}

/** The workers' file beside this one, from the sources or built. */
const workerFile = new URL(
  import.meta.url.endsWith(".ts") ? "./simulation-worker.ts" : "./simulation-worker.js",
  import.meta.url,
);

/** A process that counts one span at a time. */
class Worker {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #settle: ((counted: Counted) => void) | undefined;

  constructor(recipe: SystemRecipe, execArgv: readonly string[] | undefined) {
    // structured clones instead of JSON, so that typed arrays arrive as such
    const options = { serialization: "advanced", ...(execArgv && { execArgv: [...execArgv] }) } as const;
    this.#child = fork(fileURLToPath(workerFile), options);
    this.#child.on("message", (counted: Counted) => this.#settle?.(counted));
    this.#child.on("error", () => {}); // an exit follows, or has been
    this.#ended = once(this.#child, "exit");
    this.#child.send(recipe);
  }

  count(span: Span): Promise<Float64Array> {
    return new Promise((resolve, reject) => {
      const lost = (): void => reject(new IsthmusError("CHANNEL_WORKER", "a simulating process ended before its time"));
      this.#settle = (counted) => {
        if ("counts" in counted) resolve(counted.counts);
        else reject(new IsthmusError(counted.code, counted.message, counted.details));
      };
      if (this.#child.connected) this.#child.send(span);
      void this.#ended.then(lost);
    });
  }

  async dismiss(): Promise<void> {
    this.#child.kill();
    await this.#ended;
  }
}
