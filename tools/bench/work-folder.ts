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
  /** The part of pixels that are not 0. */
  readonly density: number;
  readonly sha256: string | null;
}

export interface WorkFolder {
  readonly path: string;
  readonly data: WorkData;
  readonly remove: () => Promise<void>;
}

const ITEMS = 2048;

/**
 * A folder for all contestants with `items.f32`, f32 [items, 784] in [0, 1], MNIST's test images where they are found, and
 * the encoder's files.
 */
export async function workFolder(cases: readonly Pick<Case, "batch">[]): Promise<WorkFolder> {
  const dataset = await loadMnist({ split: "test", download: false });
  const items = Math.min(Math.max(ITEMS, ...cases.map(({ batch = 1 }) => batch)), dataset.items);
  const values = new Float32Array(items * itemSize(dataset));
  gather(
    dataset,
    Int32Array.from({ length: items }, (_, item) => item),
    values,
  );
  const path = await mkdtemp(join(tmpdir(), "isthmus-bench-"));
  await writeFile(join(path, "items.f32"), values);
  await writeEncoder(path);
  const density = values.reduce((count, value) => count + (value === 0 ? 0 : 1), 0) / values.length;
  const name = dataset.name === "mnist" ? "MNIST test images" : "synthetic digits (MNIST was not found)";
  const data = { name, items, density, sha256: dataset.provenance.sha256 ?? null };
  return { path, data, remove: () => rm(path, { recursive: true, force: true }) };
}
