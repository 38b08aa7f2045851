import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { writeFileAtomic } from "@isthmus/data/node";
import { root } from "../../lib/paths.mjs";

/** Writes texts and bytes by file name into a folder, given relative to the checkout's root. */
export async function writeResults(
  folder: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  const target = resolve(root, folder);
  await mkdir(target, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await writeFileAtomic(join(target, name), bytes);
  }
}
