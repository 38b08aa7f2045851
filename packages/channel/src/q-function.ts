/** The tail of the standard normal distribution, by its names in this field. */
import { logNormalCdf, normalCdf, normalQuantile } from "@isthmus/math/plain";

/** Q(x) = P(Z > x), with all its digits in both tails. */
export function qFunction(x: number): number {
  return normalCdf(-x);
}

/** log Q(x), nats, where Q itself underflows, too. */
export function logQFunction(x: number): number {
  return logNormalCdf(-x);
}

/** The x with Q(x) = p; infinite at 0 and 1, NaN outside. */
export function qFunctionInverse(p: number): number {
  return -normalQuantile(p);
}
