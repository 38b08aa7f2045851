import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  activeUnits,
  aggregateInformation,
  fromNested,
  gaussianLogProb,
  mixtureLogWeights,
  ndArray,
  ndArrayOps as ops,
  reparameterise,
  toNested,
  totalCorrelationDecomposition,
} from "../../src/index.ts";
import type { DiagonalGaussian, NdArray } from "../../src/index.ts";
import { information } from "../support/bounds.ts";
import { normals, standard } from "../support/linear-gaussian.ts";

const a = fromNested as (nested: unknown) => NdArray;

/** `rounds` draws from every row of q, with the rows they came from. */
function drawsOf(q: DiagonalGaussian<NdArray>, rounds: number, stream: string): { z: NdArray; owners: number[] } {
  const [n, dimensions] = q.mu.shape as [number, number];
  const z = reparameterise(ops, q, normals([rounds, n, dimensions], stream));
  return {
    z: ndArray([rounds * n, dimensions], z.data),
    owners: Array.from({ length: rounds * n }, (_, i) => i % n),
  };
}

describe("aggregateInformation", () => {
  it.each(information)("finds what quadrature finds of a mixture of $mu", (made) => {
    const q = { mu: a(made.mu), logVar: a(made.logVar) };
    const { z, owners } = drawsOf(q, 20_000, "mixture");
    const found = aggregateInformation(q, z, owners);
    const pairs = [
      [found.mutualInformation, made.mutualInformation],
      [found.totalCorrelation, made.totalCorrelation],
      ...found.dimensionWiseKl.map((kl, d) => [kl, made.dimensionWiseKl[d]!] as const),
      [found.marginalKl, made.totalCorrelation + made.dimensionWiseKl.reduce((sum, kl) => sum + kl, 0)],
    ] as const;
    for (const [{ value, standardError }, expected] of pairs) {
      expect(Math.abs(value - expected)).toBeLessThan(5 * standardError + 1e-9); // and the fixture's last digits
      expect(standardError).toBeLessThan(0.01);
    }
  });

  // Sums of a few hundred nats at most.
  it("takes the KL apart without a rest", () => {
    const number = fc.double({ min: -3, max: 3, noNaN: true });
    const rows = fc.array(fc.tuple(number, number, number, number), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(rows, (parameters) => {
        const q = { mu: a(parameters.map(([u, v]) => [u, v])), logVar: a(parameters.map(([, , s, t]) => [s, t])) };
        const { z } = drawsOf(q, 1, "apart");
        const { mutualInformation, totalCorrelation, dimensionWiseKl, marginalKl, kl } = aggregateInformation(q, z);
        const marginal = totalCorrelation.value + dimensionWiseKl.reduce((sum, { value }) => sum + value, 0);
        expect(Math.abs(marginal - marginalKl.value)).toBeLessThan(1e-10);
        expect(Math.abs(mutualInformation.value + marginalKl.value - kl.value)).toBeLessThan(1e-10);
        const own = ops.sub(gaussianLogProb(ops, z, q), gaussianLogProb(ops, z, standard));
        expect(Math.abs(kl.value - ops.mean(own).data[0]!)).toBeLessThan(1e-10);
        // q(z) holds q(z | x) / N, so no draw tells more than log N.
        expect(mutualInformation.value).toBeLessThan(Math.log(parameters.length) + 1e-12);
      }),
    );
  });

  it("is log N where the examples' codes do not overlap, and 0 where they are one", () => {
    const far = {
      mu: a([
        [-100, 0],
        [0, 100],
        [100, 0],
        [0, -100],
      ]),
      logVar: a([
        [0, 0],
        [0, 0],
        [0, 0],
        [0, 0],
      ]),
    };
    const apart = aggregateInformation(far, drawsOf(far, 10, "far").z, drawsOf(far, 10, "far").owners);
    expect(Math.abs(apart.mutualInformation.value - Math.log(4))).toBeLessThan(1e-12);
    const same = {
      mu: a([
        [1, 2],
        [1, 2],
        [1, 2],
      ]),
      logVar: a([
        [0, 1],
        [0, 1],
        [0, 1],
      ]),
    };
    const one = aggregateInformation(same, drawsOf(same, 10, "same").z, drawsOf(same, 10, "same").owners);
    expect(Math.abs(one.mutualInformation.value)).toBeLessThan(1e-12);
    expect(Math.abs(one.totalCorrelation.value)).toBeLessThan(1e-12);
  });
});

/** log q(z_id | x_j), [batch, batch, dimensions]. */
function pairs(q: DiagonalGaussian<NdArray>, z: NdArray): NdArray {
  const others = { mu: ops.expandDims(q.mu, 0), logVar: ops.expandDims(q.logVar, 0) };
  return gaussianLogProb(ops, ops.expandDims(z, 1), others, { axes: [] });
}

function decompose(q: DiagonalGaussian<NdArray>, z: NdArray, logWeights: NdArray) {
  return totalCorrelationDecomposition(ops, {
    logPosterior: gaussianLogProb(ops, z, q),
    logPrior: gaussianLogProb(ops, z, standard, { axes: [] }),
    logPairs: pairs(q, z),
    logWeights,
  });
}

