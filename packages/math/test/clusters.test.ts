import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  diagonalNormal,
  fitGaussianMixture,
  fromNested,
  type GaussianMixture,
  gaussianMixtureResponsibilities,
  kMeans,
  logProb,
  mixture,
  multivariateNormal,
  ndArray,
  ndArrayOps as ops,
  randomNormal,
  type NdArray,
  type Nested,
} from "../src/index.ts";
import { readFixture } from "./support/fixture.ts";

interface StoredMixture {
  readonly shares: readonly number[];
  readonly means: Nested;
  readonly variances: Nested;
}

interface Fixture {
  readonly mixtures: readonly {
    readonly covariance: "diagonal" | "full";
    readonly steps: number;
    readonly x: Nested;
    readonly start: StoredMixture;
    readonly responsibilities: Nested;
    readonly end: StoredMixture;
    readonly logLikelihood: number;
  }[];
}

const { mixtures } = readFixture<Fixture>("clusters");
const covariances = ["diagonal", "full"] as const;

const mixtureOf = ({ shares, means, variances }: StoredMixture): GaussianMixture => ({
  shares: Float64Array.from(shares),
  means: fromNested(means),
  variances: fromNested(variances),
});

function expectNear(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < actual.length; i++) expect(Math.abs(actual[i]! - expected[i]!)).toBeLessThan(tolerance);
}

/** Points around `centres`, one after the other, [items, dims], with standard deviations for each dimension. */
function pointsAround(centres: readonly (readonly number[])[], items: number, deviations: readonly number[], seed = 7) {
  const dims = deviations.length;
  const noise = new Float32Array(items * dims);
  randomNormal(noise, { seed, stream: "points" });
  const values = Float64Array.from(noise, (eps, i) => {
    const centre = centres[Math.floor(i / dims) % centres.length]!;
    return centre[i % dims]! + deviations[i % dims]! * eps;
  });
  return ndArray([items, dims], values);
}

/** Rows in the order of their first number: components come out in any order. */
function sortedRows({ shape: [rows], data }: NdArray): number[][] {
  const width = data.length / rows!;
  const all = Array.from({ length: rows! }, (_, i) => [...data.subarray(i * width, (i + 1) * width)]);
  return all.sort((a, b) => a[0]! - b[0]!);
}

const three = [
  [0, 0],
  [6, 1],
  [-2, 7],
] as const;

describe.each(mixtures)("expectation maximisation, $covariance, $steps steps", (made) => {
  const { covariance, steps } = made;
  const x = fromNested(made.x);
  // SciPy's density is by an eigendecomposition, ours by a Cholesky factor: covariances of condition below 10^3 leave
  // thirteen digits of numbers up to 30, and each step carries over what the one before was off by.
  const tolerance = 1e-11;

  it("has the responsibilities that SciPy's densities give", () => {
    const found = gaussianMixtureResponsibilities(x, mixtureOf(made.start));
    expectNear(found.data, fromNested(made.responsibilities).data, tolerance);
  });

  it("steps as the textbook's formulas do in NumPy", () => {
    const options = { components: 3, covariance, start: mixtureOf(made.start), iterations: steps, tolerance: 1e-300 };
    const found = fitGaussianMixture(x, options);
    const expected = mixtureOf(made.end);
    expect(found.iterations).toBe(steps);
    expectNear(found.shares, expected.shares, tolerance);
    expectNear(found.means.data, expected.means.data, tolerance);
    expectNear(found.variances.data, expected.variances.data, tolerance);
    expect(Math.abs(found.logLikelihood - made.logLikelihood)).toBeLessThan(tolerance);
  });
});

