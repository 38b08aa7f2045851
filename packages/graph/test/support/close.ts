import { expect } from "vitest";

/** Every element within `tolerance(i)` of what is expected; says which one is not. */
export function expectWithin(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: (index: number) => number,
  what = "value",
): void {
  expect(actual.length, what).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const distance = Math.abs(actual[i]! - expected[i]!);
    expect(distance <= tolerance(i), `${what}[${i}]: ${actual[i]} should be ${expected[i]} to ${tolerance(i)}`).toBe(
      true,
    );
  }
}

/** Within `relative` of the largest magnitude among the expected values: sums cancel, so single elements may not do. */
export function expectRelative(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  relative: number,
  what?: string,
): void {
  const scale = Array.from(expected).reduce((max, value) => Math.max(max, Math.abs(value)), 1e-300);
  expectWithin(actual, expected, () => relative * scale, what);
}
