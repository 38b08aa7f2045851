import { expect } from "vitest";

const EPSILON = 2 ** -52;

/**
 * Every element within `factor` float64 epsilons of its magnitude, the sum of the absolute values of the terms it was
 * summed from: under cancellation the error scales with the terms, not with the result.
 */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  magnitude: ArrayLike<number>,
  factor: number,
): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const tolerance = factor * EPSILON * magnitude[i]!;
    const isClose = Math.abs(actual[i]! - expected[i]!) <= tolerance;
    expect(isClose, `element ${i}: ${actual[i]} should be ${expected[i]} to ${tolerance}`).toBe(true);
  }
}
