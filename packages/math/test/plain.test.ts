/** The plain-number layer: the same numbers as the formulas give, from records and brackets. */
import { describe, expect, it } from "vitest";
import * as math from "../src/index.ts";
import { fromNested, ndArrayOps as ops, toNested } from "../src/index.ts";
import type { Distribution, FamilyName, NdArray } from "../src/index.ts";
import * as plain from "../src/plain/index.ts";
import type { Numbers, PlainDistribution } from "../src/plain/index.ts";
import { expectClose } from "./support/close.ts";

/** One of every family, and a value of its support. */
const examples: { readonly [F in FamilyName]: readonly [PlainDistribution & { readonly family: F }, x: Numbers] } = {
  normal: [{ family: "normal", loc: 0.5, scale: [0.8, 2] }, [1, -1]],
  diagonalNormal: [{ family: "diagonalNormal", mu: [[0, 1]], logVar: [0.5, -1] }, [[1, 2]]],
  multivariateNormal: [
    {
      family: "multivariateNormal",
      loc: [1, 2],
      scaleTril: [
        [1, 0],
        [0.5, 2],
      ],
    },
    [0, 1],
  ],
  bernoulli: [{ family: "bernoulli", logits: [-1, 2] }, [0, 1]],
  continuousBernoulli: [{ family: "continuousBernoulli", logits: 0.3 }, 0.4],
  categorical: [{ family: "categorical", logits: [0, 1, 2] }, [0, 0, 1]],
  relaxedOneHotCategorical: [{ family: "relaxedOneHotCategorical", logits: [0, 1], temperature: 0.5 }, [0.25, 0.75]],
  laplace: [{ family: "laplace", loc: 0, scale: 2 }, [1, 2, 3]],
  gumbel: [{ family: "gumbel", loc: 0, scale: 2 }, 1],
  logistic: [{ family: "logistic", loc: 0, scale: 2 }, 1],
  discretisedLogistic: [
    { family: "discretisedLogistic", loc: 0.5, logScale: -2, low: 0, high: 1, levels: 5 },
    [0, 0.25],
  ],
  uniform: [{ family: "uniform", low: -1, high: [2, 3] }, 0],
  exponential: [{ family: "exponential", rate: 2 }, 1],
  gamma: [{ family: "gamma", concentration: [0.5, 3], rate: 2 }, 1],
  beta: [{ family: "beta", alpha: 2, beta: 3 }, 0.3],
  dirichlet: [{ family: "dirichlet", concentration: [1, 2, 3] }, [0.2, 0.3, 0.5]],
  poisson: [{ family: "poisson", rate: 3 }, [0, 4]],
  studentT: [{ family: "studentT", df: 5, loc: 0, scale: 1 }, 1],
  vonMisesFisher: [{ family: "vonMisesFisher", meanDirection: [1, 0, 0], concentration: 2 }, [0, 1, 0]],
  mixture: [{ family: "mixture", logits: [0, 1], components: { family: "normal", loc: [-1, 1], scale: 0.5 } }, 0.2],
  logNormal: [{ family: "logNormal", loc: 0, scale: 1 }, 2],
  cauchy: [{ family: "cauchy", loc: 0, scale: 1 }, 2],
  weibull: [{ family: "weibull", scale: 1, concentration: 2 }, 2],
  binomial: [{ family: "binomial", trials: 4, logits: 0.5 }, 2],
  halfNormal: [{ family: "halfNormal", scale: 2 }, 1],
  independent: [{ family: "independent", base: { family: "normal", loc: [0, 1], scale: 1 }, axes: [-1] }, [1, 1]],
};

/** The record with arrays, by hand. */
function arrays(p: PlainDistribution): Distribution<NdArray> {
  const kept = ["family", "axes", ...(p.family === "discretisedLogistic" ? ["low", "high", "levels"] : [])];
  const entries = Object.entries(p).map(([key, value]) => {
    if (kept.includes(key)) return [key, value];
    return [key, key === "base" || key === "components" ? arrays(value) : fromNested(value)];
  });
  return Object.fromEntries(entries) as Distribution<NdArray>;
}

const total = (x: NdArray) => ops.sum(x).data[0]!;

