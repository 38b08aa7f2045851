/** Half the number of bins: a power of two. */
const HALF = 2048;

/**
 * How often numbers occur, in bins of one width around 0; the width doubles as larger ones arrive, two bins becoming one. 4096 bins
 * are 16 to each step of int8 where both sides are used, and 8 where one is.
 */
export class Histogram {
  private readonly counts = new Float64Array(2 * HALF);
  private width = 2 ** -30;
  total = 0;
  min: number = Number.POSITIVE_INFINITY;
  max: number = Number.NEGATIVE_INFINITY;

  add(value: number): void {
    this.min = Math.min(this.min, value);
    this.max = Math.max(this.max, value);
    while (Math.abs(value) >= this.width * HALF) this.widen();
    this.counts[HALF + Math.floor(value / this.width)]! += 1;
    this.total++;
  }

  private widen(): void {
    const old = this.counts.slice();
    this.counts.fill(0);
    old.forEach((count, i) => (this.counts[HALF + Math.floor((i - HALF) / 2)]! += count));
    this.width *= 2;
  }

  /** The bins that are not empty, upwards: their middles and how often. */
  bins(): { readonly middle: number; readonly count: number }[] {
    const all = Array.from(this.counts, (count, i) => ({ middle: (i - HALF + 0.5) * this.width, count }));
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
