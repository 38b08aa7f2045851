/** log Gamma(x) for positive x: Stirling's series at 20 and more, reached by Gamma(x) = Gamma(x + 1) / x. */
export function gammaln(x: number): number {
  let [y, product] = [x, 1];
  while (y < 20) product *= y++;
  const series = 1 / 12 - (1 / 360 - (1 / 1260 - 1 / 1680 / (y * y)) / (y * y)) / (y * y);
  return (y - 0.5) * Math.log(y) - y + Math.log(2 * Math.PI) / 2 + series / y - Math.log(product);
}
