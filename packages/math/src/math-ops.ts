import type { ArrayOps } from "./array-ops.ts";
import { IsthmusError } from "./errors.ts";
import type { LinalgOps } from "./linalg-ops.ts";
import type { SpecialOps } from "./special-ops.ts";

/**
 * Everything a formula may ask for: the core tier, which every engine has, and special functions and linear algebra,
 * which an engine may refuse by name.
 */
export interface MathOps<T> extends ArrayOps<T>, SpecialOps<T>, LinalgOps<T> {}

/**
 * What an engine puts in the place of an operation it does not have: a function that throws.
 *
 * @throws IsthmusError `OPS_UNSUPPORTED` with `details.operation` and `details.engine`; `advice` says what to do instead.
 */
export function unsupported(engine: string, operation: string, advice: string): () => never {
  return () => {
    throw new IsthmusError("OPS_UNSUPPORTED", `${operation}: ${engine} has no such operation; ${advice}`, {
      engine,
      operation,
    });
  };
}
