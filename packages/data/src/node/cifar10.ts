import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import { IsthmusError } from "@isthmus/math";
import { CIFAR10_BYTES, CIFAR10_CLASSES, CIFAR10_RECORDS, type Cifar10Batch, parseCifar10 } from "../cifar10.ts";
import type { Dataset } from "../dataset.ts";
import { gunzip, isGzip } from "../gzip.ts";
import { readFileBytes } from "./files.ts";
import { cacheFolder, firstExisting, folderBesideCheckout, namedFolder, type Places } from "./places.ts";

export interface LoadCifar10Options extends Places {
  readonly split: "train" | "test";
}

const FILES: Readonly<Record<LoadCifar10Options["split"], readonly string[]>> = {
  train: [1, 2, 3, 4, 5].map((batch) => `data_batch_${batch}.bin`),
  test: ["test_batch.bin"],
};

/** The name in the published archive beside ours. */
const FOLDERS = ["", "cifar10", "cifar-10-batches-bin"] as const;

/**
 * CIFAR-10 (Krizhevsky, 2009), 32 x 32 x 3, u8, labelled as `CIFAR10_CLASSES`, from the binary files, plain or `.gz`, in
 * `dataDir` or `ISTHMUS_DATA`, the cache, or `shared/data` beside the checkout. Some of the five training files will do,
 * as will shorter ones; `provenance.note` then says how many images there are. Nothing is downloaded: the published
 * archive is a `.tar.gz` to unpack into one of these folders.
 *
 * @throws IsthmusError `DATA_MISSING` when no folder has the files; `DATA_CIFAR`, `DATA_GZIP` or `FILE_READ` when a file
 * that was found cannot be read.
 */
export async function loadCifar10(options: LoadCifar10Options): Promise<Dataset> {
  const { split } = options;
  const named = namedFolder(options);
  const folders =
    named === undefined ? [cacheFolder(options), await folderBesideCheckout(options.cwd)] : [resolve(named)];
  for (const folder of folders) {
    const paths = folder === undefined ? [] : await pathsIn(folder, split);
    if (paths.length > 0) return await read(paths, options);
  }
  const where = folders.filter((folder) => folder !== undefined).join(" or ");
  const message = `no CIFAR-10 ${split} files in ${where}: expected ${FILES[split].join(", ")}, plain or .gz, in it or in its cifar10 folder`;
  throw new IsthmusError("DATA_MISSING", message, { folders, expected: FILES[split] });
}

async function pathsIn(folder: string, split: LoadCifar10Options["split"]): Promise<string[]> {
  for (const inner of FOLDERS) {
    const found = await Promise.all(FILES[split].map((file) => firstExisting(join(folder, inner, file))));
    const paths = found.filter((path) => path !== undefined);
    if (paths.length > 0) return paths;
  }
  return [];
}

async function read(paths: readonly string[], { split }: LoadCifar10Options): Promise<Dataset> {
  const hash = createHash("sha256");
  const batches: Cifar10Batch[] = [];
  for (const path of paths) {
    const bytes = await plain(path);
    hash.update(bytes);
    batches.push(parseCifar10(bytes, path));
  }
  const items = batches.reduce((count, batch) => count + batch.items, 0);
  const published = FILES[split].length * CIFAR10_RECORDS;
  return {
    name: "cifar10",
    items,
    shape: [32, 32, 3],
    values: joined(batches.map(({ values }) => values)),
    scale: 1 / 255,
    labels: joined(batches.map(({ labels }) => labels)),
    classes: CIFAR10_CLASSES.length,
    classNames: CIFAR10_CLASSES,
    provenance: {
      source: `CIFAR-10 ${split} set from ${join(paths[0]!, "..")}`,
      ...(items < published && { note: `a subset: ${items} of ${published} images` }),
      sha256: hash.digest("hex"),
    },
  };
}

async function plain(path: string): Promise<Uint8Array> {
  const bytes = await readFileBytes(path);
  return isGzip(bytes) ? await gunzip(bytes, { maxBytes: CIFAR10_BYTES, name: path }) : bytes;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((total, { length }) => total + length, 0));
  parts.reduce((at, part) => (all.set(part, at), at + part.length), 0);
  return all;
}
