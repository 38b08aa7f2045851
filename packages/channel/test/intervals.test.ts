/** Intervals by their definitions, and counted over binomial variables. */
import { describe, expect, it } from "vitest";
import { binomialCdf, clopperPearsonInterval, wilsonInterval, zeroErrorsLimit } from "../src/index.ts";

/** P(X = x) for small numbers. */
function binomial(x: number, n: number, p: number): number {
  let ways = 1;
  for (let i = 0; i < x; i++) ways = (ways * (n - i)) / (i + 1);
  return ways * p ** x * (1 - p) ** (n - x);
}

/** How often an interval holds p, exactly. */
function coverage(interval: typeof wilsonInterval, n: number, p: number): number {
  let sum = 0;
  for (let x = 0; x <= n; x++) {
    const [low, high] = interval(x, n, 0.95);
    if (low <= p && p <= high) sum += binomial(x, n, p);
  }
  return sum;
}

describe("intervals", () => {
  it("Wilson's ends are where the score test just rejects", () => {
    const z = 1.959963984540054;
    for (const [errors, trials] of [
      [0, 10],
      [3, 10],
      [400, 1e5],
      [10, 10],
    ] as const) {
      for (const end of wilsonInterval(errors, trials)) {
        const score = Math.abs(errors / trials - end) / Math.sqrt((end * (1 - end)) / trials);
        if (end > 0 && end < 1) expect(Math.abs(score - z)).toBeLessThan(1e-9);
      }
    }
  });

  it("Clopper and Pearson's ends leave half of what is missing on each side", () => {
    for (const [errors, trials] of [
      [0, 10],
      [3, 10],
      [400, 1e5],
    ] as const) {
      const [low, high] = clopperPearsonInterval(errors, trials, 0.9);
      expect(Math.abs(binomialCdf(errors, trials, high) - 0.05)).toBeLessThan(1e-9);
      if (errors > 0) expect(Math.abs(1 - binomialCdf(errors - 1, trials, low) - 0.05)).toBeLessThan(1e-9);
    }
    expect(clopperPearsonInterval(10, 10)[1]).toBe(1);
  });

  it("hold the truth as often as they say: the second always, the first on average", () => {
    let sum = 0;
    for (let i = 1; i < 100; i++) {
      expect(coverage(clopperPearsonInterval, 40, i / 100)).toBeGreaterThanOrEqual(0.95);
      sum += coverage(wilsonInterval, 40, i / 100) / 99;
    }
    expect(sum).toBeGreaterThan(0.945);
    expect(sum).toBeLessThan(0.96);
  });

  it("after no error the limit is 3 / n, exactly where nothing is seen one time in twenty", () => {
    expect(zeroErrorsLimit(1e6) * 1e6).toBeCloseTo(-Math.log(0.05), 5);
    expect((1 - zeroErrorsLimit(50)) ** 50).toBeCloseTo(0.05, 12);
  });

  it("binomial probabilities add up", () => {
    let sum = 0;
    for (let x = 0; x <= 12; x++) {
      sum += binomial(x, 12, 0.3);
      expect(Math.abs(binomialCdf(x, 12, 0.3) - sum)).toBeLessThan(1e-14);
    }
    expect(binomialCdf(0, 0, 0.5)).toBe(1);
  });

  it("name what is wrong", () => {
    expect(() => wilsonInterval(3, 2)).toThrow(/"errors" expected a whole number from 0 to 2, got 3/);
    expect(() => zeroErrorsLimit(0)).toThrow(/"trials" expected a whole number from 1 on, got 0/);
    expect(() => clopperPearsonInterval(1, 2, 1)).toThrow(/"confidence" expected a number in \(0, 1\), got 1/);
  });
});
