import { type Dataset, select } from "@isthmus/data";
import { reconstructionsOf, valuesOf } from "../trained.ts";
import type { ItemPicture } from "./picture.ts";
import type { Overlay } from "./signals.ts";
import { codesOf, firstItems, type Subject } from "./subject.ts";

/** Pairs of rows hold so many items. */
const ACROSS = 10;

/** Rows of items, and below each row what the decoder makes of their codes (the posterior's mean where there is one). */
export async function reconstructions(
  subject: Subject,
  dataset: Dataset,
  { count }: { readonly count: number },
): Promise<ItemPicture> {
  const shown = select(dataset, firstItems(dataset, count));
  const { items, mean, told } = await codesOf(subject, shown);
  const decoded = await reconstructionsOf(subject.engine, subject.model, { items, values: mean, told });
  const across = Math.min(ACROSS, items);
  const rows = Math.ceil(items / across);
  const values = inPairs(valuesOf(shown), decoded, items, across);
  return {
    kind: "items",
    images: { shape: subject.shape, values },
    grid: { columns: across, rowLabels: Array.from({ length: rows }, () => ["original", "decoded"]).flat() },
    overlays: Array.from({ length: items }, (_, item) => overlayOf(item, across)),
    alt: `${items} items of ${dataset.name}, each with what the model makes of its code`,
  };
}

/** Row by row: originals, decoded, originals, ... The last rows are filled up with white. */
function inPairs(originals: Float32Array, decoded: Float32Array, items: number, across: number): Float32Array {
  const size = originals.length / items;
  const row = across * size;
  const rows = Math.ceil(items / across);
  const values = new Float32Array(2 * rows * row).fill(1);
  for (let index = 0; index < rows; index++) {
    values.set(originals.subarray(index * row, (index + 1) * row), 2 * index * row);
    values.set(decoded.subarray(index * row, (index + 1) * row), (2 * index + 1) * row);
  }
  return values;
}

function overlayOf(item: number, across: number): Overlay {
  const original = 2 * across * Math.floor(item / across) + (item % across);
  const lines = [
    { name: "original", item: original },
    { name: "decoded", item: original + across },
  ];
  return { title: `item ${item}`, lines };
}