describe("totalCorrelationDecomposition", () => {
  const batch = 5;
  const q = { mu: normals([batch, 3], "tc.mu"), logVar: ops.mul(ops.scalar(0.3), normals([batch, 3], "tc.logVar")) };
  const { z } = drawsOf(q, 1, "tc.z");

  // Each of the three terms is below 100 nats.
  it.each(["weighted", "stratified"] as const)("adds up to the sampled KL, %s", (method) => {
    fc.assert(
      fc.property(fc.integer({ min: batch, max: 100_000 }), (dataset) => {
        const parts = decompose(q, z, mixtureLogWeights({ batch, dataset, method }));
        const sum = ops.add(ops.add(parts.mutualInformation, parts.totalCorrelation), parts.dimensionWiseKl);
        const kl = ops.sub(gaussianLogProb(ops, z, q), gaussianLogProb(ops, z, standard));
        sum.data.forEach((value, i) => expect(Math.abs(value - kl.data[i]!)).toBeLessThan(1e-12));
      }),
    );
  });

  it("stratified over the whole data set is the aggregate posterior itself", () => {
    const parts = decompose(q, z, mixtureLogWeights({ batch, dataset: batch, method: "stratified" }));
    const whole = aggregateInformation(q, z);
    const mean = (x: NdArray) => ops.mean(x).data[0]!;
    const dimensionWise = whole.dimensionWiseKl.reduce((sum, { value }) => sum + value, 0);
    expect(Math.abs(mean(parts.mutualInformation) - whole.mutualInformation.value)).toBeLessThan(1e-12);
    expect(Math.abs(mean(parts.totalCorrelation) - whole.totalCorrelation.value)).toBeLessThan(1e-12);
    expect(Math.abs(mean(parts.dimensionWiseKl) - dimensionWise)).toBeLessThan(1e-12);
  });

  it("weighted puts log N too much into the mutual information when the batch is the data set", () => {
    const weighted = decompose(q, z, mixtureLogWeights({ batch, dataset: batch, method: "weighted" }));
    const exact = decompose(q, z, mixtureLogWeights({ batch, dataset: batch, method: "stratified" }));
    const excess = ops.sub(weighted.mutualInformation, exact.mutualInformation);
    excess.data.forEach((value) => expect(Math.abs(value - Math.log(batch))).toBeLessThan(1e-12));
  });
});

describe("mixtureLogWeights", () => {
  /** All ways to choose `count` of the numbers below `n`. */
  const subsets = (n: number, count: number): number[][] =>
    count === 0
      ? [[]]
      : Array.from({ length: n }, (_, last) => subsets(last, count - 1).map((s) => [...s, last])).flat();

  it.each([2, 3, 4])("stratified estimates q(z) without bias from batches of %i of 6", (batch) => {
    const densities = [0.1, 0.9, 0.4, 0.25, 1.7, 0.05];
    const weights = ops.exp(mixtureLogWeights({ batch, dataset: 6, method: "stratified" })).data;
    for (let own = 0; own < 6; own++) {
      const estimates = subsets(5, batch - 1).map((others) => {
        const members = [own, ...others.map((other) => (other < own ? other : other + 1))];
        return members.reduce((sum, member, j) => sum + weights[j]! * densities[member]!, 0);
      });
      const mean = estimates.reduce((sum, estimate) => sum + estimate, 0) / estimates.length;
      const exact = densities.reduce((sum, density) => sum + density, 0) / 6;
      expect(Math.abs(mean - exact)).toBeLessThan(1e-14);
    }
  });

  // Chen et al.: 1 / N for the own example, (N - m) / (N m) for one of the m others, 1 / m for the rest.
  it("stratified is the mean of the published weights over which of the others is the odd one", () => {
    const [batch, dataset] = [4, 50];
    const m = batch - 1;
    const published = (odd: number) =>
      Array.from({ length: m }, (_, j) => (j === odd ? (dataset - m) / (dataset * m) : 1 / m));
    const mean = Array.from({ length: m }, (_, odd) => published(odd)[0]!).reduce((sum, one) => sum + one, 0) / m;
    const row = toNested(ops.exp(mixtureLogWeights({ batch, dataset, method: "stratified" }))) as number[][];
    expect(Math.abs(row[2]![2]! - 1 / dataset)).toBeLessThan(1e-15);
    expect(Math.abs(row[2]![0]! - mean)).toBeLessThan(1e-15);
  });

  it("weighted is 1 / (N M) throughout", () => {
    const weights = ops.exp(mixtureLogWeights({ batch: 3, dataset: 10, method: "weighted" })).data;
    weights.forEach((weight) => expect(Math.abs(weight - 1 / 30)).toBeLessThan(1e-16));
  });
});

describe("activeUnits", () => {
  it("counts the dimensions whose mean moves", () => {
    const { count, variances, isActive } = activeUnits(
      a([
        [1, 5, 0.0625],
        [-1, 5, -0.0625],
      ]),
    );
    expect([count, isActive]).toEqual([1, [true, false, false]]);
    expect([...variances]).toEqual([1, 0, 2 ** -8]);
    expect(
      activeUnits(
        a([
          [1, 5, 0.0625],
          [-1, 5, -0.0625],
        ]),
        0.0039,
      ).count,
    ).toBe(2);
  });

  it("does not see where the means lie", () => {
    // Offset 2^20: variances of order 1 keep 2^-32 of precision.
    const mu = normals([40, 3], "units");
    const { variances } = activeUnits(mu);
    activeUnits(ops.add(mu, ops.scalar(2 ** 20))).variances.forEach((variance, d) =>
      expect(Math.abs(variance - variances[d]!)).toBeLessThan(1e-8),
    );
  });
});
