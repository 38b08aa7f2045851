/** Files of more than one system call takes. */
import { stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readFileBytes, writeFileAtomic } from "../src/node.ts";
import { temporaryFolder } from "./support/folder.ts";

it("of more than 2 GiB are written and read", async () => {
  const path = join(await temporaryFolder(), "file");
  const bytes = new Uint8Array(2 ** 31 + 5);
  const marks = [0, 2 ** 30 - 1, 2 ** 30, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 4];
  for (const mark of marks) bytes[mark] = 1 + (mark % 100);
  await writeFileAtomic(path, bytes);
  expect((await stat(path)).size).toBe(bytes.length);
  expect(Buffer.compare(await readFileBytes(path), bytes)).toBe(0);
  await writeFile(path, "");
  await truncate(path, bytes.length);
  expect(Buffer.compare(await readFileBytes(path), bytes.fill(0))).toBe(0);
});
