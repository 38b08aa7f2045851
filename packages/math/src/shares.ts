/** -sum_i p_i log p_i of shares of one, nats; a share of 0 counts nothing. */
export function entropyOfShares(shares: Float64Array): number {
  return shares.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0);
}
