import type { ArrayOps } from "../array-ops.ts";
import { plus, polynomial, times } from "../distributions/support.ts";

/** arctan x, elementwise: arctan x = 2 arctan(x / (1 + sqrt(1 + x^2))), three times, brings |x| below 1/5. */
export function arctangent<T>(ops: ArrayOps<T>, x: T): T {
  const halved = (y: T) => ops.div(y, plus(ops, ops.sqrt(plus(ops, ops.square(y), 1)), 1));
  const y = halved(halved(halved(x)));
  return times(ops, 8, ops.mul(y, polynomial(ops, ops.square(y), SERIES)));
}

/** (-1)^k / (2k + 1); at 1/5 the first one left out is below 2^-57. */
const SERIES: readonly number[] = Array.from({ length: 12 }, (_, k) => (k % 2 === 0 ? 1 : -1) / (2 * k + 1));
