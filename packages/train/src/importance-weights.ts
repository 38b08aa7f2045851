import type { LikelihoodEstimate } from "./likelihood.ts";

/** Importance weights of items, gathered draw by draw: their sums beside the largest so far, so that no exponential overflows. */
export class ImportanceWeights {
  private readonly largest: Float64Array;
  private readonly sums: Float64Array;
  private readonly squares: Float64Array;
  private readonly draws: Float64Array;

  constructor(items: number) {
    this.largest = new Float64Array(items).fill(-Infinity);
    this.sums = new Float64Array(items);
    this.squares = new Float64Array(items);
    this.draws = new Float64Array(items);
  }

  /** One draw of log w, in nats, of the items `first`, `first` + 1, ... */
  add(first: number, logWeights: ArrayLike<number>): void {
    for (let i = 0; i < logWeights.length; i++) this.addOne(first + i, logWeights[i]!);
  }

  private addOne(item: number, logWeight: number): void {
    this.draws[item]!++;
    if (logWeight === -Infinity) return;
    const before = this.largest[item]!;
    const largest = Math.max(before, logWeight);
    const [shrink, w] = [Math.exp(before - largest), Math.exp(logWeight - largest)];
    this.sums[item] = this.sums[item]! * shrink + w;
    this.squares[item] = this.squares[item]! * shrink * shrink + w * w;
    this.largest[item] = largest;
  }

  estimate(): Omit<LikelihoodEstimate, "samples" | "items"> {
    const items = this.sums.length;
    const perItem = {
      logLikelihood: this.largest.map((largest, i) => largest + Math.log(this.sums[i]! / this.draws[i]!)),
      standardError: this.sums.map((sum, i) => deltaError(sum, this.squares[i]!, this.draws[i]!)),
      effectiveSampleSize: this.sums.map((sum, i) => (sum * sum) / this.squares[i]!),
    };
    const mean = (values: Float64Array) => values.reduce((total, value) => total + value, 0) / items;
    return {
      logLikelihood: mean(perItem.logLikelihood),
      standardError: Math.sqrt(mean(perItem.standardError.map((error) => error * error)) / items),
      effectiveSampleSize: mean(perItem.effectiveSampleSize),
      perItem,
    };
  }
}

/** sd(mean w) / mean w: what the logarithm of the mean is off by, to first order. */
function deltaError(sum: number, squares: number, draws: number): number {
  return Math.sqrt(Math.max(0, (draws * squares) / (sum * sum) - 1) / (draws - 1));
}
