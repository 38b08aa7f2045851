import { UsageError } from "@isthmus/command-line/node";
import type { Dataset } from "@isthmus/data";
import type { Engine, Model } from "@isthmus/graph";
import { type Codes, encodeItems, reconstructionsOf, repeated, type Told, toldOf } from "../trained.ts";

/** What pictures are made of. */
export interface Subject {
  /** The model's file, to be named. */
  readonly path: string;
  readonly model: Model;
  readonly engine: Engine;
  /** Of one item. */
  readonly shape: readonly number[];
}

/** Items [0, count), fewer where there are no more. */
export function firstItems(dataset: Dataset, count: number): Int32Array {
  return Int32Array.from({ length: Math.min(count, dataset.items) }, (_, item) => item);
}

/** Throws `UsageError` unless `item` is one of the data. */
export function requireItem(option: string, item: number, { items, name }: Dataset): void {
  if (item < items) return;
  throw new UsageError(`${option} expected an item from 0 to ${items - 1} of ${name}, got ${item}`);
}

/** The codes of items, and what a conditional model is told with them. */
export async function codesOf({ engine, model }: Subject, dataset: Dataset): Promise<Codes & { readonly told: Told }> {
  return { ...(await encodeItems(engine, model, dataset)), told: await toldOf(engine, model, dataset) };
}

/** Decodes codes one after the other; a conditional model is `told` of one item, for all the same. */
export function decodeAll(
  { engine, model }: Subject,
  codes: readonly ArrayLike<number>[],
  told: Told,
): Promise<Float32Array> {
  const dims = codes[0]!.length;
  const values = new Float32Array(codes.length * dims);
  codes.forEach((code, row) => values.set(Array.from(code), row * dims));
  const all = repeated(told, { items: 1, item: 0, count: codes.length });
  return reconstructionsOf(engine, model, { items: codes.length, values, told: all });
}
