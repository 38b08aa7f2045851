import type { Dataset } from "@isthmus/data";
import type { Engine, Model } from "@isthmus/graph";
import { UsageError } from "../errors.ts";
import { type Codes, encodeItems, isConditional, reconstructionsOf } from "../trained.ts";

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

/** Some of the items, in the order given. */
export function pick(dataset: Dataset, items: ArrayLike<number>): Dataset {
  const size = dataset.values.length / dataset.items;
  const values = new (dataset.values.constructor as Uint8ArrayConstructor)(items.length * size);
  const labels = dataset.labels && Int32Array.from(items, (item) => dataset.labels![item]!);
  for (let row = 0; row < items.length; row++) {
    values.set(dataset.values.subarray(items[row]! * size, (items[row]! + 1) * size), row * size);
  }
  return { ...dataset, items: items.length, values, ...(labels && { labels }) };
}

/** The codes of items, and the labels a conditional model was told with them. */
export async function codesOf({ engine, model }: Subject, dataset: Dataset): Promise<Codes & { labels?: Int32Array }> {
  const codes = await encodeItems(engine, model, dataset);
  return { ...codes, ...(isConditional(model) && dataset.labels && { labels: Int32Array.from(dataset.labels) }) };
}

/** Decodes codes one after the other; a conditional model is told the same label for all. */
export function decodeAll(
  { engine, model }: Subject,
  codes: readonly ArrayLike<number>[],
  label = 0,
): Promise<Float32Array> {
  const dims = codes[0]!.length;
  const values = new Float32Array(codes.length * dims);
  codes.forEach((code, row) => values.set(Array.from(code), row * dims));
  const labels = isConditional(model) ? { labels: new Int32Array(codes.length).fill(label) } : {};
  return reconstructionsOf(engine, model, { items: codes.length, values, ...labels });
}
