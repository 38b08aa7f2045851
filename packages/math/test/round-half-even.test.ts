import fc from "fast-check";
import { expect, test } from "vitest";
import { roundHalfEven } from "../src/index.ts";

test("halves go to the even integer, and signs stay", () => {
  const xs = [0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0, -0, -0.4, 0.49999999999999994, 2 ** 52 + 1, NaN, Infinity, -Infinity];
  const even = [0, 2, 2, -0, -2, -2, 0, -0, -0, 0, 2 ** 52 + 1, NaN, Infinity, -Infinity];
  expect(xs.map(roundHalfEven)).toEqual(even);
});

test("is what adding and taking 1.5 * 2^52 rounds to, where that is exact", () => {
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 30), max: 2 ** 30 }), fc.constantFrom(0, 0.25, 0.5, 0.75), (whole, part) => {
      const x = whole + part;
      expect(roundHalfEven(x) + 0).toBe(x + 6755399441055744 - 6755399441055744);
    }),
  );
});
