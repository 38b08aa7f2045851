import type { Command } from "commander";
import { join } from "node:path";
import type { FrameStore } from "./frame-store.ts";
import { SqliteStore } from "./sqlite-store.ts";

/** What the command line says of where frames are kept. */
export interface StoreOptions {
  readonly data: string;
}

export function withStoreOptions(command: Command): Command {
  return command.option("--data <folder>", "folder of the service's database and secret", "data");
}

/** @throws IsthmusError `STORE_UNAVAILABLE` */
export async function openStore({ data }: StoreOptions): Promise<FrameStore> {
  return await SqliteStore.open(join(data, "frames.db"));
}
