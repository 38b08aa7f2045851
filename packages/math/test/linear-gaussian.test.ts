import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  dataMoments,
  fitFactorAnalysis,
  fitProbabilisticPca,
  fromNested,
  linearGaussianLogLikelihood,
  linearGaussianPosterior,
  ndArray,
  ndArrayOps as ops,
  principalComponents,
} from "../src/index.ts";
import type { LinearGaussian, NdArray } from "../src/index.ts";
import { readFixture } from "./support/fixture.ts";
import { normals } from "./support/linear-gaussian.ts";

interface Fixture {
  readonly models: readonly Record<
    "weights" | "mean" | "variance" | "x" | "logLikelihood" | "posteriorLoc" | "posteriorCovariance",
    unknown
  >[];
  readonly fit: Record<"x" | "mean" | "covariance" | "eigenvectors" | "ppcaCovariance", unknown> &
    Record<"eigenvalues" | "factorAnalysisVariance", readonly number[]> &
    Record<"latent" | "ppcaVariance" | "ppcaLogLikelihood" | "factorAnalysisLogLikelihood", number>;
}

const { models, fit } = readFixture<Fixture>("linear-gaussian");
const a = fromNested as (nested: unknown) => NdArray;
const modelOf = (made: Fixture["models"][number]): LinearGaussian<NdArray> => ({
  weights: a(made.weights),
  mean: a(made.mean),
  variance: a(made.variance),
});

function expectNear(actual: NdArray, expected: NdArray, tolerance: number): void {
  expect(actual.shape).toEqual(expected.shape);
  actual.data.forEach((value, i) => expect(Math.abs(value - expected.data[i]!)).toBeLessThan(tolerance));
}

const covarianceOf = ({ weights, variance }: LinearGaussian<NdArray>): NdArray => {
  const features = weights.shape[0]!;
  const identity = a(
    Array.from({ length: features }, (_, i) => Array.from({ length: features }, (__, j) => (i === j ? 1 : 0))),
  );
  return ops.add(ops.matmul(weights, weights, { transposeB: true }), ops.mul(identity, variance));
};

// Covariances with a condition below 10^4: SciPy's own inverse keeps twelve digits of values up to a few thousand.
describe.each(models)("a linear Gaussian model with variance $variance", (made) => {
  it("has the log-likelihood of its covariance", () => {
    const x = a(made.x);
    const expected = a(made.logLikelihood);
    const found = linearGaussianLogLikelihood(ops, x, modelOf(made));
    found.data.forEach((value, i) => expect(Math.abs(value / expected.data[i]! - 1)).toBeLessThan(1e-11));
  });

  it("has the posterior that Bayes' rule gives", () => {
    const { loc, scaleTril } = linearGaussianPosterior(ops, a(made.x), modelOf(made));
    expectNear(loc, a(made.posteriorLoc), 1e-11);
    expectNear(ops.matmul(scaleTril, scaleTril, { transposeB: true }), a(made.posteriorCovariance), 1e-12);
  });
});

