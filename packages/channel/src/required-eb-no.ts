/** How much Eb/N0 an error rate costs: what gaps in dB are made of. */
import { requireProbability } from "./checks.ts";
import { ebNoFromDb, type EbNo } from "./units.ts";

export interface EbNoRange {
  /** dB. Default: -20. */
  readonly from?: number;
  /** dB. Default: 60. */
  readonly to?: number;
}

/**
 * The Eb/N0 in dB where a falling error rate, or bound, reaches `target`; NaN where it does not between the ends of the range.
 *
 * @example requiredEbNoDb((ebNo) => spherePackingBound({ k: 4, n: 7 }, ebNo), 1e-3); // 5.31
 */
export function requiredEbNoDb(errorRate: (ebNo: EbNo) => number, target: number, range: EbNoRange = {}): number {
  requireProbability("target", target, true);
  let { from: low = -20, to: high = 60 } = range;
  const isAbove = (db: number): boolean => errorRate(ebNoFromDb(db)) > target;
  if (!isAbove(low) || isAbove(high)) return Number.NaN;
  while (high - low > 1e-9) {
    const middle = (low + high) / 2;
    if (isAbove(middle)) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
