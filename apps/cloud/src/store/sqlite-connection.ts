import Reader from "libsql";
import Writer from "libsql/promise";
import { storeUnavailable } from "./store-unavailable.ts";

export type Row = Readonly<Record<string, unknown>>;
export type Value = number | string | Uint8Array;

/** A prepared statement of a connection that writes; done when it returns. */
export interface WritingStatement {
  run(values: readonly Value[]): { readonly changes: number };
  get(values: readonly Value[]): Row | undefined;
}

/** A connection whose `exec`, which may wait for the disk or for another process, is done beside the event loop. */
export interface WritingConnection {
  exec(sql: string): Promise<void>;
  prepare(sql: string): Promise<WritingStatement>;
  close(): void;
}

export interface ReadingStatement {
  /** Bytes in rows are `ArrayBuffer`s. */
  all(values: readonly Value[]): Row[];
}

/** A connection that waits for nobody: under a write-ahead log who reads sees the last transaction that is whole. */
export interface ReadingConnection {
  prepare(sql: string): ReadingStatement;
  close(): void;
}

/** How long a writer waits for another process's transaction. */
const BUSY = "PRAGMA busy_timeout = 10000";

/** @throws IsthmusError `STORE_UNAVAILABLE` for a file that cannot be opened or is no database */
export async function openToWrite(path: string): Promise<WritingConnection> {
  try {
    const connection = new Writer(path, {}) as WritingConnection;
    for (const pragma of [BUSY, "PRAGMA journal_mode = WAL"]) (await connection.prepare(pragma)).get([]);
    await connection.exec("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
    return connection;
  } catch (error) {
    throw storeUnavailable(`cannot open ${path}`, error);
  }
}

/** Of a file that a writer has opened. */
export function openToRead(path: string): ReadingConnection {
  const connection = new Reader(path, {});
  connection.exec("PRAGMA query_only = ON");
  return connection as unknown as ReadingConnection;
}