describe("linearGaussianLogLikelihood", () => {
  it("is the same for all rotations of z, and for a shared variance written for each feature", () => {
    const made = modelOf(models[0]!);
    const x = a(models[0]!.x);
    const expected = linearGaussianLogLikelihood(ops, x, made);
    fc.assert(
      fc.property(fc.double({ min: 0, max: 7, noNaN: true }), (angle) => {
        const turn = a([
          [Math.cos(angle), Math.sin(angle)],
          [-Math.sin(angle), Math.cos(angle)],
        ]);
        const turned = linearGaussianLogLikelihood(ops, x, { ...made, weights: ops.matmul(made.weights, turn) });
        turned.data.forEach((value, i) => expect(Math.abs(value / expected.data[i]! - 1)).toBeLessThan(1e-13));
      }),
    );
    const each = { ...made, variance: ops.add(ops.mul(made.mean, ops.scalar(0)), made.variance) };
    expect(linearGaussianLogLikelihood(ops, x, each)).toEqual(expected);
  });

  it("keeps its digits where the noise is small", () => {
    // One feature and one latent: N(0, w^2 + v), where the usual form subtracts x^2 / v from x^2 / v.
    const [w, v, x] = [1, 1e-12, 2];
    const model = { weights: a([[w]]), mean: a([0]), variance: a(v) };
    const expected = -0.5 * (Math.log(2 * Math.PI) + Math.log1p(v) + (x * x) / (1 + v));
    // M = 1 + 1 / v, and m = x / (1 + v) to a few roundings; x - m is 2e-12 with an error of 1e-16, whose square over v is nothing.
    expect(Math.abs(linearGaussianLogLikelihood(ops, a([[x]]), model).data[0]! - expected)).toBeLessThan(1e-9);
  });

  it.each([
    ['"x"', RangeError, { x: [[1, 2, 3]] }],
    ['"weights"', RangeError, { weights: [1, 2] }],
    ['"mean"', RangeError, { mean: [1] }],
    ['"variance"', RangeError, { variance: [1] }],
    ['"variance"', RangeError, { variance: [1, 0] }],
  ] as const)("names a bad %s", (name, kind, change) => {
    const given = { x: [[1, 2]], weights: [[1], [2]], mean: [0, 0], variance: 1, ...change };
    const act = () =>
      linearGaussianLogLikelihood(ops, a(given.x), {
        weights: a(given.weights),
        mean: a(given.mean),
        variance: a(given.variance),
      });
    expect(act).toThrow(kind);
    expect(act).toThrow(name);
  });

  it("names what is no array", () => {
    const model = { weights: a([[1]]), mean: a([0]), variance: 1 as never };
    expect(() => linearGaussianLogLikelihood(ops, a([[1]]), model)).toThrow('"variance" expected an array');
    expect(() => linearGaussianPosterior(ops, undefined as never, model)).toThrow('"x" expected an array');
  });
});

