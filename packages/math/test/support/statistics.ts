/** Kolmogorov and Smirnov's distance between sorted draws and a distribution function, given its values at them. */
export function kolmogorovDistance(cdfAtSortedDraws: ArrayLike<number>): number {
  const n = cdfAtSortedDraws.length;
  let distance = 0;
  for (let i = 0; i < n; i++) {
    distance = Math.max(distance, cdfAtSortedDraws[i]! - i / n, (i + 1) / n - cdfAtSortedDraws[i]!);
  }
  return distance;
}

/** P(sqrt(n) D > x) < 2 exp(-2 x^2): what the distance exceeds with probability 0.001. */
export const kolmogorovLimit = (n: number): number => Math.sqrt(Math.log(2 / 0.001) / 2 / n);

/**
 * Pearson's statistic of draws in {0, 1, ...} in units of its standard deviation: (X^2 - (k - 1)) / sqrt(2 (k - 1)).
 * Values expected fewer than 10 times share a bin.
 */
export function pearsonExcess(draws: ArrayLike<number>, probabilities: ArrayLike<number>): number {
  const counts = new Float64Array(probabilities.length);
  for (let i = 0; i < draws.length; i++) counts[draws[i]!]!++;
  const bins = [...counts].map((count, value) => ({ count, expected: probabilities[value]! * draws.length }));
  const rare = bins.filter(({ expected }) => expected < 10);
  const rest = rare.reduce((sum, bin) => ({ count: sum.count + bin.count, expected: sum.expected + bin.expected }), {
    count: 0,
    expected: 0,
  });
  const all = [...bins.filter(({ expected }) => expected >= 10), ...(rest.expected > 0 ? [rest] : [])];
  const statistic = all.reduce((sum, { count, expected }) => sum + (count - expected) ** 2 / expected, 0);
  return (statistic - (all.length - 1)) / Math.sqrt(2 * (all.length - 1));
}

/** How many standard errors the mean of `draws` is from `expected`, the error taken from the draws themselves. */
export function meanExcess(draws: ArrayLike<number>, expected: number): number {
  const values = Array.from(draws);
  const centre = values.reduce((sum, x) => sum + x, 0) / values.length;
  const square = values.reduce((sum, x) => sum + (x - centre) ** 2, 0) / values.length;
  return (centre - expected) / Math.sqrt(square / values.length);
}
