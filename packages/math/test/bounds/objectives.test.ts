import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bitsPerDimension,
  capacityObjective,
  elbo,
  freeBitsKl,
  fromNested,
  inferenceGaps,
  klDiagonalGaussian,
  klPerDimension,
  logLikelihoodFromBitsPerDimension,
  ndArrayOps as ops,
  rateDistortion,
  refittedPosterior,
  sampledElbo,
  toNested,
} from "../../src/index.ts";
import type { DiagonalGaussian, NdArray } from "../../src/index.ts";
import { ladder } from "../support/bounds.ts";
import { joint, logLikelihood, meanOf, normals, logWeights } from "../support/linear-gaussian.ts";

const a = fromNested as (nested: unknown) => NdArray;
const nats = fc.double({ min: -50, max: 50, noNaN: true });
const positive = fc.double({ min: 1e-3, max: 50, noNaN: true });

describe("log p(x) = ELBO + KL(q || posterior)", () => {
  // Probabilities of at least exp(-20) over at most 8 terms: every logarithm is below 40, and 1e-10 is 10^4 roundings.
  it("on any enumerable model", () => {
    const logits = fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 3, maxLength: 8 });
    fc.assert(
      fc.property(logits, fc.infiniteStream(fc.double({ min: -10, max: 10, noNaN: true })), (joints, stream) => {
        const q = ops.softmax(a(joints.map(() => stream.next().value as number)));
        const logQ = ops.log(q);
        const logJoint = a(joints);
        const expectation = (x: NdArray) => ops.sum(ops.mul(q, x)).data[0]!;
        const logEvidence = Math.log(joints.reduce((sum, one) => sum + Math.exp(one), 0));
        const bound = expectation(
          sampledElbo(ops, { logLikelihood: logJoint, logPrior: ops.scalar(0), logPosterior: logQ }),
        );
        const gap = expectation(ops.sub(logQ, ops.sub(logJoint, ops.scalar(logEvidence))));
        expect(Math.abs(bound + gap - logEvidence)).toBeLessThan(1e-10);
        expect(gap).toBeGreaterThanOrEqual(-1e-14);
      }),
    );
  });

  // Terms of at most a few thousand nats.
  it("on probabilistic PCA, for any factorised q", () => {
    const parameter = fc.double({ min: -3, max: 3, noNaN: true });
    fc.assert(
      fc.property(
        fc.constantFrom(0, 1, 2),
        fc.tuple(parameter, parameter, parameter, parameter),
        (row, [u, v, s, t]) => {
          const q = { mu: a([[u, v]]), logVar: a([[s, t]]) };
          const bound = exactElbo(row, q);
          expect(Math.abs(bound + klToPosterior(row, q) - ladder.evidence[row]!)).toBeLessThan(1e-10);
        },
      ),
    );
  });
});

/** E_q of the one-draw ELBO: quadratic in eps, so the mean over eps in {-1, 1}^2. */
function exactElbo(row: number, q: DiagonalGaussian<NdArray>): number {
  const eps = a([
    [-1, -1],
    [-1, 1],
    [1, -1],
    [1, 1],
  ]);
  const z = ops.add(q.mu, ops.mul(ops.exp(ops.mul(ops.scalar(0.5), q.logVar)), eps));
  const bounds = elbo(ops, { logLikelihood: logLikelihood(ladder, ladder.x[row]!, z), kl: klDiagonalGaussian(ops, q) });
  return ops.mean(bounds).data[0]!;
}

/** (tr(P S) + d^T P d - 2 - log det P - log det S) / 2 with P the posterior's precision, d the distance of the means. */
function klToPosterior(row: number, q: DiagonalGaussian<NdArray>): number {
  const [[p, r], [, s]] = ladder.posteriorPrecision as [[number, number], [number, number]];
  const [m0, m1] = ladder.posteriorMu[row] as [number, number];
  const [d0, d1] = [q.mu.data[0]! - m0, q.mu.data[1]! - m1];
  const [v0, v1] = q.logVar.data as unknown as [number, number];
  const trace = p * Math.exp(v0) + s * Math.exp(v1);
  const distance = p * d0 * d0 + 2 * r * d0 * d1 + s * d1 * d1;
  return (trace + distance - 2 - Math.log(p * s - r * r) - v0 - v1) / 2;
}

