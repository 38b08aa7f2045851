import { UsageError } from "@isthmus/command-line/node";
import { type Command, Option } from "commander";
import { join } from "node:path";
import type { FrameStore } from "./frame-store.ts";
import { PostgresStore } from "./postgres-store.ts";
import { SqliteStore } from "./sqlite-store.ts";

/** What the command line says of where frames are kept. */
export interface StoreOptions {
  readonly data: string;
  readonly databaseUrl?: string;
}

export function withStoreOptions(command: Command): Command {
  const url = new Option(
    "--database-url <url>",
    "postgresql://user:password@host/database, in place of the database in the folder",
  );
  return command
    .option("--data <folder>", "folder of the service's database and secret", "data")
    .addOption(url.env("ISTHMUS_DATABASE_URL"));
}

/** @throws UsageError, IsthmusError `STORE_UNAVAILABLE`, `STORE_REFUSED` */
export async function openStore({ data, databaseUrl }: StoreOptions): Promise<FrameStore> {
  if (databaseUrl === undefined) return await SqliteStore.open(join(data, "frames.db"));
  try {
    return await PostgresStore.open(databaseUrl);
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message, { cause: error }) : error;
  }
}
