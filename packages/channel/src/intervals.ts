/** What a count of errors says of their probability. */
import { betaI, betaIInv, normalQuantile } from "@isthmus/math/plain";
import { requireProbability, requireWhole } from "./checks.ts";

export type Interval = readonly [low: number, high: number];

/** Wilson's score interval (1927): near its confidence on average, also for few errors. */
export function wilsonInterval(errors: number, trials: number, confidence = 0.95): Interval {
  requireCounts(errors, trials, confidence);
  const z = normalQuantile((1 + confidence) / 2);
  const p = errors / trials;
  const scale = 1 + (z * z) / trials;
  const middle = (p + (z * z) / (2 * trials)) / scale;
  const half = (z / scale) * Math.sqrt((p * (1 - p)) / trials + (z * z) / (4 * trials * trials));
  return [errors === 0 ? 0 : middle - half, errors === trials ? 1 : middle + half];
}

/** Clopper and Pearson's interval (1934): of at least its confidence, always. */
export function clopperPearsonInterval(errors: number, trials: number, confidence = 0.95): Interval {
  requireCounts(errors, trials, confidence);
  const tail = (1 - confidence) / 2;
  const low = errors === 0 ? 0 : betaIInv(errors, trials - errors + 1, tail);
  const high = errors === trials ? 1 : betaIInv(errors + 1, trials - errors, 1 - tail);
  return [low, high];
}

/** What the probability is below, with that confidence, when there was no error: 1 - (1 - confidence)^(1 / trials), the "rule of three" (3 / trials at 95 %). */
export function zeroErrorsLimit(trials: number, confidence = 0.95): number {
  requireCounts(0, trials, confidence);
  return -Math.expm1(Math.log1p(-confidence) / trials);
}

/** P(X <= x) of a binomial variable. */
export function binomialCdf(x: number, trials: number, p: number): number {
  requireWhole("trials", trials, 0);
  requireWhole("x", x, 0, trials);
  requireProbability("p", p);
  return x === trials ? 1 : betaI(trials - x, x + 1, 1 - p);
}

function requireCounts(errors: number, trials: number, confidence: number): void {
  requireWhole("trials", trials, 1);
  requireWhole("errors", errors, 0, trials);
  requireProbability("confidence", confidence, true);
}
