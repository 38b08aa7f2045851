import { requireSameLength } from "./vectors.ts";

/**
 * The area under the ROC curve: the probability that a positive item scores above a negative one, a tie counting half
 * (Mann, Whitney 1947; Fawcett 2006). 1/2 for scores that say nothing, NaN without an item of either kind.
 *
 * @param positive true or non-zero for each positive item
 * @throws RangeError lists of different lengths, or a score that is NaN
 */
export function areaUnderRoc(scores: ArrayLike<number>, positive: ArrayLike<boolean | number>): number {
  requireSameLength("positive", positive as ArrayLike<number>, scores.length);
  const order = Array.from(scores, (_, item) => item).sort((one, other) => scores[one]! - scores[other]!);
  const unknown = order.find((item) => Number.isNaN(scores[item]));
  if (unknown !== undefined) throw new RangeError(`"scores" expected numbers, got NaN at ${unknown}`);
  let [positives, negatives, wins] = [0, 0, 0];
  for (let from = 0, to = 0; from < order.length; from = to) {
    let [equalPositives, equalNegatives] = [0, 0];
    while (to < order.length && scores[order[to]!] === scores[order[from]!]) {
      if (positive[order[to++]!]) equalPositives++;
      else equalNegatives++;
    }
    wins += equalPositives * (negatives + equalNegatives / 2);
    positives += equalPositives;
    negatives += equalNegatives;
  }
  return wins / (positives * negatives);
}
