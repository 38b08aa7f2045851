import { expect } from "vitest";

const STEP = 1e-5;

/** The loss' slope in some elements of a tensor, which is moved and put back, is as said. */
export function expectCentralDifferences(
  tensor: Float32Array | Float64Array,
  indices: Iterable<number>,
  loss: () => number,
  slopeAt: (index: number) => number,
): void {
  for (const index of indices) {
    const before = tensor[index]!;
    tensor[index] = before + STEP;
    const above = loss();
    tensor[index] = before - STEP;
    const below = loss();
    tensor[index] = before;
    // Truncation h^2 f''' and rounding eps |f| / h are both below 1e-7 of values near 10 (near 1e4 for the Gaussian).
    const difference = Math.abs(slopeAt(index) - (above - below) / (2 * STEP));
    expect(difference).toBeLessThan(1e-8 * Math.max(10, Math.abs(above)));
  }
}
