export interface Waiting {
  readonly firstMs: number;
  readonly mostMs: number;
}

/** How long to wait after the n-th failure in a row, n >= 1: any time up to a bound that doubles ("full jitter"), so that many devices do not come back at once. */
export function backoffMs(failures: number, { firstMs, mostMs }: Waiting, random: () => number = Math.random): number {
  return random() * Math.min(mostMs, firstMs * 2 ** Math.min(failures - 1, 40));
}
