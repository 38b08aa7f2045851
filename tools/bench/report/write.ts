import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { writeFileAtomic } from "@isthmus/data/node";
import { root } from "../../lib/paths.mjs";

/** Writes texts by file name into a folder, given relative to the checkout's root. */
export async function writeResults(folder: string, texts: Readonly<Record<string, string>>): Promise<void> {
  const target = resolve(root, folder);
  await mkdir(target, { recursive: true });
  for (const [name, text] of Object.entries(texts)) {
    await writeFileAtomic(join(target, name), new TextEncoder().encode(text));
  }
}