describe("fits", () => {
  const x = a(fit.x);
  const moments = dataMoments(x);

  it("dataMoments are NumPy's", () => {
    expectNear(moments.mean, a(fit.mean), 1e-14);
    expectNear(moments.covariance, a(fit.covariance), 1e-13);
  });

  it("principalComponents are NumPy's eigenvectors up to their sign", () => {
    const k = 3;
    const { components, variances, totalVariance } = principalComponents(moments, k);
    const expected = a(fit.eigenvectors);
    variances.forEach((variance, j) => expect(Math.abs(variance - fit.eigenvalues[j]!)).toBeLessThan(1e-13));
    expect(Math.abs(totalVariance - fit.eigenvalues.reduce((sum, value) => sum + value, 0))).toBeLessThan(1e-13);
    for (let j = 0; j < k; j++) {
      const column = Array.from(
        { length: 6 },
        (_, d) => [components.data[d * k + j]!, expected.data[d * 6 + j]!] as const,
      );
      const sign = Math.sign(column.reduce((sum, [one, other]) => sum + one * other, 0));
      // Rounding over the gaps between eigenvalues, which are above 0.01.
      for (const [one, other] of column) expect(Math.abs(one - sign * other)).toBeLessThan(1e-12);
    }
  });

  it("finds the leading directions of many features by iteration", () => {
    // 60 features, variances 0.9^j along the columns of a random orthogonal matrix Q.
    const [features, k] = [60, 8];
    const q = principalComponents({ covariance: symmetric(normals([features, features], "q")) }, features).components;
    const spectrum = ndArray(
      [features],
      Float64Array.from({ length: features }, (_, j) => 0.9 ** j),
    );
    const covariance = ops.matmul(ops.mul(q, spectrum), q, { transposeB: true });
    const { components, variances, totalVariance } = principalComponents({ covariance }, k);
    variances.forEach((variance, j) => expect(Math.abs(variance - 0.9 ** j)).toBeLessThan(1e-13));
    expect(Math.abs(totalVariance - 10 * (1 - 0.9 ** features))).toBeLessThan(1e-12);
    const overlap = ops.matmul(components, q, { transposeA: true });
    // A residual of 1e-11 over gaps of at least 0.04 leaves 2e-10 in the vectors, and its square in the overlap.
    for (let j = 0; j < k; j++) expect(Math.abs(Math.abs(overlap.data[j * features + j]!) - 1)).toBeLessThan(1e-12);
    const gram = ops.matmul(components, components, { transposeA: true });
    gram.data.forEach((value, i) => expect(Math.abs(value - (i % (k + 1) === 0 ? 1 : 0))).toBeLessThan(1e-13));
  });

  it("probabilistic PCA is the closed form's", () => {
    const { model, logLikelihood } = fitProbabilisticPca(moments, fit.latent);
    expect(Math.abs(model.variance.data[0]! - fit.ppcaVariance)).toBeLessThan(1e-13);
    expectNear(covarianceOf(model), a(fit.ppcaCovariance), 1e-12);
    expect(Math.abs(logLikelihood - fit.ppcaLogLikelihood)).toBeLessThan(1e-12);
    const found = ops.mean(linearGaussianLogLikelihood(ops, x, model)).data[0]!;
    expect(Math.abs(found - fit.ppcaLogLikelihood)).toBeLessThan(1e-12);
  });

  // SciPy's minimiser stops at a slope of 1e-7; EM at a gain of 1e-13 per step, some thousands of which may be missing.
  it("factor analysis finds the maximum that a quasi-Newton method finds, and more than probabilistic PCA", () => {
    const { model, logLikelihood } = fitFactorAnalysis(moments, fit.latent, { iterations: 20_000, tolerance: 1e-13 });
    expect(Math.abs(logLikelihood - fit.factorAnalysisLogLikelihood)).toBeLessThan(1e-9);
    model.variance.data.forEach((variance, d) =>
      expect(Math.abs(variance / fit.factorAnalysisVariance[d]! - 1)).toBeLessThan(1e-4),
    );
    const found = ops.mean(linearGaussianLogLikelihood(ops, x, model)).data[0]!;
    expect(Math.abs(found - logLikelihood)).toBeLessThan(1e-12);
    expect(logLikelihood).toBeGreaterThan(fit.ppcaLogLikelihood);
  });

  it("no step of factor analysis lowers the likelihood", () => {
    const steps = [1, 2, 3, 5, 10, 50].map(
      (iterations) => fitFactorAnalysis(moments, 1, { iterations, tolerance: 1e-300 }).logLikelihood,
    );
    steps.forEach((nats, i) =>
      expect(nats).toBeGreaterThan(i === 0 ? fitProbabilisticPca(moments, 1).logLikelihood : steps[i - 1]!),
    );
  });

  const flat = dataMoments(
    a([
      [1, 0],
      [1, 1],
      [1, 2],
    ]),
  );
  const line = dataMoments(
    a([
      [1, 2],
      [2, 4],
      [3, 6],
    ]),
  );

  it.each([
    ['"x"', () => dataMoments(a([1, 2]))],
    ['"x"', () => dataMoments(a([[Number.NaN]]))],
    ['"x"', () => dataMoments({ shape: [0, 2], data: new Float64Array() })],
    ['"k"', () => principalComponents(moments, 7)],
    ['"k"', () => principalComponents(moments, 0)],
    ['"covariance"', () => principalComponents({ covariance: a([[1, 2]]) }, 1)],
    ['"k"', () => fitProbabilisticPca(moments, 6)],
    ['"k"', () => fitProbabilisticPca(line, 1)],
    ['"mean"', () => fitProbabilisticPca({ ...moments, mean: a([1]) }, 1)],
    ['"covariance"', () => fitFactorAnalysis(flat, 1)],
    ['"iterations"', () => fitFactorAnalysis(moments, 1, { iterations: 0 })],
    ['"tolerance"', () => fitFactorAnalysis(moments, 1, { tolerance: 0 })],
    ['"floor"', () => fitFactorAnalysis(moments, 1, { floor: -1 })],
  ])("name a bad %s", (name, act) => {
    expect(act).toThrow(RangeError);
    expect(act).toThrow(name);
  });

  it("a feature that the latents explain fully keeps the floor", () => {
    const perfect = dataMoments(
      a([
        [1, 2, 0.1],
        [2, 4, -0.3],
        [3, 6, 0.2],
        [4, 8, 0],
      ]),
    );
    const { model } = fitFactorAnalysis(perfect, 1, { floor: 1e-3 });
    const own = [0, 4, 8].map((i) => perfect.covariance.data[i]!);
    model.variance.data.forEach((variance, d) => expect(variance).toBeGreaterThanOrEqual(own[d]! * 1e-3 * (1 - 1e-12)));
    expect(Math.min(...model.variance.data.map((variance, d) => variance / own[d]!))).toBeLessThan(2e-3);
  });
});

const symmetric = (x: NdArray): NdArray => ops.matmul(x, x, { transposeB: true });
