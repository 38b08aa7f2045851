import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import { IsthmusError } from "@isthmus/math";
import type { Dataset } from "../dataset.ts";
import { type IdxArray, parseIdx, plainIdx } from "../idx.ts";
import { syntheticDigits } from "../synthetic-digits.ts";
import { download, type DownloadProgress, fileSha256 } from "./download.ts";
import { readFileBytes } from "./files.ts";
import { MNIST_FILES, MNIST_MIRRORS, type MnistFile, type MnistSplit } from "./mnist-files.ts";
import { cacheFolder, exists, firstExisting, folderBesideCheckout, namedFolder, type Places } from "./places.ts";

export interface MnistOptions extends Places {
  /** Whether the network may be asked. Default: true. */
  readonly download?: boolean;
  /** Folders that serve the four files, tried in order. Default: the public mirrors. */
  readonly mirrors?: readonly string[];
  readonly onProgress?: (progress: DownloadProgress) => void;
  readonly signal?: AbortSignal;
}

export interface LoadMnistOptions extends MnistOptions {
  readonly split: MnistSplit;
}

/** Items of the synthetic set that stands in for each split. */
const STAND_IN_ITEMS: Readonly<Record<MnistSplit, number>> = { train: 60_000, test: 10_000 };

/**
 * The MNIST digits (LeCun, Cortes and Burges), 28 x 28 x 1, u8, labelled 0 to 9. Found in this order:
 *
 * 1. `dataDir`, or the environment's `ISTHMUS_DATA`. Whoever names a folder means it: if it lacks the files, that is
 *    an error.
 * 2. The cache, where a file with a wrong SHA-256 is passed over.
 * 3. `shared/data` beside the checkout that `cwd` is in (the folder with a `pnpm-workspace.yaml`).
 * 4. A download to the cache, with SHA-256 check and resume.
 * 5. Synthetic digits drawn by code: `name` is then `synthetic-digits` and `provenance.note` says why.
 *
 * @throws IsthmusError `DATA_MISSING` when a named folder lacks the files, `DATA_MNIST` when images and labels do not
 * belong together, `DATA_IDX`, `DATA_GZIP` or `FILE_READ` when a file that was found cannot be read; the signal's
 * reason when aborted.
 */
export async function loadMnist(options: LoadMnistOptions): Promise<Dataset> {
  const found = (await inNamedFolder(options)) ?? (await inCache(options)) ?? (await besideCheckout(options));
  if (found) return await readMnist(found, options.split);
  try {
    return await readMnist(await fetched(options), options.split);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!(error instanceof IsthmusError)) throw error;
    return standIn(options.split, `MNIST was not found and could not be downloaded: ${error.message}`);
  }
}

/**
 * Both splits, from the same world: never real training digits with a synthetic test set.
 *
 * @throws as `loadMnist`, and `DATA_MISSING` when only the training set can be had.
 */
export async function loadMnistSplits(options: MnistOptions = {}): Promise<Record<MnistSplit, Dataset>> {
  const train = await loadMnist({ ...options, split: "train" });
  if (train.name !== "mnist") return { train, test: standIn("test", train.provenance.note ?? "") };
  const test = await loadMnist({ ...options, split: "test" });
  if (test.name === "mnist") return { train, test };
  const message = `the MNIST training set was found (${train.provenance.source}), its test set was not`;
  throw new IsthmusError("DATA_MISSING", message, { note: test.provenance.note });
}

/** Two files and, in words, the place that holds them. */
interface Found {
  readonly images: string;
  readonly labels: string;
  readonly place: string;
}

async function inNamedFolder(options: LoadMnistOptions): Promise<Found | undefined> {
  const { split } = options;
  const named = namedFolder(options);
  if (named === undefined) return undefined;
  const found = await inFolder(resolve(named), split);
  if (found) return found;
  const { images, labels } = MNIST_FILES[split];
  const from = options.dataDir === undefined ? " (ISTHMUS_DATA)" : "";
  const expected = `expected ${images.name} and ${labels.name}, plain or .gz, in it or in its mnist folder`;
  const message = `no MNIST ${split} files in ${named}${from}: ${expected}`;
  throw new IsthmusError("DATA_MISSING", message, { folder: named, expected: [images.name, labels.name] });
}

