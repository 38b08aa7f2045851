import { type Dataset, gather, itemSize } from "@isthmus/data";
import type { HostArray, Program } from "@isthmus/graph";
import { splitSeed } from "@isthmus/math";

export interface FeedOptions {
  readonly batchSize: number;
  readonly seed: number;
  /** Inputs by name beside `x`, `label`, `seed` and `step`; whoever gives them may write them anew between batches. */
  readonly beside?: Readonly<Record<string, HostArray>>;
}

/** Batches in one pass over `items` items. */
export function batchesPerEpoch(items: number, batchSize: number): number {
  return Math.ceil(items / batchSize);
}

/** What a run is fed with. */
export interface Feed {
  /** Items in the batch. */
  readonly size: number;
  readonly inputs: Readonly<Record<string, HostArray>>;
}

interface Lot extends Feed {
  readonly indices: Int32Array;
  readonly x: Float32Array;
  readonly label: Int32Array;
}

/**
 * Feeds a program batch by batch from buffers made once: `x`, `label`, `seed`, `step` and what is given beside, those that
 * the program names. The last batch of an epoch holds what is left, `items mod batchSize`.
 */
export class BatchFeed {
  /** Batches in one pass over the data. */
  readonly batches: number;
  private readonly dataset: Dataset;
  private readonly batchSize: number;
  private readonly step = new Int32Array(2);
  private readonly full: Lot;
  private readonly last: Lot;

  constructor(program: Program, dataset: Dataset, { batchSize, seed, beside = {} }: FeedOptions) {
    this.dataset = dataset;
    this.batchSize = Math.min(batchSize, dataset.items);
    this.batches = batchesPerEpoch(dataset.items, batchSize);
    const x = new Float32Array(this.batchSize * itemSize(dataset));
    const labels = new Int32Array(this.batchSize);
    const noise = { seed: Int32Array.from(splitSeed(seed)), step: this.step };
    const lot = (size: number): Lot => {
      const [values, label] = [x.subarray(0, size * itemSize(dataset)), labels.subarray(0, size)];
      const inputs = pick(program, { x: values, label, ...noise, ...beside });
      return { size, indices: new Int32Array(size), x: values, label, inputs };
    };
    this.full = lot(this.batchSize);
    this.last = lot(dataset.items - (this.batches - 1) * this.batchSize);
  }

  /**
   * The feed of batch `index`, valid until the next call.
   *
   * @param order which items, in which order; all of them
   * @param step what the noise of this batch is drawn with, a non-negative safe integer
   */
  batch(index: number, order: Int32Array, step: number): Feed {
    const lot = index === this.batches - 1 ? this.last : this.full;
    const start = index * this.batchSize;
    for (let row = 0; row < lot.size; row++) lot.indices[row] = order[start + row]!;
    gather(this.dataset, lot.indices, lot.x);
    const { labels } = this.dataset;
    if (labels) for (let row = 0; row < lot.size; row++) lot.label[row] = labels[lot.indices[row]!]!;
    this.redraw(step);
    return lot;
  }

  /** Changes what the noise of the current batch is drawn with. */
  redraw(step: number): void {
    writeStep(this.step, step);
  }
}

/** `step` as its low and high word. */
export function writeStep(words: Int32Array, step: number): void {
  words[0] = step;
  words[1] = Math.floor(step / 2 ** 32);
}

function pick(program: Program, all: Readonly<Record<string, HostArray>>): Record<string, HostArray> {
  return Object.fromEntries(Object.entries(all).filter(([name]) => Object.hasOwn(program.inputs, name)));
}
