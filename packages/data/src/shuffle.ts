import { uint32Sequence } from "@isthmus/math";

export interface ShuffleOptions {
  /** 64 bits: a non-negative safe integer, or the two 32-bit words [low, high]. */
  readonly seed: number | readonly [low: number, high: number];
  /** What the order is for; different names give independent orders. Default: `"shuffle"`. */
  readonly stream?: string;
  /** Counts the orders of one stream from 0. Default: 0. */
  readonly epoch?: number;
}

export interface SplitOptions extends Omit<ShuffleOptions, "epoch"> {
  /** How many items to hold out, in [0, n]. */
  readonly heldOut: number;
}

/**
 * A uniformly random order of `0 .. n - 1`, a pure function of its arguments (Fisher and Yates, 1938, in the form of
 * Durstenfeld, 1964).
 *
 * @throws RangeError when `n` is not a whole number in [0, 2^31).
 */
export function permutation(n: number, options: ShuffleOptions): Int32Array {
  if (!Number.isInteger(n) || n < 0 || n >= 2 ** 31) {
    throw new RangeError(`n: expected a whole number in [0, 2^31), got ${n}`);
  }
  const draw = uint32Sequence({
    seed: options.seed,
    stream: options.stream ?? "shuffle",
    step: options.epoch ?? 0,
  });
  const order = Int32Array.from({ length: n }, (_, i) => i);
  for (let last = n - 1; last > 0; last--) {
    const other = below(last + 1, draw);
    const held = order[last]!;
    order[last] = order[other]!;
    order[other] = held;
  }
  return order;
}

/**
 * Divides `0 .. n - 1` at random; both parts ascend.
 *
 * @throws RangeError when `heldOut` is not a whole number in [0, n].
 */
export function split(n: number, options: SplitOptions): { kept: Int32Array; heldOut: Int32Array } {
  const { heldOut, seed, stream = "split" } = options;
  if (!Number.isInteger(heldOut) || heldOut < 0 || heldOut > n) {
    throw new RangeError(`heldOut: expected a whole number in [0, ${n}], got ${heldOut}`);
  }
  const order = permutation(n, { seed, stream });
  return { kept: order.slice(heldOut).sort(), heldOut: order.slice(0, heldOut).sort() };
}

/** A uniform whole number in [0, n): words past the last multiple of n are drawn again, so that none is favoured. */
function below(n: number, draw: () => number): number {
  const limit = 2 ** 32 - (2 ** 32 % n);
  let word = draw();
  while (word >= limit) word = draw();
  return word % n;
}
