import { describe, expect, it } from "vitest";
import {
  annealedImportanceSampling,
  bidirectionalBound,
  fromNested,
  gaussianLogProb,
  importanceSampledLogLikelihood,
  importanceWeightedBound,
  ndArray,
  ndArrayOps as ops,
  reparameterise,
  reshape,
  reverseAnnealedImportanceSampling,
  sigmoidTemperatures,
  tunedStepSizes,
} from "../../src/index.ts";
import type { DiagonalGaussian, NdArray } from "../../src/index.ts";
import { ladder } from "../support/bounds.ts";
import { type Density, joint, logWeights, meanOf, normals, prior } from "../support/linear-gaussian.ts";

/** Everything below is drawn with fixed seeds; 5 standard errors would be missed once in two million. */
const SIGMAS = 5;

const a = fromNested as (nested: unknown) => NdArray;
const meanField = (row: number) => ({ mu: a(ladder.posteriorMu[row]), logVar: a(ladder.meanFieldLogVar) });

describe("probabilistic PCA with an exact log p(x)", () => {
  const [[p, r], [, s]] = ladder.posteriorPrecision as [[number, number], [number, number]];
  const rho = r / Math.sqrt(p * s);

  // Sums of terms of at most some hundred nats; the float32 noise is exact in float64.
  it.each([0, 1, 2])(
    "log w is log p(x) + log(1 - rho^2) / 2 - rho e1 e2 at the best factorised q, example %i",
    (row) => {
      const eps = normals([100, 2], "identity", row + 1);
      const weights = logWeights(ladder, ladder.x[row]!, meanField(row), eps).data;
      weights.forEach((logWeight, i) => {
        const expected =
          ladder.evidence[row]! + Math.log1p(-rho * rho) / 2 - rho * eps.data[2 * i]! * eps.data[2 * i + 1]!;
        expect(Math.abs(logWeight - expected)).toBeLessThan(1e-11);
      });
    },
  );

  const evidence = ladder.evidence[0]!;
  const draws = 200_000;
  const weights = logWeights(ladder, ladder.x[0]!, meanField(0), normals([draws, 2], "ladder"));
  /** The bounds of k draws each, of the same draws for every k. */
  const bounds = (k: number) => importanceWeightedBound(ops, reshape(weights, [draws / k, k])).data;

  it.each(ladder.distance)("the bound of $k samples lies $nats nats from log p(x)", ({ k, nats }) => {
    const { mean, error } = meanOf(bounds(k));
    expect(Math.abs(mean - evidence - nats)).toBeLessThan(SIGMAS * error);
    expect(error).toBeLessThan(0.005);
  });

  it("each step up the ladder is as high as it must be", () => {
    for (let i = 1; i < ladder.distance.length; i++) {
      const [less, more] = [ladder.distance[i - 1]!, ladder.distance[i]!];
      const inGroups = ops.mean(
        reshape({ shape: [draws / less.k], data: bounds(less.k) }, [draws / more.k, more.k / less.k]),
        { axes: [1] },
      );
      const steps = bounds(more.k).map((bound, group) => bound - inGroups.data[group]!);
      // By Jensen's inequality no group of draws can fall, whatever they are.
      steps.forEach((step) => expect(step).toBeGreaterThanOrEqual(0));
      const { mean, error } = meanOf(steps);
      expect(Math.abs(mean - (more.nats - less.nats))).toBeLessThan(SIGMAS * error);
      expect(SIGMAS * error).toBeLessThan(mean);
    }
  });

  it("importance sampling finds log p(x) within its own standard error", () => {
    const [runsOf, k] = [50, 2000];
    // Twice the variance: under the best factorised q itself 2 rho > 1, and the weights have no finite variance.
    const { mu, logVar } = meanField(0);
    const wide = { mu, logVar: ops.add(logVar, ops.scalar(Math.LN2)) };
    const drawn = logWeights(ladder, ladder.x[0]!, wide, normals([runsOf * k, 2], "wide"));
    const runs = importanceSampledLogLikelihood(reshape(drawn, [runsOf, k]));
    const errors = runs.logLikelihood.map((estimate, run) => (estimate - evidence) / runs.standardError[run]!);
    // Standardised errors: their mean square is 1, give or take sqrt(2 / runs).
    const { mean } = meanOf(errors.map((error) => error * error));
    expect(Math.abs(mean - 1)).toBeLessThan(SIGMAS * Math.sqrt(2 / errors.length));
    runs.standardError.forEach((error) => expect(error).toBeLessThan(0.02));
    runs.effectiveSampleSize.forEach((size) => expect(size).toBeGreaterThan(k / 3));
  });

  it.each([0, 1])("annealing brackets it, and brackets it closer with more temperatures, example %i", async (row) => {
    const chains = 100;
    const truth = ladder.evidence[row]!;
    const widthOf = async (transitions: number): Promise<number> => {
      const temperatures = sigmoidTemperatures(transitions);
      const options = { initial: prior, target: joint(ladder, ladder.x[row]!), temperatures, leapfrogSteps: 4 };
      const pilot = { ...options, stepSize: 0.2, key: { seed: 7, stream: "pilot" } };
      const stepSize = await tunedStepSizes(normals([chains, 2], "pilot.start"), pilot);
      const run = (stream: string) => ({ ...options, stepSize, key: { seed: row, stream } });
      const forward = await annealedImportanceSampling(normals([chains, 2], "start", row + 1), run("ais"));
      const posterior = exactPosterior(row, normals([chains, 2], "posterior", row + 1));
      const backward = await reverseAnnealedImportanceSampling(posterior, run("bdmc"));
      const { lower, upper, lowerError, upperError } = bidirectionalBound(forward, backward);
      expect(lower).toBeLessThan(truth + SIGMAS * lowerError);
      expect(upper).toBeGreaterThan(truth - SIGMAS * upperError);
      const [below, above] = [meanOf(forward.logWeights).mean, meanOf(backward.logWeights).mean];
      // The plain means bound it too, and lie further out: Jensen's inequality in each single weight.
      expect(below).toBeLessThan(lower);
      expect(above).toBeGreaterThan(upper);
      expect(below).toBeLessThan(truth);
      expect(above).toBeGreaterThan(truth);
      return above - below;
    };
    const widths = [await widthOf(15), await widthOf(120)];
    expect(widths[1]).toBeLessThan(widths[0]! / 3);
    expect(widths[1]).toBeLessThan(1);
  });
});

