import { describe, expect, it } from "vitest";
import { cdf, entropy, logProb, mean, ndArrayOps as ops, fromNested as a, variance } from "../src/index.ts";
import type { Distribution, NdArray, Nested } from "../src/index.ts";
import { readFixture } from "./support/fixture.ts";

/** A value and its magnitude: the sum of the absolute values of its terms, to which rounding errors are proportional. */
type Sum = readonly [value: number, magnitude: number];

interface ElementwiseCase {
  readonly parameters: Readonly<Record<string, number>>;
  readonly x: readonly number[];
  readonly logProb: readonly Sum[];
  readonly entropy?: Sum;
  readonly mean?: number;
  readonly variance?: number;
  readonly cdf?: readonly number[];
}

interface EventCase {
  readonly family: string;
  readonly parameters: Readonly<Record<string, Nested>>;
  readonly x: readonly number[];
  readonly logProb: Sum;
  readonly entropy?: number;
  readonly mean?: readonly number[];
  readonly variance?: readonly number[];
}

const fixture = readFixture<{
  readonly elementwise: Readonly<Record<string, readonly ElementwiseCase[]>>;
  readonly events: readonly EventCase[];
  readonly cdfFromSciPy: readonly string[];
}>("families");

const EPSILON = 2 ** -52;

function record(family: string, parameters: Readonly<Record<string, Nested>>): Distribution<NdArray> {
  const arrays = Object.entries(parameters).map(([name, value]) => [name, a(value)]);
  return { family, ...Object.fromEntries(arrays) } as Distribution<NdArray>;
}

function expectNear(what: string, actual: number, expected: number, tolerance: number): void {
  const isNear = actual === expected || Math.abs(actual - expected) <= tolerance;
  expect(isNear, `${what}: ${actual} should be ${expected} to ${tolerance}`).toBe(true);
}

const elementwise = Object.entries(fixture.elementwise).flatMap(([family, cases]) =>
  cases.map((one) => [family, JSON.stringify(one.parameters), one] as const),
);

describe("against fifty digits, where SciPy and PyTorch agree", () => {
  // Each of some ten operations is right to half an epsilon of its terms, an exponential or logarithm to one.
  it.each(elementwise)("%s %s: log-density", (family, _, one) => {
    const p = record(family, one.parameters);
    const actual = logProb(ops, p, a(one.x)).data;
    one.x.forEach((x, i) => {
      const [value, magnitude] = one.logProb[i]!;
      expectNear(`x = ${x}`, actual[i]!, value, 16 * EPSILON * magnitude);
    });
  });

  it.each(elementwise.filter(([, , one]) => one.entropy))("%s %s: entropy", (family, _, one) => {
    const [value, magnitude] = one.entropy!;
    const tolerance = 16 * EPSILON * Math.max(magnitude, 1);
    expectNear("entropy", entropy(ops, record(family, one.parameters)).data[0]!, value, tolerance);
  });

  it.each(elementwise.filter(([, , one]) => one.mean !== undefined))("%s %s: mean, variance", (family, _, one) => {
    const p = record(family, one.parameters);
    expectNear("mean", mean(ops, p).data[0]!, one.mean!, 16 * EPSILON * Math.abs(one.mean!));
    expectNear("variance", variance(ops, p).data[0]!, one.variance!, 32 * EPSILON * one.variance!);
  });

  it.each(elementwise.filter(([, , one]) => one.cdf))("%s %s: distribution function", (family, _, one) => {
    const tolerance = fixture.cdfFromSciPy.includes(family) ? 1e-12 : 64 * EPSILON;
    const actual = cdf(ops, record(family, one.parameters), a(one.x)).data;
    one.x.forEach((x, i) => {
      expectNear(`x = ${x}`, actual[i]!, one.cdf![i]!, tolerance);
    });
  });

  it.each(fixture.events.map((one) => [one.family, JSON.stringify(one.parameters), one] as const))(
    "%s %s",
    (family, _, one) => {
      const p = record(family, one.parameters);
      const [value, magnitude] = one.logProb;
      expectNear("log-density", logProb(ops, p, a(one.x)).data[0]!, value, 64 * EPSILON * magnitude);
      if (one.entropy !== undefined) {
        expectNear("entropy", entropy(ops, p).data[0]!, one.entropy, 1e-12 * (1 + magnitude));
      }
      one.mean?.forEach((expected, i) => {
        expectNear("mean", mean(ops, p).data[i]!, expected, 1e-13 * (1 + Math.abs(expected)));
        const square = one.variance![i]!;
        expectNear("variance", variance(ops, p).data[i]!, square, 1e-12 * (1 + Math.abs(square)));
      });
    },
  );
});
