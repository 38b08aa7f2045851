import { UsageError } from "@isthmus/command-line/node";
import {
  type DataDescription,
  type Dataset,
  type ItemRange,
  parseDescription,
  parseRange,
  select,
  split as divide,
  sprites,
  syntheticDigits,
  take,
} from "@isthmus/data";
import { loadCifar10, loadMnist, loadMnistSplits } from "@isthmus/data/node";
import type { Model } from "@isthmus/graph";
import { type Console, note } from "./console.ts";
import { requireOptionsOf, type TrainDataOptions } from "./data-options.ts";
import { checkedByUser } from "./errors.ts";
import { type DataOptions, isNamed, type Named, type PartOptions } from "./options.ts";
import { openPart, openTraining, shareOf } from "./user-data.ts";

type Halves = Readonly<Record<"train" | "test", Dataset>>;

const SYNTHETIC_ITEMS = { train: 60_000, test: 10_000 } as const;

/** Both parts of the data that the user named, the first `limit` items of each; says in words where they came from. */
export async function openSplits(
  console: Console,
  { limit = Infinity, ...options }: TrainDataOptions & { readonly limit?: number },
  signal: AbortSignal,
): Promise<Halves> {
  const { train, test } = isNamed(options.data)
    ? await namedSplits(options.data, options, limit, signal)
    : await openTraining(console, options);
  tellSource(console, train);
  return { train: first(train, limit), test: first(test, limit) };
}

async function namedSplits(
  name: Named,
  options: TrainDataOptions,
  limit: number,
  signal: AbortSignal,
): Promise<Halves> {
  requireOptionsOf(name === "sprites" ? "sprites" : "other", options);
  if (name === "mnist") return await loadMnistSplits({ ...folder(options), signal });
  if (name === "synthetic") return { train: synthetic("train", limit), test: synthetic("test", limit) };
  if (name === "sprites") return spriteSplits(options);
  const load = (split: "train" | "test") => loadCifar10({ ...folder(options), split });
  return { train: await load("train"), test: await load("test") };
}

type UnsplitOptions = Omit<PartOptions, "split"> & Partial<Pick<PartOptions, "split">>;

/** What the command knows of the model that reads the data. */
export type Reader = Pick<Model, "data"> & {
  /** Of its items; data of another shape are refused. */
  readonly shape: readonly number[];
  /** Whether every row of a series is to be read: a last window that is not whole is then filled up. */
  readonly everyRow?: boolean;
};

/**
 * One part, or a range of it. A file or folder of the user's is read as the model's data were: the same columns, the same
 * standardisation, the same test part.
 */
export async function openSplit(console: Console, options: UnsplitOptions, reader: Reader): Promise<Dataset> {
  const { data, split = "test", range } = options;
  const description = reader.data && parseDescription(reader.data);
  const dataset = isNamed(data)
    ? await namedSplit(data, { ...options, split }, description)
    : await openPart(
        console,
        { ...options, split },
        {
          ...(description && { description }),
          shape: reader.shape,
          ...(reader.everyRow && { fillLast: true }),
        },
      );
  tellSource(console, dataset);
  const { from, to } = range === undefined ? { from: 0, to: dataset.items } : itemRange(range, dataset.items);
  requireShape(dataset, reader.shape);
  return take(dataset, from, to);
}

/** Refuses data whose items do not have the shape the model was trained on. */
function requireShape(dataset: Dataset, shape: readonly number[]): void {
  if (String(dataset.shape) !== String(shape)) {
    throw new UsageError(
      `the model takes items of shape [${shape.join(", ")}], the data has [${dataset.shape.join(", ")}]`,
    );
  }
}

async function namedSplit(
  name: Named,
  options: PartOptions,
  description: DataDescription | undefined,
): Promise<Dataset> {
  requireOptionsOf(name === "sprites" ? "sprites" : "other", options);
  if (description && !hasByteValues(description)) {
    throw new UsageError(`the model was trained on a file of numbers; name one with --data in place of ${name}`);
  }
  const { split } = options;
  if (name === "sprites") return split === "all" ? spriteGrid(options) : spriteSplits(options)[split];
  if (split === "all")
    throw new UsageError(`--split all goes with files, folders and sprites; ${name} has train and test`);
  if (name === "mnist") return await loadMnist({ ...folder(options), split });
  if (name === "cifar10") return await loadCifar10({ ...folder(options), split });
  const { to } = options.range === undefined ? { to: Infinity } : itemRange(options.range, SYNTHETIC_ITEMS[split]);
  return synthetic(split, to);
}

/** Whether the network's numbers are bytes over 255, as those of our own images are. */
export function hasByteValues({ item }: DataDescription): boolean {
  return item.kind === "images" || (item.kind === "array" && item.offset === 0 && item.scale === 255);
}

function itemRange(range: string, items: number): ItemRange {
  const { from, to } = checkedByUser(() => parseRange(range, items));
  if (from === to) throw new UsageError(`--range ${range} holds no items`);
  return { from, to };
}

function folder({ dataDir }: DataOptions): { dataDir?: string } {
  return dataDir === undefined ? {} : { dataDir };
}

/** A shorter set is the beginning of the longer one, so that no more than `limit` need to be drawn. */
function synthetic(split: "train" | "test", limit: number): Dataset {
  return syntheticDigits({ items: Math.min(limit, SYNTHETIC_ITEMS[split]), split });
}

/** Combinations of factors are held out at random, always the same. */
function spriteSplits(options: DataOptions): Halves {
  const grid = spriteGrid(options);
  const { kept, heldOut } = divide(grid.items, {
    heldOut: Math.ceil(grid.items * shareOf(options)),
    seed: 0,
  });
  if (kept.length === 0)
    throw new UsageError(`--factors leaves ${grid.items} sprites, too few for training and testing`);
  return { train: select(grid, kept), test: select(grid, heldOut) };
}

function spriteGrid({ imageSize: { width: side, height } = { width: 32, height: 32 }, factors }: DataOptions): Dataset {
  if (side !== height || (side !== 32 && side !== 64))
    throw new UsageError("--image-size of sprites expected 32 or 64");
  return checkedByUser(() => sprites({ side, ...(factors && { counts: factors }) }));
}

function first(dataset: Dataset, limit: number): Dataset {
  return take(dataset, 0, Math.min(limit, dataset.items));
}

function tellSource(console: Console, { provenance }: Dataset): void {
  note(console, `data: ${provenance.source}${provenance.note ? ` (${provenance.note})` : ""}`);
}
