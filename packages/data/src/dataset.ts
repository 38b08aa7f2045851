import type { DataDescription } from "./description.ts";

/**
 * Labelled items of one shape, in memory.
 *
 * An element's value is `fround(values[i] * scale)`. For u8 images `scale = 1 / 255`, which gives the same 256 float32
 * numbers as PyTorch's `u8 / 255`; for float data `scale = 1`.
 */
export interface Dataset {
  /** A short stable name: `mnist`, `synthetic-digits`. */
  readonly name: string;
  /** How many items. */
  readonly items: number;
  /** Shape of one item, row-major, channels last: `[28, 28, 1]`. */
  readonly shape: readonly number[];
  /** `items * prod(shape)` stored elements, item after item. */
  readonly values: Uint8Array | Float32Array;
  /** What a stored element is multiplied by. */
  readonly scale: number;
  /** One class per item, in `[0, classes)`. */
  readonly labels?: Uint8Array | Int32Array;
  readonly classes?: number;
  /** What the classes stand for, where they have names: `[classes]`. */
  readonly classNames?: readonly string[];
  /** What drew each item, where that is known. */
  readonly factors?: FactorTable;
  /** How its elements were made of a user's data, where they were: columns, categories, standardisation. */
  readonly description?: DataDescription;
  /** Rows at the end of the last item, a window of a series, that only fill it up. */
  readonly filledRows?: number;
  readonly provenance: Provenance;
}

/** The true factors of variation of drawn items. */
export interface FactorTable {
  readonly names: readonly string[];
  /** How many values each factor takes. */
  readonly counts: readonly number[];
  /** What the index of a factor stands for: `values[factor][index]`. */
  readonly values: readonly (readonly number[])[];
  /** `[items, names.length]`: the index of each item's value of each factor, in `[0, counts[factor])`. */
  readonly indices: Int32Array;
}

/** Where data came from, in words for people. */
export interface Provenance {
  /** One line: `MNIST training set, from the folder ...`. */
  readonly source: string;
  /** Anything a reader of results must know, such as a deviation from the published files. */
  readonly note?: string;
  /** SHA-256 of the stored items as read (the uncompressed file), lower-case hex. */
  readonly sha256?: string;
}

/** Items `[from, to)`. */
export interface ItemRange {
  readonly from: number;
  readonly to: number;
}

export interface BatchOptions {
  /** Items per batch, >= 1. The last batch holds what is left; nothing is padded or dropped. */
  readonly batchSize: number;
  /** Which items, in which order (see `permutation`). Default: all, in order. */
  readonly order?: Int32Array;
}

export interface Batch {
  /** 0, 1, 2, ... */
  readonly index: number;
  /** Items in this batch: `batchSize`, or fewer in the last one. */
  readonly size: number;
  /** Which items these are, `[size]`. */
  readonly indices: Int32Array;
  /** Scaled elements, `[size, ...shape]`. Overwritten by the next batch: copy what must outlive it. */
  readonly values: Float32Array;
}

/** Elements in one item: the product of `shape`. */
export function itemSize(dataset: Pick<Dataset, "shape">): number {
  return dataset.shape.reduce((product, size) => product * size, 1);
}

/** Items `[from, to)` as a view: the elements and labels are shared with `dataset`, not copied. */
export function take(dataset: Dataset, from: number, to: number): Dataset {
  checkRange(from, to, dataset.items);
  const size = itemSize(dataset);
  const { filledRows = 0, ...rest } = dataset;
  return {
    ...rest,
    ...(filledRows > 0 && to === dataset.items && to > from && { filledRows }),
    items: to - from,
    values: dataset.values.subarray(from * size, to * size),
    ...(dataset.labels && { labels: dataset.labels.subarray(from, to) }),
    ...(dataset.factors && { factors: takeFactors(dataset.factors, from, to) }),
  };
}

