import { type Dataset, type ItemRange, parseRange, syntheticDigits, take } from "@isthmus/data";
import { loadMnist, loadMnistSplits } from "@isthmus/data/node";
import { type Console, note } from "./console.ts";
import { checkedByUser, UsageError } from "./errors.ts";
import type { DataOptions, PartOptions } from "./options.ts";

type Split = PartOptions["split"];

const SYNTHETIC_ITEMS: Readonly<Record<Split, number>> = { train: 60_000, test: 10_000 };

/** Both parts of the data that the user named, the first `limit` items of each; says in words where they came from. */
export async function openSplits(
  console: Console,
  { limit = Infinity, ...options }: DataOptions & { readonly limit?: number },
  signal: AbortSignal,
): Promise<Record<Split, Dataset>> {
  const splits =
    options.data === "synthetic"
      ? { train: synthetic("train", limit), test: synthetic("test", limit) }
      : await loadMnistSplits({ ...folder(options), signal });
  tellSource(console, splits.train);
  return { train: first(splits.train, limit), test: first(splits.test, limit) };
}

/** One part, or a range of it. */
export async function openSplit(console: Console, options: PartOptions): Promise<Dataset> {
  const { data, split, range } = options;
  const inRange = (items: number) => (range === undefined ? { from: 0, to: items } : itemRange(range, items));
  const dataset =
    data === "synthetic"
      ? synthetic(split, inRange(SYNTHETIC_ITEMS[split]).to)
      : await loadMnist({ ...folder(options), split });
  tellSource(console, dataset);
  const { from, to } = inRange(dataset.items);
  return take(dataset, from, to);
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
function synthetic(split: Split, limit: number): Dataset {
  return syntheticDigits({ items: Math.min(limit, SYNTHETIC_ITEMS[split]), split });
}

function first(dataset: Dataset, limit: number): Dataset {
  return take(dataset, 0, Math.min(limit, dataset.items));
}

function tellSource(console: Console, { provenance }: Dataset): void {
  note(console, `data: ${provenance.source}${provenance.note ? ` (${provenance.note})` : ""}`);
}