describe.each(covariances)("fitGaussianMixture, %s", (covariance) => {
  it("never lowers the log-likelihood, floor or not", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 })), {
          minLength: 6,
          maxLength: 30,
        }),
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom(1e-6, 0.3),
        (rows, components, floor) => {
          fc.pre([0, 1].every((dim) => new Set(rows.map((row) => row[dim])).size > 1));
          const x = fromNested(rows);
          const run = (iterations: number) =>
            fitGaussianMixture(x, { components, covariance, floor, iterations, tolerance: 1e-300 });
          const curve = [1, 2, 3, 4, 5, 6].map((iterations) => run(iterations).logLikelihood);
          // With variances at the floor deviations are up to 10^3 of theirs, squares 10^6: rounding reaches 1e-9.
          for (let i = 1; i < curve.length; i++) expect(curve[i]!).toBeGreaterThan(curve[i - 1]! - 1e-9);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("finds the mixture that points were drawn from", () => {
    const deviations = [0.5, 1.2];
    const found = fitGaussianMixture(pointsAround(three, 6000, deviations), { components: 3, covariance });
    expect(found.converged).toBe(true);
    // 2000 points each: means are off by deviation / sqrt(2000), variances by sqrt(2 / 2000) of theirs; five times that.
    const expected = [...three].sort((a, b) => a[0] - b[0]);
    sortedRows(found.means).forEach((mean, k) =>
      mean.forEach((value, i) => expect(Math.abs(value - expected[k]![i]!)).toBeLessThan((5 * deviations[i]!) / 44.7)),
    );
    for (const share of found.shares) expect(share).toBeCloseTo(1 / 3, 2);
    for (const k of [0, 1, 2]) {
      const own = found.variances.data.subarray((k * found.variances.data.length) / 3);
      const [first, second] = covariance === "full" ? [own[0]!, own[3]!] : [own[0]!, own[1]!];
      expect(Math.abs(first / 0.25 - 1)).toBeLessThan(0.16);
      expect(Math.abs(second / 1.44 - 1)).toBeLessThan(0.16);
    }
  });

  it("gives as log-likelihood the mean log-density of the mixture that it gives", () => {
    const x = pointsAround(three, 90, [1, 2]);
    const { shares, means, variances, logLikelihood } = fitGaussianMixture(x, { components: 3, covariance });
    const components =
      covariance === "full"
        ? multivariateNormal(ops, { loc: means, scaleTril: ops.cholesky(variances) })
        : diagonalNormal(ops, { mu: means, logVar: ops.log(variances) });
    const p = mixture(ops, { logits: ndArray([3], shares.map(Math.log)), components });
    // Two ways to add three exponentials, each right to a few units of 1e-16 of numbers below 10.
    expect(Math.abs(ops.mean(logProb(ops, p, x)).data[0]! - logLikelihood)).toBeLessThan(1e-13);
  });

  it("with one component gives the moments", () => {
    const x = pointsAround([[3, -1]], 500, [2, 0.1]);
    const { means, variances } = fitGaussianMixture(x, { components: 1, covariance });
    const mean = ops.mean(x, { axes: [0] });
    const deviations = ops.sub(x, mean);
    expectNear(means.data, mean.data, 1e-13);
    const second = ops.mul(ops.matmul(deviations, deviations, { transposeA: true }), ops.scalar(1 / 500)).data;
    expectNear(variances.data, covariance === "full" ? second : [second[0]!, second[3]!], 1e-13);
  });

  it("scales and shifts with the points", () => {
    const x = pointsAround(three, 120, [1, 1]);
    const moved = ndArray(
      x.shape,
      x.data.map((value, i) => (i % 2 === 0 ? 64 * value : value + 8)),
    );
    const [one, other] = [x, moved].map((points) => fitGaussianMixture(points, { components: 3, covariance }));
    // The same steps but for rounding, and a density that is 64 times lower.
    expect(other!.logLikelihood + Math.log(64)).toBeCloseTo(one!.logLikelihood, 10);
    expectNear(other!.shares, one!.shares, 1e-10);
    expectNear(
      other!.means.data,
      one!.means.data.map((value, i) => (i % 2 === 0 ? 64 * value : value + 8)),
      1e-8,
    );
  });

  it("does not fall below its floor on points that coincide, nor divide by an empty component's nothing", () => {
    const x = fromNested([...Array.from({ length: 6 }, () => [0, 0]), ...Array.from({ length: 6 }, () => [1, 4])]);
    const found = fitGaussianMixture(x, { components: 4, covariance, floor: 1e-4 });
    expect(Number.isFinite(found.logLikelihood)).toBe(true);
    expect([...found.means.data, ...found.variances.data].every(Number.isFinite)).toBe(true);
    expect(found.shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
    // Variances of the points are 1/4 and 4; a covariance's least eigenvalue in those units lies on its diagonal or below.
    const diagonal = found.variances.data.filter((_, at) => covariance === "diagonal" || at % 4 === 0 || at % 4 === 3);
    diagonal.forEach((value, i) => expect(value).toBeGreaterThan((i % 2 === 0 ? 0.25 : 4) * 1e-4 * (1 - 1e-9)));
    const rows = gaussianMixtureResponsibilities(x, found).data;
    expect(rows.every((p) => p >= 0 && p <= 1)).toBe(true);
  });

  it("is the same again, and no worse with more starts", () => {
    const x = pointsAround([...three, [2, 2], [9, 9]], 200, [1, 1]);
    const fit = (restarts: number) => fitGaussianMixture(x, { components: 5, covariance, restarts, seed: 4 });
    expect(fit(2)).toEqual(fit(2));
    const curve = [1, 2, 4, 8].map((restarts) => fit(restarts).logLikelihood);
    expect(curve).toEqual(curve.toSorted((a, b) => a - b));
  });
});

