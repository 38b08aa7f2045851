import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  fromNested,
  importanceSampledLogLikelihood,
  importanceWeightedBound,
  LogWeightAccumulator,
  meanLogLikelihood,
  ndArrayOps as ops,
  normalisedWeights,
} from "../../src/index.ts";
import type { NdArray } from "../../src/index.ts";
import { meanOf, normals } from "../support/linear-gaussian.ts";

const a = fromNested as (nested: unknown) => NdArray;
const logWeight = fc.double({ min: -1000, max: 1000, noNaN: true });
const table = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 12 }))
  .chain(([rows, k]) =>
    fc.array(fc.array(logWeight, { minLength: k, maxLength: k }), { minLength: rows, maxLength: rows }),
  );

describe("importance-sampled log-likelihood", () => {
  // At most 12 terms: as many roundings of the sum, and those of exp and log at exponents up to 2000.
  it("is the importance-weighted bound, whatever order the draws come in", () => {
    fc.assert(
      fc.property(table, (rows) => {
        const expected = importanceWeightedBound(ops, a(rows)).data;
        const forward = importanceSampledLogLikelihood(a(rows));
        const backward = importanceSampledLogLikelihood(a(rows.map((row) => row.toReversed())));
        for (const { logLikelihood, effectiveSampleSize, draws } of [forward, backward]) {
          logLikelihood.forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-12 * 1000));
          effectiveSampleSize.forEach((size) => expect(size).toBeGreaterThan(1 - 1e-12));
          effectiveSampleSize.forEach((size) => expect(size).toBeLessThan(draws + 1e-12));
        }
      }),
    );
  });

  it("knows equal weights: all draws count, and the error is 0", () => {
    const { logLikelihood, effectiveSampleSize, standardError } = importanceSampledLogLikelihood(
      a([[-900, -900, -900, -900]]),
    );
    expect([logLikelihood[0], effectiveSampleSize[0], standardError[0]]).toEqual([-900, 4, 0]);
  });

  it("one weight far above the others is one draw", () => {
    const { logLikelihood, effectiveSampleSize, standardError } = importanceSampledLogLikelihood(a([[0, 800, 0, 0]]));
    expect(logLikelihood[0]).toBe(800 + Math.log(1 / 4));
    expect(effectiveSampleSize[0]).toBe(1);
    expect(standardError[0]).toBe(1); // sqrt((1 - 1/4) 4/3)
  });

  it("a weight of 0 lowers the mean and no more", () => {
    const { logLikelihood } = importanceSampledLogLikelihood(
      a([
        [-Infinity, 0],
        [0, -Infinity],
      ]),
    );
    expect([...logLikelihood]).toEqual([-Math.LN2, -Math.LN2]);
    const none = new LogWeightAccumulator(1);
    none.add([-Infinity]);
    expect(none.estimate().logLikelihood[0]).toBe(-Infinity);
  });

  it("does not know its error from one draw", () => {
    expect(importanceSampledLogLikelihood(a([[-3]])).standardError[0]).toBe(Infinity);
  });

  // log w ~ N(0, s^2): E[w] = exp(s^2 / 2), and k E[w]^2 / E[w^2] = k exp(-s^2).
  it("on log-normal weights has the effective sample size and the error that theory gives", () => {
    const s = 0.5;
    const [runs, k] = [400, 1000];
    const drawn = normals([runs, k], "log-normal");
    const { logLikelihood, effectiveSampleSize, standardError } = importanceSampledLogLikelihood(
      ops.mul(ops.scalar(s), drawn),
    );
    const theory = Math.sqrt(Math.expm1(s * s) / k);
    const size = meanOf(effectiveSampleSize);
    // Bias of order 1 / k beside the spread of the mean.
    expect(Math.abs(size.mean / k - Math.exp(-s * s))).toBeLessThan((5 * size.error) / k + 3 / k);
    const error = meanOf(standardError);
    expect(Math.abs(error.mean / theory - 1)).toBeLessThan((5 * error.error) / theory + 3 / k);
    const estimates = meanOf(logLikelihood);
    expect(Math.abs(estimates.mean - (s * s) / 2 + theory ** 2 / 2)).toBeLessThan(5 * estimates.error);
    // And the runs do scatter by it: relative error of a standard deviation is 1 / sqrt(2 runs).
    const scatter = estimates.error * Math.sqrt(runs);
    expect(Math.abs(scatter / theory - 1)).toBeLessThan(5 / Math.sqrt(2 * runs));
  });

  it("adds nothing where something is wrong", () => {
    const weights = new LogWeightAccumulator(2);
    weights.add([-1, -2]);
    const before = weights.estimate();
    expect(() => weights.add([0, Number.NaN])).toThrow(
      '"logWeights" expected numbers below Infinity, got NaN for example 1',
    );
    expect(() => weights.add([Infinity, 0])).toThrow(RangeError);
    expect(() => weights.add([0])).toThrow('"logWeights" expected 2, one per example, got 1');
    expect(weights.estimate()).toEqual(before);
  });
});

describe("meanLogLikelihood", () => {
  it("tells the draws' error from the data's", () => {
    const { mean, samplingError, dataError } = meanLogLikelihood({
      logLikelihood: Float64Array.of(-1, -3, -2),
      standardError: Float64Array.of(0.3, 0.4, 0),
    });
    expect(mean).toBe(-2);
    expect(samplingError).toBe(0.5 / 3);
    expect(dataError).toBe(Math.sqrt(1 / 3));
  });
});

describe("importanceWeightedBound and normalisedWeights", () => {
  it("is between the mean and the largest log weight", () => {
    fc.assert(
      fc.property(table, (rows) => {
        const bounds = importanceWeightedBound(ops, a(rows)).data;
        rows.forEach((row, i) => {
          expect(bounds[i]).toBeLessThanOrEqual(Math.max(...row) + 1e-9);
          expect(bounds[i]).toBeGreaterThanOrEqual(row.reduce((sum, value) => sum + value, 0) / row.length - 1e-9);
        });
      }),
    );
  });

  it("weights are at least 0, add up to 1, and do not see a constant", () => {
    fc.assert(
      fc.property(table, (rows) => {
        const weights = normalisedWeights(ops, a(rows));
        weights.data.forEach((weight) => expect(weight).toBeGreaterThanOrEqual(0));
        // The logarithm of the sum, up to 1000, is rounded before exp.
        ops.sum(weights, { axes: [-1] }).data.forEach((sum) => expect(Math.abs(sum - 1)).toBeLessThan(1e-12));
        const shifted = normalisedWeights(ops, ops.add(a(rows), ops.scalar(64)));
        shifted.data.forEach((weight, i) => expect(Math.abs(weight - weights.data[i]!)).toBeLessThan(1e-12));
      }),
    );
  });
});