/** The value, or the code of the refusal: a layer passes both on. */
function outcome<R>(f: () => R): R | string {
  try {
    return f();
  } catch (error) {
    if (error instanceof math.IsthmusError) return error.code;
    throw error;
  }
}

describe("is the formula of the family", () => {
  it.each(Object.values(examples))("$0.family", (p, x) => {
    const [made, value] = [arrays(p), fromNested(x as number)];
    expect(plain.logLikelihood(p, x)).toBe(total(math.logProb(ops, made, value)));
    expect(plain.logLikelihood(p, x, { each: true })).toEqual(toNested(math.logProb(ops, made, value)));
    expect(outcome(() => plain.entropy(p))).toEqual(outcome(() => total(math.entropy(ops, made))));
    expect(outcome(() => plain.mean(p))).toEqual(outcome(() => toNested(math.mean(ops, made))));
    expect(outcome(() => plain.variance(p))).toEqual(outcome(() => toNested(math.variance(ops, made))));
    expect(outcome(() => plain.cdf(p, x))).toEqual(outcome(() => toNested(math.cdf(ops, made, value))));
    expect(outcome(() => plain.inverseCdf(p, 0.3))).toEqual(
      outcome(() => toNested(math.inverseCdf(ops, made, fromNested(0.3)))),
    );
    expect(outcome(() => plain.kl(p, p))).toEqual(outcome(() => total(math.kl(ops, made, made))));
    expect(outcome(() => plain.crossEntropy(p, p))).toEqual(outcome(() => total(math.crossEntropy(ops, made, made))));
    const key = { seed: 1, stream: "plain" };
    expect(plain.sample(p, key, [3])).toEqual(toNested(math.sample(made, key, [3])));
  });
});

describe("answers", () => {
  // By quadrature, ten digits.
  it.each<[PlainDistribution, PlainDistribution, number]>([
    [{ family: "normal", loc: 0.5, scale: 0.8 }, { family: "normal", loc: 0, scale: 1 }, 0.1681435513],
    [{ family: "laplace", loc: 0.3, scale: 0.5 }, { family: "laplace", loc: -0.2, scale: 1.1 }, 0.4102207427],
    [
      { family: "gamma", concentration: 2.5, rate: 1.5 },
      { family: "gamma", concentration: 1.2, rate: 0.7 },
      0.1252814015,
    ],
    [{ family: "beta", alpha: 2, beta: 3.5 }, { family: "beta", alpha: 1.5, beta: 1.5 }, 0.2121012868],
    [{ family: "poisson", rate: 3 }, { family: "poisson", rate: 2 }, 0.2163953243],
  ])("kl of $family", (p, q, nats) => {
    expect(Math.abs(plain.kl(p, q) - nats)).toBeLessThan(0.5e-10);
  });

  it("are sums over independent elements, and means over examples", () => {
    const q = { family: "normal", loc: [0.5, 0], scale: [0.8, 1] } as const;
    const prior = { family: "normal", loc: 0, scale: 1 } as const;
    const [first, second] = plain.kl(q, prior, { each: true }) as number[];
    expect(plain.kl(q, prior)).toBe(first! + second!);
    expect(second).toBe(0);
    expect(plain.crossEntropy(q, prior)).toBeCloseTo(plain.entropy(q) + plain.kl(q, prior), 14);
    expect(plain.squaredWasserstein2(q, prior)).toBeCloseTo(0.25 + 0.04, 14);
    expect(plain.elbo({ logLikelihood: [-3, -5], kl: [1, 2] })).toBe(-5.5);
    expect(plain.elbo({ logLikelihood: [-3, -5], kl: [1, 2], beta: 0 }, { each: true })).toEqual([-3, -5]);
    expect(plain.importanceWeightedBound([[Math.log(0.25), Math.log(0.75)]])).toBeCloseTo(Math.log(0.5), 14);
    const { logLikelihood } = plain.importanceSampledLogLikelihood([[Math.log(0.25), Math.log(0.75)]]);
    expectClose(logLikelihood, [Math.log(0.5)], [1], 4);
  });

  it("take typed arrays and rows of them", () => {
    const rows = [Float64Array.of(0, 1), Float32Array.of(2, 3)];
    expect(plain.logLikelihood({ family: "normal", loc: rows, scale: 1 }, Float32Array.of(0, 1))).toBe(
      plain.logLikelihood(
        {
          family: "normal",
          loc: [
            [0, 1],
            [2, 3],
          ],
          scale: 1,
        },
        [0, 1],
      ),
    );
    const options = { kernel: { kind: "rbf", scales: [1] } } as const;
    expect(
      plain.squaredMmd(
        rows,
        [
          [0, 1],
          [2, 4],
        ],
        options,
      ),
    ).toBe(
      total(
        math.squaredMmd(
          ops,
          fromNested([
            [0, 1],
            [2, 3],
          ]),
          fromNested([
            [0, 1],
            [2, 4],
          ]),
          options,
        ),
      ),
    );
  });

  it("are typed: a number when all parameters are", () => {
    const one: number = plain.mean({ family: "normal", loc: 1, scale: 2 });
    expect(one).toBe(1);
    const quantile: number = plain.inverseCdf({ family: "exponential", rate: 1 }, 0.5);
    expect(quantile).toBeCloseTo(Math.LN2, 14);
    expect(plain.cdf({ family: "uniform", low: 0, high: [1, 2] }, 0.5)).toEqual([0.5, 0.25]);
  });

  it("say how a KL was found, and how far it may be", () => {
    const normal = { family: "normal", loc: [0, 1], scale: 1 } as const;
    const options = { samples: 20_000, key: { seed: 7, stream: "kl" } };
    expect(plain.klDivergence(normal, normal, options)).toEqual({ value: 0, method: "closed-form" });
    const student = { family: "studentT", df: 3, loc: 0, scale: 1 } as const;
    const estimate = plain.klDivergence(normal, student, options);
    const made = math.klDivergence(arrays(normal), arrays(student), options);
    expect(estimate).toEqual({
      value: total(made.value),
      method: "monte-carlo",
      standardError: Math.hypot(...made.standardError!.data),
    });
  });

  it("of special functions are numbers", () => {
    expect(plain.logGamma(5)).toBeCloseTo(Math.log(24), 14);
    expect(plain.normalQuantile(plain.normalCdf(1.5))).toBeCloseTo(1.5, 14);
  });
});

