/** Half the number of bins: a power of two. */
const HALF = 2048;

/**
 * How often numbers occur, in bins of one width around 0; the width doubles as larger ones arrive, two bins becoming one. 4096 bins
 * are 16 to each step of int8 where both sides are used, and 8 where one is.
 */
export class Histogram {
  private readonly counts = new Float64Array(2 * HALF);
  private readonly sums = new Float64Array(2 * HALF);
  private width = 2 ** -30;
  total = 0;
  min: number = Number.POSITIVE_INFINITY;
  max: number = Number.NEGATIVE_INFINITY;

  add(value: number): void {
    this.min = Math.min(this.min, value);
    this.max = Math.max(this.max, value);
    while (Math.abs(value) >= this.width * HALF) this.widen();
    const bin = HALF + Math.floor(value / this.width);
    this.counts[bin]! += 1;
    this.sums[bin]! += value;
    this.total++;
  }

  private widen(): void {
    for (const all of [this.counts, this.sums]) {
      const old = all.slice();
      all.fill(0);
      old.forEach((value, i) => (all[HALF + Math.floor((i - HALF) / 2)]! += value));
    }
    this.width *= 2;
  }

  /** The bins that are not empty, upwards: the mean of what is in each, which is a picture's byte where there are only bytes, and how often. */
  bins(): { readonly mean: number; readonly count: number }[] {
    const all = Array.from(this.counts, (count, i) => ({ mean: this.sums[i]! / count, count }));
    return all.filter(({ count }) => count > 0);
  }

  /** The number below which a share of all numbers lies, to the upper edge of its bin, and within the smallest and the largest. */
  quantile(share: number): number {
    const wanted = share * this.total;
    let seen = 0;
    for (let i = 0; i < this.counts.length; i++) {
      seen += this.counts[i]!;
      if (seen >= wanted) return Math.min(Math.max((i - HALF + 1) * this.width, this.min), this.max);
    }
    return this.max;
  }
}
