/** Means over items by name; losses and likelihoods in nats per example. */
export type Metrics = Readonly<Record<string, number>>;

/** Values by name, one per item: [items]. */
export type ItemMetrics = Readonly<Record<string, Float32Array>>;

/** Means over items in float64, gathered batch by batch. Batches count by their items. */
export class MeanAccumulator {
  private readonly names: readonly string[];
  private readonly sums: Float64Array;
  private items = 0;

  constructor(names: readonly string[]) {
    this.names = names;
    this.sums = new Float64Array(names.length);
  }

  reset(): void {
    this.sums.fill(0);
    this.items = 0;
  }

  /** Counts the items of a batch whose values are added. */
  count(items: number): void {
    this.items += items;
  }

  /** Adds `sum`, a sum over items, to the metric at `index`. */
  add(index: number, sum: number): void {
    this.sums[index]! += sum;
  }

  means(): Metrics {
    return Object.fromEntries(this.names.map((name, index) => [name, this.sums[index]! / this.items]));
  }
}
