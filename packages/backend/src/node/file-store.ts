import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { SelectionStore } from "../selection-store.ts";

/** `$XDG_CACHE_HOME/isthmus/engines`, else `~/.cache/isthmus/engines`. */
export function cacheFolder(env: Readonly<Record<string, string | undefined>> = process.env): string {
  return join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "isthmus", "engines");
}

/** A small file for each key in a folder, which is made when it is needed. A file is whole or not there. */
export function fileStore(folder: string = cacheFolder()): SelectionStore {
  const path = (key: string): string => join(folder, `${key}.json`);
  return {
    name: folder,
    get: (key) => readFile(path(key), "utf8").catch(absent),
    async set(key, value) {
      await mkdir(folder, { recursive: true });
      const beside = `${path(key)}.${randomUUID()}.tmp`;
      try {
        await writeFile(beside, value, { flag: "wx" });
        await rename(beside, path(key));
      } catch (error) {
        await rm(beside, { force: true });
        throw error;
      }
    },
  };
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
