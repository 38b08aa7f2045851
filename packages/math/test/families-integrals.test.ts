import { describe, expect, it } from "vitest";
import {
  cdf,
  entropy,
  fromNested as a,
  inverseCdf,
  logProb,
  mean,
  mixture,
  ndArray,
  ndArrayOps as ops,
  normal,
  variance,
} from "../src/index.ts";
import type { Distribution, NdArray, Nested } from "../src/index.ts";
import { integrate } from "./support/quadrature.ts";
import type { Support } from "./support/quadrature.ts";

function record(family: string, parameters: Readonly<Record<string, Nested>>): Distribution<NdArray> {
  const arrays = Object.entries(parameters).map(([name, value]) => [name, a(value)]);
  return { family, ...Object.fromEntries(arrays) } as Distribution<NdArray>;
}

const vector = (values: readonly number[]): NdArray => ndArray([values.length], Float64Array.from(values));
const lattice = { low: -1, high: 2, levels: 7 };
const threeNormals = normal(ops, { loc: a([-1, 2, 2.5]), scale: a([0.5, 1, 3]) });

const described: readonly (readonly [name: string, p: Distribution<NdArray>, support: Support, breaks?: number[]])[] = [
  ["normal", record("normal", { loc: 0.5, scale: 0.8 }), "line"],
  ["laplace", record("laplace", { loc: 0.3, scale: 0.5 }), "line", [0.3]],
  ["gumbel", record("gumbel", { loc: -0.2, scale: 1.4 }), "line"],
  ["logistic", record("logistic", { loc: 1, scale: 0.6 }), "line"],
  ["cauchy", record("cauchy", { loc: 1, scale: 2 }), "line"],
  ["studentT", record("studentT", { df: 5, loc: -1, scale: 0.7 }), "line"],
  ["uniform", record("uniform", { low: -1, high: 2.5 }), [-1, 2.5]],
  ["exponential", record("exponential", { rate: 1.3 }), "halfLine"],
  ["gamma, concentration 2.5", record("gamma", { concentration: 2.5, rate: 1.5 }), "halfLine"],
  ["gamma, concentration 0.3", record("gamma", { concentration: 0.3, rate: 0.2 }), "halfLine"],
  ["logNormal", record("logNormal", { loc: 0.2, scale: 0.6 }), "halfLine"],
  ["halfNormal", record("halfNormal", { scale: 1.7 }), "halfLine"],
  ["weibull", record("weibull", { scale: 0.9, concentration: 1.7 }), "halfLine"],
  ["beta (2, 3.5)", record("beta", { alpha: 2, beta: 3.5 }), "unit"],
  ["beta (0.4, 1)", record("beta", { alpha: 0.4, beta: 1 }), "unit"],
  ["continuousBernoulli 0", record("continuousBernoulli", { logits: 0 }), [0, 1]],
  ["continuousBernoulli 1e-7", record("continuousBernoulli", { logits: 1e-7 }), [0, 1]],
  ["continuousBernoulli -0.9", record("continuousBernoulli", { logits: -0.9 }), [0, 1]],
  ["continuousBernoulli 6", record("continuousBernoulli", { logits: 6 }), [0, 1]],
  ["mixture of normals", mixture(ops, { logits: a([0.1, 1, -1]), components: threeNormals }), "line"],
];

const continuous = described.map(([name, p, support, breaks = []]) => [name, p, support, breaks] as const);

/** E[f(x, log p(x))] by quadrature; the density is evaluated at all points at once. */
function expectation(
  p: Distribution<NdArray>,
  [support, breaks]: readonly [Support, readonly number[]],
  f: (x: number, logP: number) => number,
): number {
  const points: number[] = [];
  integrate(({ x }) => points.push(x), support, breaks);
  const logP = logProb(ops, p, vector(points)).data;
  let next = 0;
  return integrate(
    ({ x }) => {
      const value = logP[next++]!;
      return value === -Infinity ? 0 : Math.exp(value) * f(x, value);
    },
    support,
    breaks,
  );
}

const hasMoments = ({ family }: Distribution<NdArray>): boolean => family !== "cauchy";
const hasEntropy = ({ family }: Distribution<NdArray>): boolean => family !== "mixture";

describe("integrals of the density", () => {
  it.each(continuous)("%s: 1", (_, p, support, breaks) => {
    expect(expectation(p, [support, breaks], () => 1)).toBeCloseTo(1, 10);
  });

  it.each(continuous.filter(([, p]) => hasMoments(p)))("%s: mean and variance", (_, p, support, breaks) => {
    const centre = mean(ops, p).data[0]!;
    expect(expectation(p, [support, breaks], (x) => x)).toBeCloseTo(centre, 10);
    const spread = expectation(p, [support, breaks], (x) => (x - centre) ** 2);
    expect(spread / variance(ops, p).data[0]!).toBeCloseTo(1, 10);
  });

  it.each(continuous.filter(([, p]) => hasEntropy(p)))("%s: entropy", (_, p, support, breaks) => {
    expect(expectation(p, [support, breaks], (_x, logP) => -logP)).toBeCloseTo(entropy(ops, p).data[0]!, 10);
  });
});

