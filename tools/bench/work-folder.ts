import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gather, itemSize } from "@isthmus/data";
import { loadMnist } from "@isthmus/data/node";
import { writeEncoder } from "./encoder-files.ts";
import type { Case } from "./suite.ts";

/** What everyone works on. */
export interface WorkData {
  readonly name: string;
  readonly items: number;
  /** Of digits, the part of pixels that are not 0. */
  readonly density?: number;
  readonly sha256?: string | null;
}

export interface WorkFolder {
  readonly path: string;
  readonly data: WorkData;
  readonly remove: () => Promise<void>;
}

const ITEMS = 2048;

/** A folder for all contestants with what `write` puts there. Default: digits, and the encoder of the VAE. */
export async function workFolder(
  cases: readonly Pick<Case, "batch">[],
  write: (folder: string) => Promise<WorkData> = (folder) => writeDigits(folder, cases),
): Promise<WorkFolder> {
  const path = await mkdtemp(join(tmpdir(), "isthmus-bench-"));
  const remove = (): Promise<void> => rm(path, { recursive: true, force: true });
  try {
    return { path, data: await write(path), remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** `items.f32`, f32 [items, 784] in [0, 1], MNIST's test images where they are found, and the encoder's files. */
async function writeDigits(path: string, cases: readonly Pick<Case, "batch">[]): Promise<WorkData> {
  const dataset = await loadMnist({ split: "test", download: false });
  const items = Math.min(Math.max(ITEMS, ...cases.map(({ batch = 1 }) => batch)), dataset.items);
  const values = new Float32Array(items * itemSize(dataset));
  gather(
    dataset,
    Int32Array.from({ length: items }, (_, item) => item),
    values,
  );
  await writeFile(join(path, "items.f32"), values);
  await writeEncoder(path);
  const density = values.reduce((count, value) => count + (value === 0 ? 0 : 1), 0) / values.length;
  const name = dataset.name === "mnist" ? "MNIST test images" : "synthetic digits (MNIST was not found)";
  return { name, items, density, sha256: dataset.provenance.sha256 ?? null };
}
