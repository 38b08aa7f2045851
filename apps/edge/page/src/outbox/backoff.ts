const FIRST_MS = 1_000;
const LONGEST_MS = 5 * 60_000;

/**
 * Milliseconds until the next attempt after so many failures in a row (1 or more): exponential with jitter, and never before the service's own
 * `Retry-After`.
 *
 * @param random in [0, 1)
 */
export function nextDelay(failures: number, retryAfterSeconds: number | undefined, random: number): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
  return Math.max(ceiling * (0.5 + random / 2), 1000 * (retryAfterSeconds ?? 0));
}
