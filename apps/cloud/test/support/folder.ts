import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A fresh folder, removed when the test ends. Its name has a space in it. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "isthmus cloud "));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