describe("sampledElbo", () => {
  it("agrees with the closed-form KL in expectation", () => {
    const q = { mu: a([[0.3, -0.4]]), logVar: a([[-1, -0.5]]) };
    const { mean, error } = meanOf(logWeights(ladder, ladder.x[0]!, q, normals([20_000, 2], "sampled")).data);
    expect(Math.abs(mean - exactElbo(0, q))).toBeLessThan(5 * error);
  });

  it("weighs prior and posterior by beta", () => {
    const terms = { logLikelihood: a([-3]), logPrior: a([-2]), logPosterior: a([-0.5]) };
    expect(toNested(sampledElbo(ops, terms))).toEqual([-4.5]);
    expect(toNested(sampledElbo(ops, { ...terms, beta: 4 }))).toEqual([-9]);
    expect(toNested(sampledElbo(ops, { ...terms, beta: a(0) }))).toEqual([-3]);
  });
});

describe("capacityObjective", () => {
  it("loses gamma nats per nat away from C, on either side", () => {
    const terms = { logLikelihood: a([-10, -10, -10]), kl: a([3, 5, 7]) };
    expect(toNested(capacityObjective(ops, { ...terms, capacity: 5, gamma: 100 }))).toEqual([-210, -10, -210]);
    expect(toNested(capacityObjective(ops, { ...terms, capacity: a(3), gamma: a(1) }))).toEqual([-10, -12, -14]);
  });

  it("with C = 0 is the ELBO weighted by gamma", () => {
    fc.assert(
      fc.property(nats, positive, positive, (logP, kl, gamma) => {
        const terms = { logLikelihood: a([logP]), kl: a([kl]) };
        expect(capacityObjective(ops, { ...terms, capacity: 0, gamma })).toEqual(elbo(ops, { ...terms, beta: gamma }));
      }),
    );
  });
});

describe("freeBitsKl", () => {
  it("gives each group lambda nats for free", () => {
    // Means over the batch: 0.25, 2, 1.
    const kl = a([
      [0.1, 3, 1],
      [0.4, 1, 1],
    ]);
    expect(toNested(freeBitsKl(ops, kl, 0.5))).toBe(3.5);
    expect(toNested(freeBitsKl(ops, kl, ops.scalar(1)))).toBe(4);
  });

  it("is the mean KL at lambda = 0, and never below it", () => {
    const rows = fc.array(fc.tuple(positive, positive, positive), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(rows, positive, (kl, lambda) => {
        const mean = ops.sum(ops.mean(a(kl), { axes: [0] })).data[0]!;
        expect(freeBitsKl(ops, a(kl), 0).data[0]).toBe(mean);
        expect(freeBitsKl(ops, a(kl), lambda).data[0]).toBeGreaterThanOrEqual(mean);
        expect(freeBitsKl(ops, a(kl), lambda).data[0]).toBeGreaterThanOrEqual(3 * lambda * (1 - 1e-15));
      }),
    );
  });

  it("takes groups of dimensions as the KL sums them", () => {
    const q = {
      mu: a([
        [
          [1, 0],
          [2, 0],
        ],
      ]),
      logVar: a([
        [
          [0, 0],
          [0, 0],
        ],
      ]),
    };
    const perGroup = klDiagonalGaussian(ops, q);
    expect(toNested(perGroup)).toEqual([[0.5, 2]]);
    expect(toNested(freeBitsKl(ops, perGroup, 1))).toBe(3);
  });
});

