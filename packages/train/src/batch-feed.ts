import { type Dataset, gather, itemSize } from "@isthmus/data";
import type { HostArray, Program } from "@isthmus/graph";
import { splitSeed } from "@isthmus/math";

export interface FeedOptions {
  readonly batchSize: number;
  readonly seed: number;
  /** Inputs by name beside `x`, `seed` and `step`; whoever gives them may write them anew between batches. */
  readonly scalars?: Readonly<Record<string, Float32Array>>;
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
}

/**
 * Feeds a program batch by batch from buffers made once: `x`, `seed`, `step` and the scalars given, those that the program
 * names. The last batch of an epoch holds what is left, `items mod batchSize`.
 */
export class BatchFeed {
  /** Batches in one pass over the data. */
  readonly batches: number;
  private readonly dataset: Dataset;
  private readonly batchSize: number;
  private readonly step = new Int32Array(2);
  private readonly full: Lot;
  private readonly last: Lot;

  constructor(program: Program, dataset: Dataset, { batchSize, seed, scalars = {} }: FeedOptions) {
    this.dataset = dataset;
    this.batchSize = Math.min(batchSize, dataset.items);
    this.batches = batchesPerEpoch(dataset.items, batchSize);
    const x = new Float32Array(this.batchSize * itemSize(dataset));
    const beside = { seed: Int32Array.from(splitSeed(seed)), step: this.step, ...scalars };
    const lot = (size: number): Lot => {
      const values = x.subarray(0, size * itemSize(dataset));
      return { size, indices: new Int32Array(size), x: values, inputs: pick(program, { x: values, ...beside }) };
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
    this.step[0] = step;
    this.step[1] = Math.floor(step / 2 ** 32);
    return lot;
  }
}

function pick(program: Program, all: Readonly<Record<string, HostArray>>): Record<string, HostArray> {
  return Object.fromEntries(Object.entries(all).filter(([name]) => Object.hasOwn(program.inputs, name)));
}
