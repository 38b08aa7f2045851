import { requireSameLength } from "./vectors.ts";

/**
 * The area under the ROC curve: the probability that a positive item scores above a negative one, a tie counting half
 * (Mann, Whitney 1947; Fawcett 2006). 1/2 for scores that say nothing, NaN without an item of either kind.
 *
 * @param positive true or non-zero for each positive item
 * @throws RangeError lists of different lengths, or a score that is NaN
 */
export function areaUnderRoc(scores: ArrayLike<number>, positive: ArrayLike<boolean | number>): number {
  let [positives, negatives, wins] = [0, 0, 0];
  for (const group of rankedGroups(scores, positive)) {
    wins += group.positives * (negatives + group.negatives / 2);
    positives += group.positives;
    negatives += group.negatives;
  }
  return wins / (positives * negatives);
}

/**
 * The area under the ROC curve up to a share `most` of false alarms, standardised so that 1/2 says nothing and 1 is perfect (McClish 1989):
 * (1 + (area - most^2 / 2) / (most - most^2 / 2)) / 2. Of `most` = 1 it is {@link areaUnderRoc}.
 *
 * @param positive true or non-zero for each positive item
 * @param most in (0, 1]
 * @throws RangeError lists of different lengths, a score that is NaN, or `most` out of range
 */
export function partialAreaUnderRoc(
  scores: ArrayLike<number>,
  positive: ArrayLike<boolean | number>,
  most: number,
): number {
  if (!(most > 0 && most <= 1)) throw new RangeError(`"most" expected a number in (0, 1], got ${most}`);
  const groups = rankedGroups(scores, positive).reverse();
  const positives = groups.reduce((sum, group) => sum + group.positives, 0);
  const negatives = groups.reduce((sum, group) => sum + group.negatives, 0);
  let [area, alarms, found] = [0, 0, 0];
  for (const group of groups) {
    const width = group.negatives / negatives;
    const height = group.positives / positives;
    const share = width > 0 ? Math.min(1, (most - alarms) / width) : 1;
    area += share * width * (found + (share * height) / 2);
    alarms += share * width;
    found += share * height;
    if (share < 1) break;
  }
  const least = (most * most) / 2;
  return (1 + (area - least) / (most - least)) / 2;
}

/** Items of one score, how many of either kind. */
interface Group {
  readonly positives: number;
  readonly negatives: number;
}

/** From the lowest score to the highest. */
function rankedGroups(scores: ArrayLike<number>, positive: ArrayLike<boolean | number>): Group[] {
  requireSameLength("positive", positive as ArrayLike<number>, scores.length);
  const order = Array.from(scores, (_, item) => item).sort((one, other) => scores[one]! - scores[other]!);
  const unknown = order.find((item) => Number.isNaN(scores[item]));
  if (unknown !== undefined) throw new RangeError(`"scores" expected numbers, got NaN at ${unknown}`);
  const groups: Group[] = [];
  for (let from = 0, to = 0; from < order.length; from = to) {
    let [positives, negatives] = [0, 0];
    while (to < order.length && scores[order[to]!] === scores[order[from]!]) {
      if (positive[order[to++]!]) positives++;
      else negatives++;
    }
    groups.push({ positives, negatives });
  }
  return groups;
}