const whole = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const levels = whole(7).map((i) => -1 + i / 2);
const logisticOf = (loc: number, logScale: number): Distribution<NdArray> => {
  return { family: "discretisedLogistic", loc: a(loc), logScale: a(logScale), ...lattice };
};
const twoLogistics: Distribution<NdArray> = {
  family: "discretisedLogistic",
  loc: a([-0.4, 1.2]),
  logScale: a([-1, -2.5]),
  ...lattice,
};

/** Each with all the values that have a probability above 1e-16. */
const discrete: readonly (readonly [name: string, p: Distribution<NdArray>, values: readonly number[]])[] = [
  ["bernoulli", record("bernoulli", { logits: 0.7 }), [0, 1]],
  ["poisson 0.3", record("poisson", { rate: 0.3 }), whole(40)],
  ["poisson 90", record("poisson", { rate: 90 }), whole(250)],
  ["binomial", record("binomial", { trials: 20, logits: -0.6 }), whole(21)],
  ["discretisedLogistic", logisticOf(0.2, -1), levels],
  ["discretisedLogistic, outside", logisticOf(7, -0.2), levels],
  ["discretisedLogistic, narrow", logisticOf(0.6, -6), levels],
  ["discretisedLogistic, wide", logisticOf(0.6, 5), levels],
  ["mixture of discretised logistics", mixture(ops, { logits: a([0.3, -0.4]), components: twoLogistics }), levels],
];

describe("sums of the probabilities", () => {
  it.each(discrete)("%s: 1", (_, p, values) => {
    const probabilities = logProb(ops, p, vector(values)).data.map(Math.exp);
    expect(probabilities.reduce((sum, value) => sum + value)).toBeCloseTo(1, 12);
  });

  it.each(discrete)("%s: mean, variance and, where it has one, entropy", (_, p, values) => {
    const logP = logProb(ops, p, vector(values)).data;
    const expected = (f: (x: number, logP: number) => number) =>
      values.reduce((sum, x, i) => sum + (logP[i]! === -Infinity ? 0 : Math.exp(logP[i]!) * f(x, logP[i]!)), 0);
    const centre = mean(ops, p).data[0]!;
    expect(expected((x) => x)).toBeCloseTo(centre, 11);
    expect(expected((x) => (x - centre) ** 2)).toBeCloseTo(variance(ops, p).data[0]!, 10);
    if (p.family === "mixture") return;
    expect(expected((_x, value) => -value)).toBeCloseTo(entropy(ops, p).data[0]!, 11);
  });

  it.each(discrete.filter(([, p]) => p.family !== "bernoulli"))(
    "%s: the distribution function is the running sum",
    (_, p, values) => {
      const probabilities = logProb(ops, p, vector(values)).data.map(Math.exp);
      let sum = 0;
      cdf(ops, p, vector(values)).data.forEach((value, i) => {
        sum += probabilities[i]!;
        expect(value).toBeCloseTo(sum, 11);
      });
    },
  );
});

describe("quantiles", () => {
  const inverted = continuous.filter(([, p]) => p.family !== "mixture");

  // The round trip is right to the distribution function's own error and, through the density, to the quantile's.
  it.each(inverted)("%s: the distribution function takes them back", (_, p) => {
    const u = vector([1e-12, 1e-4, 0.03, 0.25, 0.499, 0.5, 0.7, 0.98, 1 - 1e-9]);
    const back = cdf(ops, p, inverseCdf(ops, p, u)).data;
    back.forEach((value, i) => expect(Math.abs(value - u.data[i]!)).toBeLessThan(1e-12));
  });

  it.each(inverted)("%s: the density is the distribution function's slope", (_, p) => {
    const x = inverseCdf(ops, p, vector([0.07, 0.35, 0.6, 0.9]));
    const h = ops.mul(ops.scalar(1e-5), ops.abs(x));
    const rise = ops.sub(cdf(ops, p, ops.add(x, h)), cdf(ops, p, ops.sub(x, h)));
    const slopes = ops.div(rise, ops.mul(ops.scalar(2), h)).data;
    const density = logProb(ops, p, x).data.map(Math.exp);
    // A central difference errs by h^2 / 6 times the third derivative, and by an epsilon over h: some 1e-10 each.
    slopes.forEach((slope, i) => expect(slope / density[i]!).toBeCloseTo(1, 8));
  });
});
