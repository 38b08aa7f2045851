import fc from "fast-check";
import { expect, test } from "vitest";
import { requantise } from "../src/format.ts";

interface Rounding {
  readonly zero: number;
  readonly low: number;
  readonly high: number;
}

/** The formula in big integers; `>>` rounds down. */
function exact(sum: number, multiplier: number, shift: number, { zero, low, high }: Rounding): number {
  const rounded = (BigInt(sum) * BigInt(multiplier) + (1n << BigInt(shift - 1))) >> BigInt(shift);
  return Math.min(Math.max(Number(rounded) + zero, low), high);
}

const INT32 = [-(2 ** 31), 2 ** 31 - 1] as const;

test("is the formula in big integers, for any sum, multiplier, shift and bounds", () => {
  const int32 = fc.oneof(
    fc.integer({ min: INT32[0], max: INT32[1] }),
    fc.constantFrom(...INT32, -1, 0, 1, -65536, 65535, -65537),
  );
  const any = fc.record({
    sum: int32,
    zero: int32,
    bounds: fc.oneof(fc.constantFrom(INT32, [-128, 127] as const), fc.tuple(int32, int32)),
    multiplier: fc.oneof(fc.integer({ min: 0, max: INT32[1] }), fc.constantFrom(0, 1, 2 ** 30, 2 ** 30 + 1, INT32[1])),
    shift: fc.integer({ min: 17, max: 62 }),
  });
  fc.assert(
    fc.property(any, ({ sum, multiplier, shift, zero, bounds }) => {
      const [low, high] = [Math.min(...bounds), Math.max(...bounds)];
      expect(requantise(sum, multiplier, shift, zero, low, high)).toBe(
        exact(sum, multiplier, shift, { zero, low, high }),
      );
    }),
    { numRuns: 20_000 },
  );
});

test("rounds halves up, on both sides of zero", () => {
  const half = (sum: number): number => requantise(sum, 2 ** 30, 31, 0, ...INT32);
  expect([-3, -2, -1, 0, 1, 2, 3].map(half)).toEqual([-1, -1, 0, 0, 1, 1, 2]);
});
