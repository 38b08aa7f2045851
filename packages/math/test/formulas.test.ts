import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bernoulliLogProbFromLogits,
  elbo,
  fromNested,
  gaussianLogProb,
  klDiagonalGaussian,
  ndArrayOps as ops,
  reparameterise,
  toNested,
} from "../src/index.ts";
import type { NdArray, Nested } from "../src/index.ts";
import { expectClose } from "./support/close.ts";
import { readFixture } from "./support/fixture.ts";

interface Fixture {
  readonly kl: readonly Record<"mu" | "logVar" | "priorMu" | "priorLogVar" | "klStandard" | "klPrior", Nested>[];
  readonly quadrature: readonly Record<"mu" | "logVar" | "priorMu" | "priorLogVar" | "kl" | "error", number>[];
  readonly bernoulli: readonly ({ readonly kind: string } & Record<"x" | "logits" | "logProb", Nested>)[];
  readonly gaussian: readonly ({ readonly variance: number } & Record<
    "x" | "mu" | "logVar" | "logProb" | "logProbImages" | "logProbFixed",
    Nested
  >)[];
  readonly linearGaussian: readonly ({ readonly variance: number } & Record<
    "w" | "b" | "x" | "evidence" | "posteriorMu" | "meanFieldLogVar",
    Nested
  >)[];
}

const fixture = readFixture<Fixture>("distributions");
const a = fromNested;
const value = (x: NdArray): number => x.data[0]!;
const gaussian = (mu: Nested, logVar: Nested) => ({ mu: a(mu), logVar: a(logVar) });
const normal = (mu: number, sigma: number) => gaussian([mu], [2 * Math.log(sigma)]);

