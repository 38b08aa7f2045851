/** The number with the fewest digits that is `y` in float32. */
export function shortestFloat(y: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(y.toPrecision(digits));
    if (Math.fround(short) === y) return short;
  }
  return y;
}
