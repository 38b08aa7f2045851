import { IsthmusError } from "@isthmus/math";
import { openWorker, type WorkerPort } from "./worker-port.ts";

/** Words of the control block. */
const fields = {
  /** Counts phases; workers wait for it to change. */
  TICKET: 0,
  /** Workers that are not done with the phase. */
  PENDING: 1,
  /** Where the phase's lists begin, in the table's elements. */
  PHASE: 2,
  /** Workers that have to be woken. */
  SLEEPING: 3,
  QUIT: 4,
  /** Index of a worker whose kernel failed. */
  FAILED: 5,
} as const;

/** Turns of a loop that only looks, some 50 microseconds: longer than what lies between two phases of a run. */
const SPINS = 50_000;

/** How long a worker may take to start, milliseconds. */
const START_MS = 20_000;

/** What every worker is told once. */
export interface PoolModule {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
}

/** Threads that run lists of kernel calls together with the one that made them, phase by phase. */
export class Pool {
  /** This thread and its workers. */
  readonly count: number;
  private readonly workers: WorkerPort[] = [];
  private readonly state: Int32Array<SharedArrayBuffer>;
  private readonly mayBlock: boolean;
  private failure: string | undefined;

  /** @param count threads, this one among them */
  constructor(count: number) {
    this.count = count;
    this.state = new Int32Array(new SharedArrayBuffer(64));
    this.mayBlock = mayBlock(this.state);
  }

  /** Resolves when every worker waits for work. Rejects with what went wrong; then dispose of the pool. */
  async start({ module, memory }: PoolModule, url?: string | URL): Promise<void> {
    while (this.workers.length < this.count - 1) this.workers.push(openWorker(url));
    const shared = { module, memory, control: this.state.buffer, fields, spins: SPINS };
    await Promise.all(this.workers.map((worker, i) => this.answer(worker, { ...shared, index: i + 1 })));
    for (const worker of this.workers) worker.unref();
  }

  private answer(worker: WorkerPort, message: unknown): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("a worker did not start in time")), START_MS);
      const gone = (reason: string) => {
        clearTimeout(timer);
        this.failure ??= reason;
        reject(new Error(reason));
      };
      worker.listen(() => {
        clearTimeout(timer);
        resolve();
      }, gone);
      worker.post(message);
    });
  }

  /**
   * Has the workers begin the phase whose lists lie at element `at` of the table.
   *
   * @throws IsthmusError `ENGINE_THREADS` when a worker is gone
   */
  begin(at: number): void {
    if (this.failure !== undefined) throw threadsError(this.failure);
    const { state } = this;
    Atomics.store(state, fields.PHASE, at);
    Atomics.store(state, fields.PENDING, this.workers.length);
    Atomics.add(state, fields.TICKET, 1);
    if (Atomics.load(state, fields.SLEEPING) > 0) Atomics.notify(state, fields.TICKET);
  }

  /**
   * Waits until all workers are done: looking for a while, then asleep where this thread may sleep.
   *
   * @throws IsthmusError `ENGINE_THREADS` when a worker failed, or took longer than `patience` milliseconds
   */
  finish(patience: number): void {
    const { state } = this;
    for (let spin = 0; spin < SPINS && Atomics.load(state, fields.PENDING) > 0; spin++);
    if (Atomics.load(state, fields.PENDING) > 0) this.outlast(patience);
    if (Atomics.load(state, fields.FAILED) > 0) this.fail("a kernel failed in a worker");
  }

  private outlast(patience: number): void {
    const deadline = performance.now() + patience;
    for (;;) {
      const pending = Atomics.load(this.state, fields.PENDING);
      if (pending === 0) return;
      const left = deadline - performance.now();
      if (left <= 0) this.fail(`${pending} of ${this.workers.length} workers did not answer for ${patience} ms`);
      if (this.mayBlock) Atomics.wait(this.state, fields.PENDING, pending, left);
    }
  }

  private fail(reason: string): never {
    this.failure ??= reason;
    throw threadsError(reason);
  }

  /** Ends the workers. */
  dispose(): void {
    this.failure ??= "the pool was disposed of";
    Atomics.store(this.state, fields.QUIT, 1);
    Atomics.add(this.state, fields.TICKET, 1);
    Atomics.notify(this.state, fields.TICKET);
    for (const worker of this.workers) worker.terminate();
  }
}

function threadsError(reason: string): IsthmusError {
  const message = `the engine's workers cannot go on: ${reason}; make a new engine, with one thread if this happens again`;
  return new IsthmusError("ENGINE_THREADS", message, { reason });
}

/** A page's main thread must not sleep, and says so by throwing. */
function mayBlock(state: Int32Array<SharedArrayBuffer>): boolean {
  try {
    Atomics.wait(state, fields.TICKET, -1, 0);
    return true;
  } catch {
    return false;
  }
}