describe("klDiagonalGaussian", () => {
  // Values by 400-node Gauss-Legendre quadrature, printed with ten digits.
  it.each([
    { q: normal(0.5, 0.8), p: undefined, title: "N(.5, .8) || N(0, 1)", kl: 0.1681435513 },
    { q: normal(0.5, 0.8), p: normal(0, 1), title: "N(.5, .8) || N(0, 1), prior given", kl: 0.1681435513 },
    { q: normal(1, 2), p: normal(-0.5, 0.7), title: "N(1, 2) || N(-.5, .7)", kl: 4.8277288959 },
  ])("$title", ({ q, p, kl }) => {
    expect(Math.abs(value(klDiagonalGaussian(ops, q, p)) - kl)).toBeLessThan(0.5e-10);
  });

  // The quadrature's own error estimate, and as much again for summing a few hundred nodes of size 1 to 10.
  it.each(fixture.quadrature)("equals the integral at mu $mu, log variance $logVar", (made) => {
    const kl = klDiagonalGaussian(
      ops,
      gaussian([made.mu], [made.logVar]),
      gaussian([made.priorMu], [made.priorLogVar]),
    );
    expect(Math.abs(value(kl) - made.kl)).toBeLessThan(2 * made.error);
  });

  // PyTorch cancels where we do not: errors scale with exp(d) + 1 + |d| + distance, times |d| < 16 from the exponent.
  it.each(fixture.kl)("equals torch.distributions", (made) => {
    const q = gaussian(made.mu, made.logVar);
    const p = gaussian(made.priorMu, made.priorLogVar);
    expectKl(
      klDiagonalGaussian(ops, q),
      a(made.klStandard),
      klMagnitude(q, { mu: ops.scalar(0), logVar: ops.scalar(0) }),
    );
    expectKl(klDiagonalGaussian(ops, q, p), a(made.klPrior), klMagnitude(q, p));
  });

  const parameter = fc.double({ min: -30, max: 30, noNaN: true });
  const pair = fc.array(fc.tuple(parameter, parameter, parameter, parameter), { minLength: 1, maxLength: 5 });

  it("is never negative", () => {
    fc.assert(
      fc.property(pair, (rows) => {
        const column = (i: 0 | 1 | 2 | 3) => rows.map((row) => row[i]);
        expect(value(klDiagonalGaussian(ops, gaussian(column(0), column(1))))).toBeGreaterThanOrEqual(0);
        const prior = gaussian(column(2), column(3));
        expect(value(klDiagonalGaussian(ops, gaussian(column(0), column(1)), prior))).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it("is never negative close to equality, where exp(d) - 1 - d is", () => {
    const exponents = fc.double({ min: -17, max: -1, noNaN: true });
    let naiveNegatives = 0;
    fc.assert(
      fc.property(exponents, fc.boolean(), (exponent, isNegative) => {
        const d = (isNegative ? -1 : 1) * 10 ** exponent;
        if (Math.exp(d) - 1 - d < 0) naiveNegatives++;
        expect(value(klDiagonalGaussian(ops, gaussian([0], [d])))).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 1000 },
    );
    expect(naiveNegatives).toBeGreaterThan(0);
  });

  // KL = d^2 / 4 + O(d^3) for a log variance d, and mu^2 / 2 for a mean.
  it("is exactly 0 at equality and positive beside it", () => {
    fc.assert(
      fc.property(parameter, parameter, fc.double({ min: 1e-6, max: 1, noNaN: true }), (mu, logVar, step) => {
        const q = gaussian([mu], [logVar]);
        expect(value(klDiagonalGaussian(ops, q, q))).toBe(0);
        expect(value(klDiagonalGaussian(ops, gaussian([mu + step], [logVar]), q))).toBeGreaterThan(0);
        expect(value(klDiagonalGaussian(ops, gaussian([mu], [logVar + step]), q))).toBeGreaterThan(0);
      }),
    );
    expect(value(klDiagonalGaussian(ops, gaussian([0, 0], [0, 0])))).toBe(0);
  });

  it("keeps its digits near equality", () => {
    const d = 1e-7;
    const kl = value(klDiagonalGaussian(ops, gaussian([0], [d])));
    // Taylor: d^2 / 4 + d^3 / 12 + ...; expm1(d) is right to an epsilon of d, so KL to 2 epsilon / d = 4.5e-9 relative.
    expect(Math.abs(kl / (d ** 2 / 4 + d ** 3 / 12) - 1)).toBeLessThan(4.5e-9);
  });

  it("sums over the axes it is given", () => {
    const q = gaussian(
      [
        [1, 2],
        [3, 4],
      ],
      [
        [0, 0],
        [0, 0],
      ],
    );
    expect(toNested(klDiagonalGaussian(ops, q))).toEqual([2.5, 12.5]);
    expect(toNested(klDiagonalGaussian(ops, q, undefined, { axes: [0, 1] }))).toBe(15);
    expect(toNested(klDiagonalGaussian(ops, q, undefined, { axes: [] }))).toEqual([
      [0.5, 2],
      [4.5, 8],
    ]);
  });
});

describe("bernoulliLogProbFromLogits", () => {
  // Each term is |x l| + softplus(l), a handful of roundings, summed over 8.
  it.each(fixture.bernoulli)("equals torch.distributions on $kind data", ({ x, logits, logProb }) => {
    const magnitude = ops.sum(ops.add(ops.abs(ops.mul(a(x), a(logits))), ops.softplus(a(logits))), { axes: [-1] });
    expectClose(bernoulliLogProbFromLogits(ops, a(x), a(logits)).data, a(logProb).data, magnitude.data, 8);
  });

  it("normalises: the probabilities of both outcomes add to 1", () => {
    fc.assert(
      fc.property(fc.double({ min: -700, max: 700, noNaN: true }), (logit) => {
        const p = [0, 1].map((x) => Math.exp(value(bernoulliLogProbFromLogits(ops, a([x]), a([logit])))));
        expectClose([p[0]! + p[1]!], [1], [1], 4);
      }),
    );
  });

  it("stays finite where a probability would round to 0 or 1", () => {
    expect(toNested(bernoulliLogProbFromLogits(ops, a([[0], [1]]), a([[1000], [-1000]])))).toEqual([-1000, -1000]);
    expect(toNested(bernoulliLogProbFromLogits(ops, a([[1], [0]]), a([[1000], [-1000]])))).toEqual([-0, -0]);
  });

  it("sums over the axes of an image", () => {
    const zeros = a([
      [
        [0, 0],
        [0, 0],
      ],
    ]);
    expect(value(bernoulliLogProbFromLogits(ops, zeros, zeros, { axes: [1, 2] }))).toBe(-4 * Math.LN2);
  });
});

describe("gaussianLogProb", () => {
  // log 2 pi + |log var| + (x - mu)^2 / var, with |log var| < 16 from the exponent.
  it.each(fixture.gaussian)("equals torch.distributions", (made) => {
    const x = a(made.x);
    const g = gaussian(made.mu, made.logVar);
    const squares = ops.mul(ops.square(ops.sub(x, g.mu)), ops.exp(ops.neg(g.logVar)));
    const terms = ops.add(ops.add(squares, ops.abs(g.logVar)), ops.scalar(2));
    const rows = ops.sum(terms, { axes: [-1] }).data;
    const images = ops.sum(terms, { axes: [1, 2] }).data;
    expectClose(gaussianLogProb(ops, x, g).data, a(made.logProb).data, rows, 16);
    expectClose(gaussianLogProb(ops, x, g, { axes: [1, 2] }).data, a(made.logProbImages).data, images, 16);
    const fixed = gaussianLogProb(ops, x, { mu: g.mu, variance: made.variance });
    expectClose(fixed.data, a(made.logProbFixed).data, a(made.logProbFixed).data.map(Math.abs), 32);
  });

  it("is -log(2 pi) / 2 per dimension at the mean of a standard normal", () => {
    expect(value(gaussianLogProb(ops, a([0]), gaussian([0], [0])))).toBe(-Math.log(2 * Math.PI) / 2);
  });

  it("agrees with itself: a fixed variance is a log variance", () => {
    const x = a([1, -2, 0.5]);
    const fixed = gaussianLogProb(ops, x, { mu: ops.scalar(0.25), variance: 0.1 });
    const free = gaussianLogProb(ops, x, { mu: ops.scalar(0.25), logVar: ops.scalar(Math.log(0.1)) });
    // All terms have one sign or are below 3; those of the two differ by the rounding of log, exp and 1 / variance.
    expectClose(fixed.data, free.data, free.data.map(Math.abs), 8);
  });

  it("of a fixed variance is a sum of squares over the variance, and log and exp only in what is added", () => {
    const x = a([1, -2, 0.5]);
    const refuse = () => {
      throw new Error("exp");
    };
    const logarithms: NdArray[] = [];
    const log = (value: NdArray) => (logarithms.push(value), ops.scalar(-Math.log(2 * Math.PI)));
    const only = gaussianLogProb({ ...ops, exp: refuse, log }, x, { mu: ops.scalar(0.25), variance: 0.1 });
    expect(logarithms.map(value)).toEqual([0.1]);
    const squares = [0.75, -2.25, 0.25].map((d) => d * d * (1 / 0.1));
    expect(value(only)).toBe(-0.5 * squares.reduce((sum, square) => sum + square, 0));
  });
});

describe("elbo, on a model whose evidence is known", () => {
  const logVar = fc.double({ min: -4, max: 2, noNaN: true });
  const shift = fc.double({ min: -3, max: 3, noNaN: true });

  it.each(fixture.linearGaussian)("never exceeds log p(x)", (model) => {
    const latent = a(model.w).shape[1]!;
    const rows = a(model.x).shape[0]!;
    const draws = fc.array(fc.tuple(shift, logVar), { minLength: rows * latent, maxLength: rows * latent });
    fc.assert(
      fc.property(draws, (parameters) => {
        const row = (i: number, k: 0 | 1) => parameters.slice(i * latent, (i + 1) * latent).map((p) => p[k]);
        const q = gaussian(
          Array.from({ length: rows }, (_, i) => row(i, 0)),
          Array.from({ length: rows }, (_, i) => row(i, 1)),
        );
        const bounds = exactElbo(model, q).data;
        a(model.evidence).data.forEach((evidence, i) => expect(bounds[i]!).toBeLessThan(evidence));
      }),
    );
  });

  // Terms are at most some hundreds of nats, so 1e-12 of them is 4000 roundings; the gap of any other q is larger.
  it("equals log p(x) at the posterior when z has one dimension", () => {
    const model = fixture.linearGaussian.find(({ w }) => a(w).shape[1] === 1)!;
    const { data } = exactElbo(model, gaussian(model.posteriorMu, model.meanFieldLogVar));
    a(model.evidence).data.forEach((evidence, i) => expect(Math.abs(data[i]! / evidence - 1)).toBeLessThan(1e-12));
  });

  it("is largest over factorised q at its closed form", () => {
    for (const model of fixture.linearGaussian) {
      const best = gaussian(model.posteriorMu, model.meanFieldLogVar);
      for (const [dMu, dLogVar] of [
        [0.01, 0],
        [-0.01, 0],
        [0, 0.01],
        [0, -0.01],
      ] as const) {
        const near = { mu: ops.add(best.mu, ops.scalar(dMu)), logVar: ops.add(best.logVar, ops.scalar(dLogVar)) };
        const gap = ops.sub(exactElbo(model, best), exactElbo(model, near));
        gap.data.forEach((nats) => expect(nats).toBeGreaterThan(0));
      }
    }
  });

  it("weighs the KL by beta, a number or an array", () => {
    const terms = { logLikelihood: a([-3, -5]), kl: a([1, 2]) };
    expect(toNested(elbo(ops, terms))).toEqual([-4, -7]);
    expect(toNested(elbo(ops, { ...terms, beta: 0.5 }))).toEqual([-3.5, -6]);
    expect(elbo(ops, { ...terms, beta: ops.scalar(4) })).toEqual(elbo(ops, { ...terms, beta: 4 }));
    expect(toNested(elbo(ops, { ...terms, beta: 0 }))).toEqual([-3, -5]);
  });
});

describe("reparameterise", () => {
  it("is mu at eps = 0 and one standard deviation away at eps = 1", () => {
    const q = gaussian([[1, -2]], [[0, Math.log(9)]]);
    expect(toNested(reparameterise(ops, q, a([[0, 0]])))).toEqual([[1, -2]]);
    expectClose(reparameterise(ops, q, a([[1, 1]])).data, [2, 1], [2, 5], 2);
  });

  it("is undone by standardising", () => {
    const number = fc.integer({ min: -1000, max: 1000 }).map((hundredths) => hundredths / 100);
    fc.assert(
      fc.property(number, number, number, (mu, logVar, eps) => {
        const z = value(reparameterise(ops, gaussian([mu], [logVar]), a([eps])));
        const sigma = Math.exp(logVar / 2);
        // z is rounded at the size of mu + sigma eps, which counts 1 / sigma here.
        expectClose([(z - mu) / sigma], [eps], [Math.abs(eps) + Math.abs(mu) / sigma], 4);
      }),
    );
  });
});

describe("bad arguments are named", () => {
  const x = a([[1, 2]]);
  const q = gaussian([[0, 0]], [[0, 0]]);
  const not = (value: unknown) => value as NdArray;

  it.each([
    ['"q.mu"', () => klDiagonalGaussian(ops, { ...q, mu: not(1) })],
    ['"q.logVar"', () => klDiagonalGaussian(ops, { ...q, logVar: not(undefined) })],
    ['"q.mu"', () => klDiagonalGaussian(ops, not(undefined) as never)],
    ['"p.mu"', () => klDiagonalGaussian(ops, q, not(null) as never)],
    ['"p.logVar"', () => klDiagonalGaussian(ops, q, { ...q, logVar: not("0") })],
    ['"x"', () => bernoulliLogProbFromLogits(ops, not(0.5), x)],
    ['"logits"', () => bernoulliLogProbFromLogits(ops, x, not(undefined))],
    ['"x"', () => gaussianLogProb(ops, not(undefined), q)],
    ['"gaussian.mu"', () => gaussianLogProb(ops, x, not(undefined) as never)],
    ['"gaussian.logVar"', () => gaussianLogProb(ops, x, { mu: x } as never)],
    ['"gaussian.variance"', () => gaussianLogProb(ops, x, { mu: x, variance: "1" as unknown as number })],
    ['"logLikelihood"', () => elbo(ops, { logLikelihood: not(-3), kl: x })],
    ['"kl"', () => elbo(ops, { logLikelihood: x, kl: not(undefined) })],
    ['"beta"', () => elbo(ops, { logLikelihood: x, kl: x, beta: not("1") })],
    ['"q.mu"', () => reparameterise(ops, { ...q, mu: not([0, 0]).data as never }, x)],
    ['"eps"', () => reparameterise(ops, q, not(0))],
  ])("%s of the wrong kind is a TypeError", (name, act) => {
    expect(act).toThrow(TypeError);
    expect(act).toThrow(name);
  });

  it.each([0, -1, Number.NaN, Infinity])("a variance of %d is a RangeError", (variance) => {
    expect(() => gaussianLogProb(ops, x, { mu: x, variance })).toThrow(RangeError);
    expect(() => gaussianLogProb(ops, x, { mu: x, variance })).toThrow('"gaussian.variance"');
  });

  it.each([-1, Number.NaN, Infinity])("a beta of %d is a RangeError", (beta) => {
    expect(() => elbo(ops, { logLikelihood: x, kl: x, beta })).toThrow(RangeError);
    expect(() => elbo(ops, { logLikelihood: x, kl: x, beta })).toThrow('"beta"');
  });

  it("shapes that do not broadcast", () => {
    expect(() => klDiagonalGaussian(ops, q, gaussian([0, 0, 0], [0, 0, 0]))).toThrow('"sub.b" expected a shape');
    expect(() => bernoulliLogProbFromLogits(ops, x, a([1, 2, 3]))).toThrow(RangeError);
    expect(() => gaussianLogProb(ops, a([1, 2, 3]), q)).toThrow(RangeError);
    expect(() => reparameterise(ops, q, a([1, 2, 3]))).toThrow(RangeError);
    expect(() => elbo(ops, { logLikelihood: a([1, 2]), kl: a([1, 2, 3]) })).toThrow(RangeError);
  });
});

function expectKl(actual: NdArray, expected: NdArray, magnitude: NdArray): void {
  expectClose(actual.data, expected.data, magnitude.data, 16);
}

function klMagnitude(q: { mu: NdArray; logVar: NdArray }, p: { mu: NdArray; logVar: NdArray }): NdArray {
  const d = ops.sub(q.logVar, p.logVar);
  const distance = ops.mul(ops.square(ops.sub(q.mu, p.mu)), ops.exp(ops.neg(p.logVar)));
  return ops.sum(ops.add(ops.add(ops.exp(d), ops.abs(d)), ops.add(distance, ops.scalar(1))), { axes: [-1] });
}

/**
 * E_q of the one-sample ELBO on x | z ~ N(W z + b, variance I), without randomness: the log-likelihood is quadratic in
 * eps, so its expectation is the mean over all sign vectors eps in {-1, 1}^latent.
 */
function exactElbo(model: Fixture["linearGaussian"][number], q: { mu: NdArray; logVar: NdArray }): NdArray {
  const latent = a(model.w).shape[1]!;
  const corners = Array.from({ length: 2 ** latent }, (_, corner) =>
    Array.from({ length: latent }, (__, axis) => ((corner >> axis) & 1 ? 1 : -1)),
  );
  const kl = klDiagonalGaussian(ops, q);
  const bounds = corners.map((eps) => {
    const z = reparameterise(ops, q, a(eps));
    const mu = ops.add(ops.matmul(z, a(model.w), { transposeB: true }), a(model.b));
    return elbo(ops, { logLikelihood: gaussianLogProb(ops, a(model.x), { mu, variance: model.variance }), kl });
  });
  return ops.div(
    bounds.reduce((sum, bound) => ops.add(sum, bound)),
    ops.scalar(corners.length),
  );
}
