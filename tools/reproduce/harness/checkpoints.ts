import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "@isthmus/data/node";
import type { Context } from "./reproduction.ts";

/** Checkpoints in files of a folder, named by the family and the training. */
export function keptIn(folder: string, family: string): NonNullable<Context["kept"]> {
  return async (training) => {
    const path = join(folder, `${family} ${training}`.replaceAll(/[^a-z0-9]+/gi, "-"));
    await mkdir(folder, { recursive: true });
    const resume = await readFile(path).catch(noneYet);
    return { ...(resume && { resume }), checkpoint: (bytes) => writeFileAtomic(path, bytes) };
  };
}

function noneYet(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