/** The items `indices` in their order, copied. @throws RangeError when an index is not an item. */
export function select(dataset: Dataset, indices: ArrayLike<number>): Dataset {
  const order = Array.from(indices);
  const stray = order.findIndex((item) => !(Number.isInteger(item) && item >= 0 && item < dataset.items));
  if (stray >= 0) throw new RangeError(`indices[${stray}]: expected 0..${dataset.items - 1}, got ${order[stray]}`);
  const { labels, factors } = dataset;
  const chosen = {
    ...dataset,
    items: order.length,
    values: selectRows(dataset.values, itemSize(dataset), order),
    ...(labels && { labels: selectRows(labels, 1, order) }),
    ...(factors && { factors: { ...factors, indices: selectRows(factors.indices, factors.names.length, order) } }),
  };
  delete (chosen as { filledRows?: number }).filledRows;
  return chosen;
}

function takeFactors(factors: FactorTable, from: number, to: number): FactorTable {
  const width = factors.names.length;
  return { ...factors, indices: factors.indices.subarray(from * width, to * width) };
}

/** Rows of `width` elements. */
function selectRows<A extends Uint8Array | Int32Array | Float32Array>(
  values: A,
  width: number,
  rows: readonly number[],
): A {
  const out = new (values.constructor as new (length: number) => A)(rows.length * width);
  rows.forEach((row, to) => out.set(values.subarray(row * width, (row + 1) * width), to * width));
  return out;
}

/**
 * Writes the scaled elements of the items `indices` to `out`, `[indices.length, ...shape]`. Allocates nothing.
 *
 * @throws RangeError when `out` is too short or an index is not an item.
 */
export function gather(dataset: Dataset, indices: ArrayLike<number>, out: Float32Array): void {
  const size = itemSize(dataset);
  if (out.length < indices.length * size) {
    throw new RangeError(`out: expected at least ${indices.length * size} elements, got ${out.length}`);
  }
  const { values, scale, items } = dataset;
  for (let row = 0; row < indices.length; row++) {
    const item = indices[row]!;
    if (!(item >= 0 && item < items)) throw new RangeError(`indices[${row}]: expected 0..${items - 1}, got ${item}`);
    const target = row * size;
    const source = item * size;
    for (let i = 0; i < size; i++) out[target + i] = values[source + i]! * scale;
  }
}

/**
 * The dataset in batches, in `order`. The buffer behind `values` is one and the same for every batch.
 *
 * @example
 * for (const batch of batches(train, { batchSize: 128, order: permutation(train.items, { seed: 1, epoch }) })) {
 *   step(batch.values, batch.size);
 * }
 */
export function* batches(dataset: Dataset, options: BatchOptions): Generator<Batch, void, undefined> {
  const { batchSize } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new RangeError(`batchSize: expected a whole number >= 1, got ${batchSize}`);
  }
  const order = options.order ?? Int32Array.from({ length: dataset.items }, (_, i) => i);
  const size = itemSize(dataset);
  const buffer = new Float32Array(Math.min(batchSize, order.length) * size);
  for (let start = 0, index = 0; start < order.length; start += batchSize, index++) {
    const indices = order.subarray(start, start + batchSize);
    const values = buffer.subarray(0, indices.length * size);
    gather(dataset, indices, values);
    yield { index, size: indices.length, indices, values };
  }
}

/**
 * Reads `"0:100"`, `":100"` or `"100:"` as items `[from, to)` of `items`.
 *
 * @throws RangeError when the text is not a range or the range is not within the items.
 */
export function parseRange(text: string, items: number): ItemRange {
  const match = /^(\d*):(\d*)$/.exec(text.trim());
  if (!match) throw new RangeError(`range: expected from:to, such as 0:100, got ${JSON.stringify(text)}`);
  const from = match[1] === "" ? 0 : Number(match[1]);
  const to = match[2] === "" ? items : Number(match[2]);
  checkRange(from, to, items);
  return { from, to };
}

function checkRange(from: number, to: number, items: number): void {
  if (Number.isInteger(from) && Number.isInteger(to) && 0 <= from && from <= to && to <= items) return;
  throw new RangeError(`range: expected 0 <= from <= to <= ${items}, got ${from}:${to}`);
}