/** m + L^-T eps with L L^T the posterior's precision. */
function exactPosterior(row: number, eps: NdArray): NdArray {
  const [[p, r], [, s]] = ladder.posteriorPrecision as [[number, number], [number, number]];
  const l11 = Math.sqrt(p);
  const l21 = r / l11;
  const l22 = Math.sqrt(s - l21 * l21);
  const data = Float64Array.from(eps.data, (_, i) => {
    const second = eps.data[i | 1]! / l22;
    return i & 1 ? second : (eps.data[i]! - l21 * second) / l11;
  });
  return ops.add(a(ladder.posteriorMu[row]), ndArray(eps.shape, data));
}

describe("annealed importance sampling", () => {
  const x = ladder.x[0]!;
  const evidence = ladder.evidence[0]!;
  const few = {
    initial: prior,
    target: joint(ladder, x),
    temperatures: [0, 0.1, 0.4, 1],
    leapfrogSteps: 3,
    stepSize: 0.1,
  };

  /** A Gaussian beside the posterior, as a density to start from. */
  const beside = (logVar: number) => ({
    mu: ops.add(a(ladder.posteriorMu[0]), ops.scalar(0.1)),
    logVar: ops.scalar(logVar),
  });
  const density =
    (q: DiagonalGaussian<NdArray>): Density =>
    (z) => ({
      value: gaussianLogProb(ops, z, q),
      gradient: ops.mul(ops.sub(q.mu, z), ops.exp(ops.neg(q.logVar))),
    });

  // w has a finite variance where the start is wider than the posterior, 1 / w where it is narrower.
  it("is unbiased however badly its chains mix, forwards for p(x) and backwards for 1 / p(x)", async () => {
    const chains = 20_000;
    const [wide, narrow] = [beside(-1.5), beside(-3.5)];
    const key = { seed: 3, stream: "few" };
    const start = reparameterise(ops, wide, normals([chains, 2], "few.start"));
    const forward = await annealedImportanceSampling(start, { ...few, initial: density(wide), key });
    const end = exactPosterior(0, normals([chains, 2], "few.end"));
    const backward = await reverseAnnealedImportanceSampling(end, { ...few, initial: density(narrow), key });
    const { lower, upper, lowerError, upperError } = bidirectionalBound(forward, backward);
    expect(Math.abs(lower - evidence)).toBeLessThan(SIGMAS * lowerError);
    expect(Math.abs(upper - evidence)).toBeLessThan(SIGMAS * upperError);
    expect(Math.max(lowerError, upperError)).toBeLessThan(0.03);
    // Single weights are off by more than the means may be.
    expect(evidence - meanOf(forward.logWeights).mean).toBeGreaterThan(10 * lowerError);
    expect(meanOf(backward.logWeights).mean - evidence).toBeGreaterThan(10 * upperError);
  });

  it("with one transition is importance sampling from the initial density", async () => {
    const start = normals([50, 2], "one");
    const { logWeights: weights } = await annealedImportanceSampling(start, {
      ...few,
      temperatures: [0, 1],
      key: { seed: 1, stream: "one" },
    });
    const expected = ops.sub(few.target(start).value, prior(start).value);
    expect(weights).toEqual(expected.data);
  });

  it("gives chains that start outside the target no weight, and lets none leave it", async () => {
    const chains = 2000;
    // The standard normal where its first coordinate is positive: the integral is a half.
    const target: Density = (z) => {
      const { value, gradient } = prior(z);
      const inside = value.data.map((logDensity, chain) => (z.data[2 * chain]! > 0 ? logDensity : -Infinity));
      return { value: ndArray(value.shape, inside), gradient };
    };
    const start = normals([chains, 2], "half");
    const run = await annealedImportanceSampling(start, {
      ...few,
      target,
      temperatures: sigmoidTemperatures(5),
      stepSize: 0.5,
      key: { seed: 1, stream: "half" },
    });
    run.logWeights.forEach((weight, chain) => {
      expect(weight).toBe(start.data[2 * chain]! > 0 ? 0 : -Infinity);
      if (weight === 0) expect(run.z.data[2 * chain]).toBeGreaterThan(0);
    });
    const { lower, lowerError } = bidirectionalBound(run, { logWeights: Float64Array.of(0) });
    expect(Math.abs(lower - Math.log(0.5))).toBeLessThan(SIGMAS * lowerError);
  });

  it("is the same run for the same key, also when it must wait for the density, and another for another", async () => {
    const start = normals([10, 2], "key");
    const run = (seed: number) => annealedImportanceSampling(start, { ...few, key: { seed, stream: "key" } });
    const first = await run(1);
    expect(await run(1)).toEqual(first);
    expect((await run(2)).logWeights).not.toEqual(first.logWeights);
    const later = async (z: NdArray) => Promise.resolve(few.target(z));
    const waited = await annealedImportanceSampling(start, { ...few, target: later, key: { seed: 1, stream: "key" } });
    expect(waited).toEqual(first);
  });

  it("leaves the posterior as it is", async () => {
    const chains = 10_000;
    const start = exactPosterior(0, normals([chains, 2], "stay"));
    const target = joint(ladder, x);
    // A path from the posterior to itself: nothing but transitions, with steps long enough to refuse some.
    const {
      z,
      logWeights: weights,
      acceptance,
    } = await annealedImportanceSampling(start, {
      initial: target,
      target,
      temperatures: [0, 0.5, 1],
      leapfrogSteps: 3,
      stepSize: 0.35,
      key: { seed: 5, stream: "stay" },
    });
    expect(weights.every((weight) => weight === 0)).toBe(true);
    acceptance.forEach((share) => expect(share).toBeLessThan(0.95));
    acceptance.forEach((share) => expect(share).toBeGreaterThan(0.3));
    const [[p, r], [, s]] = ladder.posteriorPrecision as [[number, number], [number, number]];
    const determinant = p * s - r * r;
    const covariance = [s / determinant, p / determinant, -r / determinant];
    const [m0, m1] = ladder.posteriorMu[0] as [number, number];
    const rows = Array.from({ length: chains }, (_, i) => [z.data[2 * i]! - m0, z.data[2 * i + 1]! - m1] as const);
    const moments = [
      rows.map(([u]) => u),
      rows.map(([, v]) => v),
      rows.map(([u]) => u * u - covariance[0]!),
      rows.map(([, v]) => v * v - covariance[1]!),
      rows.map(([u, v]) => u * v - covariance[2]!),
    ];
    for (const moment of moments.map(meanOf)) expect(Math.abs(moment.mean)).toBeLessThan(SIGMAS * moment.error);
  });
});

describe("sigmoidTemperatures", () => {
  it("grow from 0 to 1, symmetrically and closest at the ends", () => {
    const temperatures = sigmoidTemperatures(50);
    expect([temperatures[0], temperatures[50]]).toEqual([0, 1]);
    for (let t = 1; t <= 50; t++) {
      expect(temperatures[t]).toBeGreaterThan(temperatures[t - 1]!);
      // Sums of numbers of at most 1, in a dozen operations.
      expect(Math.abs(temperatures[t]! + temperatures[50 - t]! - 1)).toBeLessThan(16 * 2 ** -52);
    }
    expect(temperatures[1]).toBeLessThan((temperatures[26]! - temperatures[25]!) / 5);
  });
});
