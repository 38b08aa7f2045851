import { UsageError } from "@isthmus/command-line/node";
import { mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { requireWritable } from "./outputs.ts";

/** Writes a file of this name, inside the folder; folders in the name are made. */
export type Put = (name: string, bytes: Uint8Array) => Promise<void>;

/** Refuses a folder that is there, before the work begins: results do not mix with what somebody has. */
export async function requireNewFolder(out: string): Promise<void> {
  if (await stat(out).catch(() => undefined)) throw new UsageError(`--out ${out} is there already; name a new folder`);
  await requireWritable(bare(out));
}

/** Files in a new folder, written beside it and then renamed, so that there is no folder of half of them. */
export async function writeNewFolder(out: string, write: (put: Put) => Promise<void>): Promise<void> {
  const beside = `${bare(out)}.part-${process.pid}`;
  try {
    await mkdir(beside);
    await write(async (name, bytes) => {
      const path = join(beside, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, bytes);
    });
    await rename(beside, out);
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}

function bare(folder: string): string {
  return folder.replace(/[/\\]+$/, "");
}
