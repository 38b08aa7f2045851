import type { WritingConnection } from "./sqlite-connection.ts";
import { storeUnavailable } from "./store-unavailable.ts";

interface Waiting {
  /** How much of a transaction it is. */
  readonly weight: number;
  readonly work: () => void;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/** A transaction takes no more than so many bytes, so that what came first need not wait long for what came later. */
const MOST_BYTES = 2 ** 22;

/**
 * Writes to a SQLite file in transactions, of which each takes all that came while the one before was written. So a lone writer waits for
 * one flush of the disk, and many share one; nobody waits for a clock.
 */
export class GroupCommit {
  private readonly connection: WritingConnection;
  private readonly waiting: Waiting[] = [];
  private running: Promise<void> | undefined;

  constructor(connection: WritingConnection) {
    this.connection = connection;
  }

  /**
   * Resolves with what `work` returned when that is durable.
   *
   * @param work done within a transaction, and again never
   * @param bytes about how many it writes
   * @throws IsthmusError `STORE_UNAVAILABLE` when the transaction failed
   */
  write<R>(work: () => R, bytes = 0): Promise<R> {
    return new Promise((resolve, reject) => {
      let result: R;
      const job = { work: () => void (result = work()), done: () => resolve(result), failed: reject, weight: bytes };
      this.waiting.push(job);
      this.running ??= this.run();
    });
  }

  /** Resolves when nothing is left to write. */
  async settled(): Promise<void> {
    await this.running;
  }

  private async run(): Promise<void> {
    // What is asked for in this turn of the event loop becomes one transaction.
    await Promise.resolve();
    while (this.waiting.length > 0) await this.transaction(this.next());
    this.running = undefined;
  }

  private next(): Waiting[] {
    let bytes = 0;
    const end = this.waiting.findIndex(({ weight }) => (bytes += weight) > MOST_BYTES);
    return this.waiting.splice(0, end < 0 ? this.waiting.length : Math.max(end, 1));
  }

  private async transaction(jobs: readonly Waiting[]): Promise<void> {
    try {
      await this.connection.exec("BEGIN IMMEDIATE");
      for (const { work } of jobs) work();
      await this.connection.exec("COMMIT");
    } catch (error) {
      // Fails where SQLite has rolled back by itself, as on a full disk.
      await this.connection.exec("ROLLBACK").catch(() => undefined);
      const reason = storeUnavailable("the database could not be written to", error);
      for (const { failed } of jobs) failed(reason);
      return;
    }
    for (const { done } of jobs) done();
  }
}
