import { IsthmusError } from "@isthmus/math";
import type { Given, Made, TaskName } from "./task.ts";
import { type ModelSource, Worker } from "./worker.ts";

export interface CrewOptions {
  /** Processes that run networks. */
  readonly workers: number;
  /** How long a task may take. Default: 30 s. */
  readonly patienceMs?: number;
  /** Tasks that may wait for a process; more are refused. Default: 256. */
  readonly mostWaiting?: number;
  /** Options of Node for the processes. Default: those of this one. */
  readonly execArgv?: readonly string[];
}

interface Waiting {
  readonly model: ModelSource | undefined;
  readonly start: (worker: Worker) => Promise<void>;
  readonly refuse: (error: unknown) => void;
}

/** Processes that run networks, so that neither a long run nor a crash of one is felt where requests are answered. */
export class Crew {
  private readonly idle: Worker[];
  private readonly all: readonly Worker[];
  private readonly mostWaiting: number;
  private readonly waiting: Waiting[] = [];
  private closed = false;

  constructor({ workers, patienceMs = 30_000, mostWaiting = 256, execArgv }: CrewOptions) {
    this.all = Array.from({ length: workers }, () => new Worker(patienceMs, execArgv));
    this.idle = [...this.all];
    this.mostWaiting = mostWaiting;
  }

  /**
   * Has a task done by a process that is free, or when one is.
   *
   * @throws IsthmusError of the task's own; `DECODE_FAILED` where a process died of it or took too long; `OVERLOADED`
   */
  do<N extends TaskName>(name: N, given: Given<N>, model?: ModelSource): Promise<Made<N>> {
    return new Promise((resolve, reject) => {
      if (this.closed) return reject(closing());
      if (this.waiting.length >= this.mostWaiting)
        return reject(new IsthmusError("OVERLOADED", "too much is waiting to be decoded"));
      const start = (worker: Worker): Promise<void> => worker.do(name, given, model).then(resolve, reject);
      this.waiting.push({ model, start, refuse: reject });
      this.next();
    });
  }

  /** Tasks that wait for a process. */
  get queued(): number {
    return this.waiting.length;
  }

  /** Ends the processes, and what they are at. */
  close(): void {
    this.closed = true;
    for (const { refuse } of this.waiting.splice(0)) refuse(closing());
    for (const worker of this.all) worker.close();
  }

  /** The first that waits goes to a process that has its model open, where one is free. */
  private next(): void {
    if (this.idle.length === 0 || this.closed) return;
    const task = this.waiting.shift();
    if (!task) return;
    const knowing = this.idle.findIndex((worker) => task.model && worker.has(task.model.id));
    const [worker] = this.idle.splice(Math.max(knowing, 0), 1) as [Worker];
    void task.start(worker).finally(() => {
      this.idle.push(worker);
      this.next();
    });
    this.next();
  }
}

function closing(): IsthmusError {
  return new IsthmusError("DECODE_FAILED", "decoding failed: the service is closing");
}
