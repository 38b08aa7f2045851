import { IsthmusError } from "@isthmus/math";

/** Latents of some items that wait for company. */
interface Waiting {
  readonly latents: Float32Array;
  readonly items: number;
  readonly done: (values: Float32Array) => void;
  readonly failed: (error: unknown) => void;
}

export interface BatcherOptions {
  /** Runs a network on [items, dims] latents and gives [items, features]. */
  readonly run: (latents: Float32Array, items: number) => Promise<Float32Array>;
  /** Told of each batch: its items and how long it took. */
  readonly onBatch?: (items: number, milliseconds: number) => void;
  /** So many items are a batch. Default: 32. */
  readonly batchItems?: number;
  /** Nobody waits longer for company than this. Default: 8. */
  readonly patienceMs?: number;
  /** Items that may wait or be run at once; more are refused. Default: 2^16. */
  readonly mostItems?: number;
}

/**
 * Calls of one network, several together: those that come at once, and those that come while the network runs, until they are enough or
 * one has waited long enough. A call that comes alone does not wait.
 */
export class Batcher {
  private readonly options: Required<BatcherOptions>;
  private waiting: Waiting[] = [];
  private items = 0;
  private running = 0;
  private timer: NodeJS.Timeout | NodeJS.Immediate | undefined;

  constructor(options: BatcherOptions) {
    this.options = { onBatch: () => undefined, batchItems: 32, patienceMs: 8, mostItems: 2 ** 16, ...options };
  }

  /** Items that wait or are run. */
  get queued(): number {
    return this.items;
  }

  /** @throws IsthmusError `OVERLOADED`, and what running throws */
  decode(latents: Float32Array, items: number): Promise<Float32Array> {
    // What is larger than all that may wait is taken alone.
    if (this.items > 0 && this.items + items > this.options.mostItems) {
      return Promise.reject(new IsthmusError("OVERLOADED", "too many items are waiting to be decoded"));
    }
    this.items += items;
    return new Promise((done, failed) => {
      this.waiting.push({ latents, items, done, failed });
      const together = this.waiting.reduce((sum, one) => sum + one.items, 0);
      if (together >= this.options.batchItems) this.flush();
      else this.schedule();
    });
  }

  private schedule(): void {
    if (this.timer) return;
    const flush = (): void => this.flush();
    this.timer = this.running === 0 ? setImmediate(flush) : setTimeout(flush, this.options.patienceMs);
  }

  private flush(): void {
    clearTimeout(this.timer as NodeJS.Timeout);
    clearImmediate(this.timer as NodeJS.Immediate);
    this.timer = undefined;
    if (this.waiting.length > 0) void this.runBatch(this.waiting.splice(0));
  }

  private async runBatch(batch: readonly Waiting[]): Promise<void> {
    const items = batch.reduce((sum, one) => sum + one.items, 0);
    const began = performance.now();
    this.running++;
    try {
      const values = await this.options.run(joined(batch.map(({ latents }) => latents)), items);
      const features = values.length / items;
      let at = 0;
      for (const one of batch) one.done(values.subarray(at * features, (at += one.items) * features));
    } catch (error) {
      for (const { failed } of batch) failed(error);
    }
    this.running--;
    this.items -= items;
    this.options.onBatch(items, performance.now() - began);
    if (this.running === 0) this.flush();
  }
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const [first] = parts;
  if (parts.length === 1) return first!;
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