async function inFolder(folder: string, split: MnistSplit): Promise<Found | undefined> {
  for (const place of [folder, join(folder, "mnist")]) {
    const images = await firstExisting(join(place, MNIST_FILES[split].images.name));
    const labels = await firstExisting(join(place, MNIST_FILES[split].labels.name));
    if (images && labels) return { images, labels, place };
  }
  return undefined;
}

async function inCache(options: LoadMnistOptions): Promise<Found | undefined> {
  const { images, labels } = MNIST_FILES[options.split];
  const intact =
    (await isIntact(cachePath(options, images), images)) && (await isIntact(cachePath(options, labels), labels));
  return intact ? cached(options) : undefined;
}

function cached(options: LoadMnistOptions): Found {
  const { images, labels } = MNIST_FILES[options.split];
  return {
    images: cachePath(options, images),
    labels: cachePath(options, labels),
    place: join(cacheFolder(options), "mnist"),
  };
}

async function isIntact(path: string, file: MnistFile): Promise<boolean> {
  return (await exists(path)) && (await fileSha256(path)) === file.gzipSha256;
}

function cachePath(options: MnistOptions, file: MnistFile): string {
  return join(cacheFolder(options), "mnist", `${file.name}.gz`);
}

async function besideCheckout({ cwd, split }: LoadMnistOptions): Promise<Found | undefined> {
  const folder = await folderBesideCheckout(cwd);
  return folder === undefined ? undefined : await inFolder(folder, split);
}

/** Downloads all four files, so that the cache holds both splits or the reason why not. */
async function fetched(options: LoadMnistOptions): Promise<Found> {
  if (options.download === false) throw new IsthmusError("DATA_DOWNLOAD", "downloading was turned off");
  for (const file of [...Object.values(MNIST_FILES.train), ...Object.values(MNIST_FILES.test)]) {
    await fetchToCache(file, options);
  }
  return cached(options);
}

async function fetchToCache(file: MnistFile, options: LoadMnistOptions): Promise<void> {
  const to = cachePath(options, file);
  if (await isIntact(to, file)) return;
  const { mirrors = MNIST_MIRRORS, onProgress, signal } = options;
  await download({
    urls: mirrors.map((mirror) => new URL(`${file.name}.gz`, mirror.endsWith("/") ? mirror : `${mirror}/`).href),
    to,
    sha256: file.gzipSha256,
    bytes: file.gzipBytes,
    ...(onProgress && { onProgress }),
    ...(signal && { signal }),
  });
}

async function readMnist({ images, labels, place }: Found, split: MnistSplit): Promise<Dataset> {
  const imageFile = await plainIdx(await readFileBytes(images), images);
  const pixels = parseIdx(imageFile, images);
  const classes = parseIdx(await plainIdx(await readFileBytes(labels), labels), labels);
  checkMnist(pixels, classes, images, labels);
  const sha256 = createHash("sha256").update(imageFile).digest("hex");
  const published = sha256 === MNIST_FILES[split].images.sha256;
  return {
    name: "mnist",
    items: pixels.shape[0]!,
    shape: [28, 28, 1],
    values: pixels.values as Uint8Array,
    scale: 1 / 255,
    labels: classes.values as Uint8Array,
    classes: 10,
    provenance: {
      source: `MNIST ${split} set from ${place}`,
      ...(!published && { note: "the images differ from the published file" }),
      sha256,
    },
  };
}

function checkMnist(pixels: IdxArray, classes: IdxArray, images: string, labels: string): void {
  const [items, height, width] = pixels.shape;
  const shaped = pixels.type === "u8" && pixels.shape.length === 3 && height === 28 && width === 28;
  if (!shaped) throw mismatch(images, `expected u8 [items, 28, 28], got ${pixels.type} [${pixels.shape.join(", ")}]`);
  const paired = classes.type === "u8" && classes.shape.length === 1 && classes.shape[0] === items;
  if (!paired) throw mismatch(labels, `expected u8 [${items}], got ${classes.type} [${classes.shape.join(", ")}]`);
  const stray = classes.values.findIndex((label) => label > 9);
  if (stray >= 0) throw mismatch(labels, `label ${stray}: expected 0 to 9, got ${classes.values[stray]}`);
}

function mismatch(name: string, what: string): IsthmusError {
  return new IsthmusError("DATA_MNIST", `${name}: ${what}`, { name });
}

function standIn(split: MnistSplit, note: string): Dataset {
  const digits = syntheticDigits({ items: STAND_IN_ITEMS[split], split });
  return { ...digits, provenance: { ...digits.provenance, note } };
}