it("a full covariance of points on a line is lifted to the floor across it", () => {
  const x = fromNested(Array.from({ length: 50 }, (_, i) => [i, 3 * i + 1]));
  const { variances } = fitGaussianMixture(x, { components: 1, covariance: "full", floor: 1e-3 });
  const [a, b, , d] = [...variances.data] as [number, number, number, number];
  // In units of the deviations the matrix is [[1, 1], [1, 1]], of eigenvalues 2 and 0; the 0 becomes the floor.
  const correlation = b / Math.sqrt(a * d);
  expect((1 - correlation) / (1 + correlation)).toBeCloseTo(1e-3 / 2, 12);
});

describe("kMeans", () => {
  it("finds clusters that lie apart, each point with its own", () => {
    const x = pointsAround(three, 300, [0.5, 0.5]);
    const { centres, assignment, converged } = kMeans(x, { clusters: 3, seed: 2 });
    expect(converged).toBe(true);
    const expected = [...three].sort((a, b) => a[0] - b[0]);
    sortedRows(centres).forEach((centre, k) => expectNear(centre, expected[k]!, 0.25));
    const labels = new Map([0, 1, 2].map((k) => [assignment[k]!, k]));
    expect(labels.size).toBe(3);
    assignment.forEach((cluster, item) => expect(labels.get(cluster)).toBe(item % 3));
  });

  it("puts each centre at the mean of its points, each point at its nearest centre, and tells the squares between", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: -50, max: 50 })), {
          minLength: 4,
          maxLength: 25,
        }),
        fc.integer({ min: 1, max: 4 }),
        (rows, clusters) => {
          const found = kMeans(fromNested(rows), { clusters });
          const centres = Array.from({ length: clusters }, (_, k) => [
            ...found.centres.data.subarray(2 * k, 2 * k + 2),
          ]);
          const square = (row: readonly number[], k: number) =>
            row.reduce((sum, v, i) => sum + (v - centres[k]![i]!) ** 2, 0);
          expect(found.converged).toBe(true);
          let total = 0;
          rows.forEach((row, item) => {
            const own = square(row, found.assignment[item]!);
            for (let k = 0; k < clusters; k++) expect(own).toBeLessThanOrEqual(square(row, k));
            total += own;
          });
          // At most 25 squares up to 20,000, added in the same order.
          expect(found.sumOfSquares).toBeCloseTo(total, 8);
          centres.forEach((centre, k) => {
            const mine = rows.filter((_, item) => found.assignment[item] === k);
            if (mine.length === 0) return;
            expectNear(
              centre,
              [0, 1].map((i) => mine.reduce((sum, row) => sum + row[i]!, 0) / mine.length),
              1e-12,
            );
          });
        },
      ),
    );
  });

  it("is no worse with more rounds or more starts", () => {
    const x = pointsAround([...three, [2, 2], [9, 9]], 200, [1.5, 1.5]);
    for (const option of ["iterations", "restarts"] as const) {
      const curve = [1, 2, 4, 8].map((count) => kMeans(x, { clusters: 5, seed: 3, [option]: count }).sumOfSquares);
      expect(curve).toEqual(curve.toSorted((a, b) => b - a));
    }
    expect(kMeans(x, { clusters: 5, seed: 3, iterations: 1 }).converged).toBe(false);
  });

  it("draws its starts from all points, and no point twice while others lie elsewhere", () => {
    const rows = [[0], [1], [100], [101]];
    const starts = Array.from({ length: 40 }, (_, seed) => kMeans(fromNested(rows), { clusters: 4, seed }));
    for (const { sumOfSquares } of starts) expect(sumOfSquares).toBe(0);
    // Two of four: the far pair has all but 1 part in 10,000 of the weight, so both sides get one each.
    const pairs = Array.from({ length: 40 }, (_, seed) => kMeans(fromNested(rows), { clusters: 2, seed }));
    for (const { sumOfSquares } of pairs) expect(sumOfSquares).toBe(1);
  });

  it("leaves centres without points where they are when points coincide", () => {
    const { centres, assignment, sumOfSquares } = kMeans(fromNested([[2], [2], [2]]), { clusters: 3 });
    expect([...centres.data]).toEqual([2, 2, 2]);
    expect([...assignment]).toEqual([0, 0, 0]);
    expect(sumOfSquares).toBe(0);
  });
});

