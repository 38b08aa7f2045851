import { IsthmusError } from "@isthmus/math";
import { execute, type Runnable } from "../bound-call.ts";
import { openWorker, type WorkerPort } from "./worker-port.ts";

/** Words of the control block, but for the last. */
const fields = {
  /** Changes with every list, and when one follows soon, which is what workers wait for. */
  TICKET: 0,
  /** Number of the list, then of the first of its calls that nobody has taken. */
  CLAIM: 1,
  /** How many calls are in the list. */
  COUNT: 2,
  /** Where the list begins, in the table's elements. */
  LIST: 3,
  /** How many of its calls are done. */
  DONE: 4,
  /** Workers that have to be woken. */
  SLEEPING: 5,
  QUIT: 6,
  /** Index of a worker whose kernel failed. */
  FAILED: 7,
  /** The bits of CLAIM that number the call. */
  MASK: 1023,
} as const;

/** Most calls in a list: one less than the number that says there are none. */
export const MOST_CALLS: number = fields.MASK - 1;

/**
 * Turns of a loop that only looks, at some 5 ns each: what a worker spends before it sleeps, as long as waking takes, which bridges the
 * ends of uneven shares, and what the first thread spends on calls that workers are about to finish. Longer than this, on a
 * machine with other things to do, looking takes time from those who work.
 */
const WORKER_SPINS = 8000;
const SPINS = 10_000;

/** How long a worker may take to start, milliseconds. */
const START_MS = 20_000;

/** What every worker is told once. */
export interface PoolModule {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
}

/** Workers that run lists of kernel calls together with the thread that made them. */
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
    const shared = { module, memory, control: this.state.buffer, fields, spins: WORKER_SPINS };
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
   * Has everyone take calls from a list until all are done, this thread after some calls of its own. A worker that the machine
   * gives no time to takes none, and nobody waits for it.
   *
   * @param own calls for this thread alone
   * @param list calls for anyone, at most {@link MOST_CALLS}, and at element `at` of the table the same for the workers
   * @throws IsthmusError `ENGINE_THREADS` when a worker is gone, its kernel failed, or it took longer than `patience` milliseconds
   */
  run(own: readonly Runnable[], list: readonly Runnable[], at: number, patience: number): void {
    if (this.failure !== undefined) throw threadsError(this.failure);
    this.publish(at, list.length);
    try {
      execute(own);
      for (let i = this.take(); i >= 0; i = this.take()) {
        list[i]!.run();
        Atomics.add(this.state, fields.DONE, 1);
      }
    } catch (error) {
      this.failure = String(error);
      throw error;
    }
    this.finish(list.length, patience);
  }

  /** Nobody can take from a list that is being replaced: a worker's claim fails when anything has changed since it looked. */
  private publish(at: number, count: number): void {
    const { state } = this;
    const next = (Atomics.load(state, fields.CLAIM) | fields.MASK) + 1;
    Atomics.store(state, fields.CLAIM, next | fields.MASK);
    Atomics.store(state, fields.LIST, at);
    Atomics.store(state, fields.COUNT, count);
    Atomics.store(state, fields.DONE, 0);
    Atomics.store(state, fields.CLAIM, next);
    this.rouse();
  }

  /** Wakes who sleeps, as there is a list or one follows soon, and lets others look for as long again: to wake takes as long as many calls. */
  rouse(): void {
    Atomics.add(this.state, fields.TICKET, 1);
    if (Atomics.load(this.state, fields.SLEEPING) > 0) Atomics.notify(this.state, fields.TICKET);
  }

  /** Number of a call that nobody else will make, -1 when all are taken. */
  private take(): number {
    const { state } = this;
    for (;;) {
      const claim = Atomics.load(state, fields.CLAIM);
      const index = claim & fields.MASK;
      if (index >= Atomics.load(state, fields.COUNT)) return -1;
      if (Atomics.compareExchange(state, fields.CLAIM, claim, claim + 1) === claim) return index;
    }
  }

  /** Waits for what workers have taken: looking for a while, then asleep where this thread may sleep. */
  private finish(count: number, patience: number): void {
    const { state } = this;
    for (let spin = 0; spin < SPINS && Atomics.load(state, fields.DONE) < count; spin++);
    if (Atomics.load(state, fields.DONE) < count) this.outlast(count, patience);
    if (Atomics.load(state, fields.FAILED) > 0) this.fail("a kernel failed in a worker");
  }

  private outlast(count: number, patience: number): void {
    const deadline = performance.now() + patience;
    for (;;) {
      const done = Atomics.load(this.state, fields.DONE);
      if (done === count) return;
      const left = deadline - performance.now();
      if (left <= 0) this.fail(`${count - done} of ${count} calls were not done after ${patience} ms`);
      if (this.mayBlock) Atomics.wait(this.state, fields.DONE, done, left);
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