describe("bad arguments are named", () => {
  const wrong = (value: unknown) => value as number;
  const normal = { family: "normal", loc: 0, scale: 1 } as const;

  it.each<[string, () => unknown, ErrorConstructor, string]>([
    [
      "a negative scale",
      () => plain.entropy({ ...normal, scale: [1, -1] }),
      RangeError,
      '"normal.scale" expected positive finite numbers, got -1 at element 1',
    ],
    [
      "a parameter left out",
      () => plain.entropy({ family: "normal", loc: 0 } as never),
      TypeError,
      '"normal.scale" expected',
    ],
    [
      "a string",
      () => plain.entropy({ ...normal, loc: wrong("0") }),
      TypeError,
      '"normal.loc" expected numbers or arrays of numbers, got String',
    ],
    [
      "ragged rows",
      () => plain.logLikelihood(normal, [[1, 2], [3]]),
      RangeError,
      '"x" expected shape [2, 2] throughout',
    ],
    [
      "a family of another name",
      () => plain.entropy({ ...normal, family: "gaussian" } as never),
      TypeError,
      '"p.family" expected a known family, got "gaussian"',
    ],
    [
      "a name that every object has",
      () => plain.entropy({ family: "toString" } as never),
      TypeError,
      '"p.family" expected a known family',
    ],
    [
      "a function of the same module",
      () => plain.entropy({ family: "logProb" } as never),
      TypeError,
      '"p.family" expected a known family',
    ],
    ["no distribution", () => plain.kl(normal, wrong(1) as never), TypeError, '"q" expected Object'],
    [
      "a component",
      () => plain.entropy({ family: "mixture", logits: [0], components: { ...normal, scale: 0 } }),
      RangeError,
      '"normal.scale"',
    ],
  ])("%s", (_, act, kind, message) => {
    expect(act).toThrow(kind);
    expect(act).toThrow(message);
  });
});