describe("bitsPerDimension", () => {
  it("of a uniform density over [0, 1] is 8 bits for 8-bit integers", () => {
    expect(bitsPerDimension(0, { dimensions: 3072, binWidth: 1 / 256 })).toBe(8);
  });

  it("does not depend on the units of the density", () => {
    const dimensions = 100;
    const inUnits = -250; // of 0 to 256; scaled to [0, 1], a density is 256 times larger in each dimension
    const scaled = inUnits + dimensions * Math.log(256);
    const [one, other] = [
      bitsPerDimension(inUnits, { dimensions }),
      bitsPerDimension(scaled, { dimensions, binWidth: 1 / 256 }),
    ];
    // 250 / 100 and log 256 in a few operations.
    expect(Math.abs(one - other)).toBeLessThan(1e-14);
    expect(one).toBe(2.5 / Math.LN2);
  });

  it("is undone by its inverse", () => {
    fc.assert(
      fc.property(nats, fc.integer({ min: 1, max: 5000 }), positive, (logP, dimensions, binWidth) => {
        const options = { dimensions, binWidth };
        const back = logLikelihoodFromBitsPerDimension(bitsPerDimension(logP, options), options);
        const magnitude = Math.abs(logP) + dimensions * Math.abs(Math.log(binWidth));
        expect(Math.abs(back - logP)).toBeLessThanOrEqual(8 * 2 ** -52 * magnitude);
      }),
    );
  });
});

describe("rateDistortion and klPerDimension", () => {
  it("rate and distortion add up to the negative ELBO", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(nats, positive), { minLength: 1, maxLength: 5 }), (rows) => {
        const terms = { logLikelihood: a(rows.map(([logP]) => logP)), kl: a(rows.map(([, kl]) => kl)) };
        const { rate, distortion } = rateDistortion(ops, terms);
        const negElbo = -ops.mean(elbo(ops, terms)).data[0]!;
        expect(Math.abs(rate.data[0]! + distortion.data[0]! - negElbo)).toBeLessThan(1e-13);
      }),
    );
  });

  it("the KLs of the dimensions are means over the batch and add up to the mean KL", () => {
    const q = {
      mu: a([
        [1, 0, 2],
        [3, 0, 0],
      ]),
      logVar: a([
        [0, 0, 0],
        [0, 0, 0],
      ]),
    };
    expect(toNested(klPerDimension(ops, q))).toEqual([2.5, 0, 1]);
    expect(ops.mean(klDiagonalGaussian(ops, q)).data[0]).toBe(3.5);
  });
});

describe("the amortisation gap", () => {
  // The gradient of the expected ELBO: for mu that of log p(x, z) at z = mu, which is linear in z; for log variance
  // (1 - P_dd sigma_d^2) / 2.
  const gradient = (row: number) => (q: DiagonalGaussian<NdArray>) => {
    const [[p], [, s]] = ladder.posteriorPrecision as [[number, number], [number, number]];
    const shrink = ops.sub(ops.scalar(1), ops.mul(a([p, s]), ops.exp(q.logVar)));
    return { mu: joint(ladder, ladder.x[row]!)(q.mu).gradient, logVar: ops.mul(ops.scalar(0.5), shrink) };
  };

  it.each([0, 1, 2])("refitting finds the best factorised posterior of probabilistic PCA, example %i", async (row) => {
    const start = { mu: a([[0, 0]]), logVar: a([[0, 0]]) };
    const best = await refittedPosterior(start, gradient(row), { steps: 2000 });
    // A learning rate of 0.05 that has fallen to 2.5e-5 leaves steps no longer than that.
    best.mu.data.forEach((mu, d) => expect(Math.abs(mu - ladder.posteriorMu[row]![d]!)).toBeLessThan(1e-4));
    best.logVar.data.forEach((logVar, d) => expect(Math.abs(logVar - ladder.meanFieldLogVar[d]!)).toBeLessThan(1e-4));
    const bounds = {
      logLikelihood: ladder.evidence[row]!,
      refitted: exactElbo(row, best),
      amortised: exactElbo(row, start),
    };
    const { approximation, amortisation, inference } = inferenceGaps(ops, {
      logLikelihood: a(bounds.logLikelihood),
      refitted: a(bounds.refitted),
      amortised: a(bounds.amortised),
    });
    // A maximum is flat: an error of 1e-4 in the parameters costs its square times the curvature, below 100.
    expect(Math.abs(approximation.data[0]! + ladder.distance[0]!.nats)).toBeLessThan(1e-6);
    expect(amortisation.data[0]).toBeGreaterThan(0);
    expect(Math.abs(inference.data[0]! - klToPosterior(row, start))).toBeLessThan(1e-10);
  });
});