describe("errors name the argument:", () => {
  const x = fromNested([
    [0, 1],
    [2, 3],
    [4, 8],
  ]);
  const good: GaussianMixture = {
    shares: Float64Array.of(0.5, 0.5),
    means: fromNested([
      [0, 0],
      [1, 1],
    ]),
    variances: fromNested([
      [1, 1],
      [1, 1],
    ]),
  };
  it.each<[string, () => unknown]>([
    ['"points" expected shape [any, any], got [3]', () => kMeans(fromNested([1, 2, 3]), { clusters: 1 })],
    ['"points" expected finite numbers, got NaN at 1', () => kMeans(fromNested([[1, NaN]]), { clusters: 1 })],
    [
      '"points" expected at least 1 dimension, got 0',
      () => kMeans(ndArray([3, 0], new Float64Array(0)), { clusters: 1 }),
    ],
    ['"clusters" expected at most 3, the number of points, got 4', () => kMeans(x, { clusters: 4 })],
    ['"clusters" expected an integer of at least 1, got 0', () => kMeans(x, { clusters: 0 })],
    ['"restarts" expected an integer of at least 1, got 0', () => kMeans(x, { clusters: 1, restarts: 0 })],
    ['"iterations" expected an integer of at least 1, got 0.5', () => kMeans(x, { clusters: 1, iterations: 0.5 })],
    ['"seed" expected a non-negative safe integer, got -1', () => kMeans(x, { clusters: 1, seed: -1 })],
    ['"components" expected at most 3', () => fitGaussianMixture(x, { components: 4 })],
    [
      '"covariance" expected diagonal or full, got round',
      () => fitGaussianMixture(x, { components: 1, covariance: "round" as never }),
    ],
    ['"floor" expected a positive finite number, got 0', () => fitGaussianMixture(x, { components: 1, floor: 0 })],
    [
      '"tolerance" expected a positive finite number, got -1',
      () => fitGaussianMixture(x, { components: 1, tolerance: -1 }),
    ],
    [
      '"points" expected dimensions that vary, got 0 for dimension 1',
      () =>
        fitGaussianMixture(
          fromNested([
            [1, 2],
            [2, 2],
          ]),
          { components: 1 },
        ),
    ],
    ['"start.means" expected shape [3, 2], got [2, 2]', () => fitGaussianMixture(x, { components: 3, start: good })],
    [
      '"start.variances" expected shape [2, 2, 2], got [2, 2]',
      () => fitGaussianMixture(x, { components: 2, covariance: "full", start: good }),
    ],
    [
      '"mixture.shares" expected shares that add up to 1, got [0.5, 0.6]',
      () => gaussianMixtureResponsibilities(x, { ...good, shares: Float64Array.of(0.5, 0.6) }),
    ],
    [
      '"mixture.shares" expected shares that add up to 1, got [-0.5, 1.5]',
      () => gaussianMixtureResponsibilities(x, { ...good, shares: Float64Array.of(-0.5, 1.5) }),
    ],
    [
      '"mixture.variances" expected positive numbers',
      () =>
        gaussianMixtureResponsibilities(x, {
          ...good,
          variances: fromNested([
            [1, 1],
            [0, 1],
          ]),
        }),
    ],
    [
      '"points" expected shape [any, 2], got [1, 3]',
      () => gaussianMixtureResponsibilities(fromNested([[1, 2, 3]]), good),
    ],
  ])("%s", (message, attempt) => {
    expect(attempt).toThrow(message);
  });
});
