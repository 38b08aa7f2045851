import { Gathering } from "./gathering.ts";
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

/** Writes to a SQLite file in transactions, of which each takes all that came while the one before was written. */
export class GroupCommit {
  private readonly connection: WritingConnection;
  private readonly gathering: Gathering<Waiting>;

  constructor(connection: WritingConnection) {
    this.connection = connection;
    this.gathering = new Gathering((jobs) => this.transaction(jobs), beyondOneTransaction);
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
      this.gathering.add({
        work: () => void (result = work()),
        done: () => resolve(result),
        failed: reject,
        weight: bytes,
      });
    });
  }

  /** Resolves when nothing is left to write. */
  settled(): Promise<void> {
    return this.gathering.settled();
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

function beyondOneTransaction(): (waiting: Waiting) => boolean {
  let bytes = 0;
  return ({ weight }) => (bytes += weight) > MOST_BYTES;
}
