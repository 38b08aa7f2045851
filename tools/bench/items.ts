import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gather, itemSize } from "@isthmus/data";
import { loadMnist } from "@isthmus/data/node";

export interface ItemsFile {
  readonly path: string;
  readonly data: {
    readonly name: string;
    readonly items: number;
    /** The part of pixels that are not 0. */
    readonly density: number;
    readonly sha256: string | null;
  };
  readonly remove: () => Promise<void>;
}

const ITEMS = 2048;

/** Writes what everyone trains on, f32 [items, 784] in [0, 1], to a file: MNIST's test images where they are found. */
export async function writeItems(atLeast: number): Promise<ItemsFile> {
  const dataset = await loadMnist({ split: "test", download: false });
  const items = Math.min(Math.max(ITEMS, atLeast), dataset.items);
  const values = new Float32Array(items * itemSize(dataset));
  gather(
    dataset,
    Int32Array.from({ length: items }, (_, item) => item),
    values,
  );
  const folder = await mkdtemp(join(tmpdir(), "isthmus-bench-"));
  const path = join(folder, "items.f32");
  await writeFile(path, values);
  const density = values.reduce((count, value) => count + (value === 0 ? 0 : 1), 0) / values.length;
  const name = dataset.name === "mnist" ? "MNIST test images" : "synthetic digits (MNIST was not found)";
  const data = { name, items, density, sha256: dataset.provenance.sha256 ?? null };
  return { path, data, remove: () => rm(folder, { recursive: true, force: true }) };
}
