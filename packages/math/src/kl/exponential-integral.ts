import type { ArrayOps } from "../array-ops.ts";
import { EULER, plus, polynomial } from "../distributions/support.ts";

/**
 * E1(x), the integral of exp(-t) / t from x on, of x = exp(`logX`): a series up to 2, Lentz's continued fraction beyond
 * (Abramowitz and Stegun 1964, 5.1.11 and 5.1.22).
 */
export function exponentialIntegral<T>(ops: ArrayOps<T>, logX: T): T {
  const x = ops.exp(logX);
  const isSmall = ops.greater(ops.scalar(2), x);
  const small = ops.select(isSmall, x, ops.scalar(1));
  const series = ops.sub(ops.mul(small, polynomial(ops, small, SERIES)), plus(ops, logX, EULER));
  return ops.select(isSmall, series, fraction(ops, ops.select(isSmall, ops.scalar(2), x)));
}

/** (-1)^(k + 1) / (k k!) for k = 1, 2, ...; at 2 the next term is below 2^-60. */
const SERIES: readonly number[] = seriesCoefficients(26);

function seriesCoefficients(count: number): number[] {
  let factorial = 1;
  return Array.from({ length: count }, (_, i) => {
    factorial *= i + 1;
    return (i % 2 === 0 ? 1 : -1) / ((i + 1) * factorial);
  });
}

/** exp(-x) / (x + 1 - 1 / (x + 3 - 4 / (x + 5 - 9 / ...))), from the inside; at 2 what is left out is below 2^-53. */
function fraction<T>(ops: ArrayOps<T>, x: T): T {
  let value = plus(ops, x, 2 * DEPTH + 1);
  for (let n = DEPTH; n > 0; n--) value = ops.sub(plus(ops, x, 2 * n - 1), ops.div(ops.scalar(n * n), value));
  return ops.div(ops.exp(ops.neg(x)), value);
}

const DEPTH = 50;
