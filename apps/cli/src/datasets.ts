import { type Dataset, parseRange, syntheticDigits, take } from "@isthmus/data";
import { loadMnist, loadMnistSplits } from "@isthmus/data/node";
import { type Console, note } from "./console.ts";
import { checkedByUser } from "./errors.ts";
import type { DataOptions } from "./options.ts";

export type Split = "train" | "test";

const SYNTHETIC_ITEMS: Readonly<Record<Split, number>> = { train: 60_000, test: 10_000 };

/** Both parts of the data that the user named; says in words where they came from. */
export async function openSplits(console: Console, options: DataOptions, signal?: AbortSignal): Promise<Record<Split, Dataset>> {
  const splits =
    options.data === "synthetic"
      ? { train: synthetic("train"), test: synthetic("test") }
      : await loadMnistSplits({ ...folder(options), ...(signal ? { signal } : {}) });
  tellSource(console, splits.train);
  return splits;
}

/** One part, or a range of it. */
export async function openSplit(console: Console, options: DataOptions, split: Split, range?: string): Promise<Dataset> {
  const dataset = options.data === "synthetic" ? synthetic(split) : await loadMnist({ ...folder(options), split });
  tellSource(console, dataset);
  if (range === undefined) return dataset;
  const { from, to } = checkedByUser(() => parseRange(range, dataset.items));
  return take(dataset, from, to);
}

function folder({ dataDir }: DataOptions): { dataDir?: string } {
  return dataDir === undefined ? {} : { dataDir };
}

function synthetic(split: Split): Dataset {
  return syntheticDigits({ items: SYNTHETIC_ITEMS[split], split });
}

function tellSource(console: Console, { provenance }: Dataset): void {
  note(console, `data: ${provenance.source}${provenance.note ? ` (${provenance.note})` : ""}`);
}
