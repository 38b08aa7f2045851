import { describe, expect, it } from "vitest";
import {
  cdf,
  entropy,
  fromNested as a,
  logProb,
  mean,
  mixture,
  ndArray,
  ndArrayOps as ops,
  noiseOf,
  normal,
  reparameterised,
  sample,
  variance,
} from "../src/index.ts";
import type { Distribution, NdArray, Nested } from "../src/index.ts";
import { kolmogorovDistance, kolmogorovLimit, meanExcess, pearsonExcess } from "./support/statistics.ts";

const N = 20_000;
const key = { seed: 11, stream: "test", step: 2 };

function record(family: string, parameters: Readonly<Record<string, Nested>>): Distribution<NdArray> {
  const arrays = Object.entries(parameters).map(([name, value]) => [name, a(value)]);
  return { family, ...Object.fromEntries(arrays) } as Distribution<NdArray>;
}

const vector = (values: ArrayLike<number>): NdArray => ndArray([values.length], Float64Array.from(values));
const whole = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const column = (x: NdArray, at: number): Float64Array => {
  const size = x.shape.at(-1)!;
  return new Float64Array(x.data.length / size).map((_, row) => x.data[row * size + at]!);
};

const continuous: readonly (readonly [name: string, p: Distribution<NdArray>])[] = [
  ["normal", record("normal", { loc: 0.5, scale: 0.8 })],
  ["laplace", record("laplace", { loc: 0.3, scale: 0.5 })],
  ["gumbel", record("gumbel", { loc: -0.2, scale: 1.4 })],
  ["logistic", record("logistic", { loc: 1, scale: 0.6 })],
  ["cauchy", record("cauchy", { loc: 1, scale: 2 })],
  ["studentT, df 5", record("studentT", { df: 5, loc: -1, scale: 0.7 })],
  ["studentT, df 0.7", record("studentT", { df: 0.7, loc: 1, scale: 2 })],
  ["uniform", record("uniform", { low: -1, high: 2.5 })],
  ["exponential", record("exponential", { rate: 1.3 })],
  ["gamma, concentration 2.5", record("gamma", { concentration: 2.5, rate: 1.5 })],
  ["gamma, concentration 1", record("gamma", { concentration: 1, rate: 0.1 })],
  ["gamma, concentration 0.07", record("gamma", { concentration: 0.07, rate: 2 })],
  ["gamma, concentration 3000", record("gamma", { concentration: 3000, rate: 1 })],
  ["logNormal", record("logNormal", { loc: 0.2, scale: 0.6 })],
  ["halfNormal", record("halfNormal", { scale: 1.7 })],
  ["weibull", record("weibull", { scale: 0.9, concentration: 1.7 })],
  ["beta (2, 3.5)", record("beta", { alpha: 2, beta: 3.5 })],
  ["beta (0.1, 0.5)", record("beta", { alpha: 0.1, beta: 0.5 })],
  ["beta (400, 3)", record("beta", { alpha: 400, beta: 3 })],
  ["continuousBernoulli 1e-5", record("continuousBernoulli", { logits: 1e-5 })],
  ["continuousBernoulli -0.9", record("continuousBernoulli", { logits: -0.9 })],
  ["continuousBernoulli 60", record("continuousBernoulli", { logits: 60 })],
  [
    "mixture of normals",
    mixture(ops, { logits: a([0.1, 1]), components: normal(ops, { loc: a([-1, 2]), scale: a([0.5, 1]) }) }),
  ],
];

describe("draws of continuous families", () => {
  it.each(continuous)("%s: have the distribution function (Kolmogorov-Smirnov)", (_, p) => {
    const draws = sample(p, key, [N]).data.toSorted();
    expect(kolmogorovDistance(cdf(ops, p, vector(draws)).data)).toBeLessThan(kolmogorovLimit(N));
  });

  // The means of the draws and of their squared deviations, five standard errors each.
  it.each(continuous.filter(([, p]) => p.family !== "cauchy" && mean(ops, p).data[0]! < Infinity))(
    "%s: have the mean and variance",
    (_, p) => {
      const draws = sample(p, key, [N]).data;
      const centre = mean(ops, p).data[0]!;
      expect(Math.abs(meanExcess(draws, centre))).toBeLessThan(5);
      const squares = draws.map((x) => (x - centre) ** 2);
      expect(Math.abs(meanExcess(squares, variance(ops, p).data[0]!))).toBeLessThan(5);
    },
  );
});

const discrete: readonly (readonly [name: string, p: Distribution<NdArray>, values: number])[] = [
  ["bernoulli", record("bernoulli", { logits: -1.2 }), 2],
  ["poisson 0.3", record("poisson", { rate: 0.3 }), 30],
  ["poisson 15.9", record("poisson", { rate: 15.9 }), 90],
  ["poisson 90", record("poisson", { rate: 90 }), 250],
  ["poisson 4000", record("poisson", { rate: 4000 }), 5000],
  ["binomial of 12", record("binomial", { trials: 12, logits: 0.4 }), 13],
  ["binomial of 1000", record("binomial", { trials: 1000, logits: -1.5 }), 1001],
  ["binomial of 17, rare", record("binomial", { trials: 17, logits: -5 }), 18],
  [
    "discretisedLogistic",
    { family: "discretisedLogistic", loc: a(2.2), logScale: a(0.3), low: 0, high: 9, levels: 10 },
    10,
  ],
];

describe("draws of discrete families", () => {
  // Pearson's statistic is at most five of its standard deviations above its mean, and not below it by as much.
  it.each(discrete)("%s: have the probabilities", (_, p, count) => {
    const probabilities = logProb(ops, p, vector(whole(count))).data.map(Math.exp);
    expect(Math.abs(pearsonExcess(sample(p, key, [N]).data, probabilities))).toBeLessThan(5);
  });

  it("certain ones are certain", () => {
    const draws = (p: Distribution<NdArray>) => new Set(sample(p, key, [1000]).data);
    expect(draws(record("bernoulli", { logits: 1000 }))).toEqual(new Set([1]));
    expect(draws(record("bernoulli", { logits: -1000 }))).toEqual(new Set([0]));
    expect(draws(record("binomial", { trials: 0, logits: 1 }))).toEqual(new Set([0]));
    expect(draws(record("binomial", { trials: 300, logits: 1000 }))).toEqual(new Set([300]));
    expect(draws(record("poisson", { rate: 1e-300 }))).toEqual(new Set([0]));
  });
});

const classOf = (x: NdArray): number[] => {
  const size = x.shape.at(-1)!;
  return whole(x.data.length / size).map((row) => {
    const values = [...x.data.subarray(row * size, (row + 1) * size)];
    return values.indexOf(Math.max(...values));
  });
};

describe("draws of families with an event", () => {
  it("categorical: one-hot, with the probabilities", () => {
    const p = record("categorical", { logits: [0.3, -1, 2, 0.1] });
    const draws = sample(p, key, [N]);
    expect(draws.shape).toEqual([N, 4]);
    expect(new Set(ops.sum(draws, { axes: [-1] }).data)).toEqual(new Set([1]));
    expect(Math.abs(pearsonExcess(classOf(draws), ops.softmax(a([0.3, -1, 2, 0.1])).data))).toBeLessThan(5);
  });

  it("relaxed one-hot: the largest is a categorical draw at any temperature", () => {
    for (const temperature of [0.1, 3]) {
      const p = record("relaxedOneHotCategorical", { logits: [0.3, -1, 2, 0.1], temperature });
      const draws = sample(p, key, [N]);
      expect(Math.abs(pearsonExcess(classOf(draws), ops.softmax(a([0.3, -1, 2, 0.1])).data))).toBeLessThan(5);
      ops.sum(draws, { axes: [-1] }).data.forEach((total) => expect(total).toBeCloseTo(1, 12));
    }
  });

  // With two classes, log(x / (1 - x)) = (l_0 - l_1 + a standard logistic draw) / temperature.
  it("relaxed one-hot of two classes: a logistic variable through a sigmoid", () => {
    const draws = column(
      sample(record("relaxedOneHotCategorical", { logits: [0.5, -0.2], temperature: 0.7 }), key, [N]),
      0,
    );
    const at = draws.toSorted().map((x) => 1 / (1 + Math.exp(0.7 - 0.7 * Math.log(x / (1 - x)))));
    expect(kolmogorovDistance(at)).toBeLessThan(kolmogorovLimit(N));
  });

  it("dirichlet: on the simplex, with beta marginals", () => {
    const concentration = [0.4, 2, 3.1, 0.02];
    const draws = sample(record("dirichlet", { concentration }), key, [N]);
    ops.sum(draws, { axes: [-1] }).data.forEach((total) => expect(total).toBeCloseTo(1, 12));
    concentration.forEach((alpha, k) => {
      const marginal = record("beta", { alpha, beta: 5.52 - alpha });
      const at = cdf(ops, marginal, vector(column(draws, k).toSorted())).data;
      expect(kolmogorovDistance(at), `class ${k}`).toBeLessThan(kolmogorovLimit(N));
    });
  });

  it("multivariate normal: L^-1 (x - loc) is standard and its parts are uncorrelated", () => {
    const [l10, l20, l21] = [-0.7, 1.5, 0.4];
    const tril = [
      [0.5, 0, 0],
      [l10, 2, 0],
      [l20, l21, 0.1],
    ];
    const draws = sample(record("multivariateNormal", { loc: [1, -2, 0], scaleTril: tril }), key, [N]);
    const y0 = column(draws, 0).map((x) => (x - 1) / 0.5);
    const y1 = column(draws, 1).map((x, i) => (x + 2 - l10 * y0[i]!) / 2);
    const y2 = column(draws, 2).map((x, i) => (x - l20 * y0[i]! - l21 * y1[i]!) / 0.1);
    for (const y of [y0, y1, y2]) {
      expect(kolmogorovDistance(ops.normalCdf(vector(y.toSorted())).data)).toBeLessThan(kolmogorovLimit(N));
    }
    for (const [u, v] of [
      [y0, y1],
      [y0, y2],
      [y1, y2],
    ] as const) {
      expect(
        Math.abs(
          meanExcess(
            u.map((value, i) => value * v[i]!),
            0,
          ),
        ),
      ).toBeLessThan(5);
    }
  });

  const direction = (d: number): number[] => whole(d).map((i) => (i % 2 === 0 ? 1 : -1) / Math.sqrt(d));

  it.each([
    [2, 0.5],
    [2, 30],
    [3, 4],
    [5, 300],
    [10, 1],
    [10, 2000],
  ])("von Mises-Fisher of %i dimensions, concentration %d: unit vectors, with the mean and variance", (d, k) => {
    const p = record("vonMisesFisher", { meanDirection: direction(d), concentration: k });
    const draws = sample(p, key, [N]);
    ops.sum(ops.square(draws), { axes: [-1] }).data.forEach((square) => expect(square).toBeCloseTo(1, 12));
    const [centre, spread] = [mean(ops, p).data, variance(ops, p).data];
    for (let i = 0; i < d; i++) {
      const component = column(draws, i);
      expect(Math.abs(meanExcess(component, centre[i]!)), `component ${i}`).toBeLessThan(5);
      const squares = component.map((x) => (x - centre[i]!) ** 2);
      expect(Math.abs(meanExcess(squares, spread[i]!)), `component ${i}`).toBeLessThan(5);
    }
  });

  // In three dimensions the cosine has density proportional to exp(k w).
  it("von Mises-Fisher of 3 dimensions: the cosine has its distribution function", () => {
    const k = 2.5;
    const p = record("vonMisesFisher", { meanDirection: [0, 0.6, 0.8], concentration: k });
    const cosines = ops.sum(ops.mul(sample(p, key, [N]), a([0, 0.6, 0.8])), { axes: [-1] }).data;
    const at = cosines.toSorted().map((w) => Math.expm1(k * (w + 1)) / Math.expm1(2 * k));
    expect(kolmogorovDistance(at)).toBeLessThan(kolmogorovLimit(N));
  });

  it("diagonal normal, and independent variables, are their elements", () => {
    const mu = [1, -2];
    const diagonal = sample(record("diagonalNormal", { mu, logVar: [0.4, -3] }), key, [3]);
    const base = normal(ops, { loc: a(mu), scale: ops.exp(a([0.2, -1.5])) });
    const independent = sample({ family: "independent", base, axes: [-1] }, key, [3]);
    diagonal.data.forEach((x, i) => expect(x).toBeCloseTo(independent.data[i]!, 14));
  });
});

const events: readonly (readonly [name: string, p: Distribution<NdArray>])[] = [
  ["categorical", record("categorical", { logits: [0.3, -1, 2] })],
  ["diagonalNormal", record("diagonalNormal", { mu: [1, 2], logVar: [0.3, -3] })],
  [
    "multivariateNormal",
    record("multivariateNormal", {
      loc: [1, -2],
      scaleTril: [
        [0.5, 0],
        [-3, 2],
      ],
    }),
  ],
  ["dirichlet", record("dirichlet", { concentration: [0.4, 2, 3.1] })],
  ["vonMisesFisher", record("vonMisesFisher", { meanDirection: [0.6, 0, 0.8], concentration: 5 })],
];
const counts = discrete.map(([name, p]) => [name, p] as const);
/** Not a mixture, which has no entropy in closed form, nor a uniform variable, whose density is the same everywhere. */
const withEntropy = [...continuous, ...counts, ...events].filter(([, p]) => !["mixture", "uniform"].includes(p.family));

describe("log-densities of draws", () => {
  it.each(withEntropy)("%s: have minus the entropy as their mean, to five standard errors", (_, p) => {
    const logP = logProb(ops, p, sample(p, key, [N])).data;
    expect(Math.abs(meanExcess(logP, -entropy(ops, p).data[0]!))).toBeLessThan(5);
  });
});

describe("shapes", () => {
  const normals = normal(ops, { loc: a([[0], [1]]), scale: a([1, 2, 3]) });

  it("of draws are [...shape, ...batch, ...event]", () => {
    const shapeOf = (p: Distribution<NdArray>) => sample(p, key, [7, 2]).shape;
    expect(sample(normals, key).shape).toEqual([2, 3]);
    expect(shapeOf(normals)).toEqual([7, 2, 2, 3]);
    expect(shapeOf(record("gamma", { concentration: [[1], [2]], rate: [1, 2, 3] }))).toEqual([7, 2, 2, 3]);
    expect(shapeOf(record("diagonalNormal", { mu: [[0], [1]], logVar: [1, 2, 3] }))).toEqual([7, 2, 2, 3]);
    expect(shapeOf(record("categorical", { logits: [[0, 1, 2]] }))).toEqual([7, 2, 1, 3]);
    expect(shapeOf(record("vonMisesFisher", { meanDirection: [1, 0], concentration: [1, 2, 3] }))).toEqual([
      7, 2, 3, 2,
    ]);
    expect(shapeOf({ family: "independent", base: normals, axes: [-1] })).toEqual([7, 2, 2, 3]);
    const spheres = { family: "diagonalNormal", mu: a([[0, 1, 2]]), logVar: a(0) } as const;
    expect(shapeOf({ family: "mixture", logits: a([[0], [1]]), components: spheres })).toEqual([7, 2, 2, 3]);
    expect(shapeOf({ family: "mixture", logits: a([0, 1, 3]), components: normals })).toEqual([7, 2, 2]);
  });

  it("of moments and entropies are the batch's, also where a formula leaves a parameter out", () => {
    expect(mean(ops, normals).shape).toEqual([2, 3]);
    expect(variance(ops, normals).shape).toEqual([2, 3]);
    expect(logProb(ops, { family: "independent", base: normals, axes: [-1] }, a(0)).shape).toEqual([2]);
  });
});

describe("a draw depends on its place alone", () => {
  const gammas = (concentrations: readonly number[], shape: readonly number[] = []) =>
    sample(record("gamma", { concentration: concentrations, rate: 1 }), key, shape).data;

  it("not on how many there are, nor on what another one rejects", () => {
    const many = gammas([0.3], [50]);
    expect(gammas([0.3], [20])).toEqual(many.slice(0, 20));
    const mixed = gammas([0.3, 100, 0.3, 1e-3, 0.3]);
    for (const i of [0, 2, 4]) expect(mixed[i]).toBe(many[i]);
  });

  it("on seed, stream and step", () => {
    const p = record("normal", { loc: 0, scale: 1 });
    const z = sample(p, key, [N]).data;
    for (const other of [
      { ...key, seed: 12 },
      { ...key, stream: "other" },
      { ...key, step: 3 },
    ]) {
      const products = sample(p, other, [N]).data.map((value, i) => value * z[i]!);
      expect(Math.abs(meanExcess(products, 0))).toBeLessThan(5);
    }
    for (const lag of [1, 2, 3, 4]) {
      const products = z.slice(lag).map((value, i) => value * z[i]!);
      expect(Math.abs(meanExcess(products, 0)), `lag ${lag}`).toBeLessThan(5);
    }
    expect(sample(p, key, [N]).data).toEqual(z);
  });
});

describe("transforms of noise", () => {
  it("say which noise they take", () => {
    expect(noiseOf(record("normal", { loc: 0, scale: 1 }))).toBe("normal");
    expect(noiseOf(record("laplace", { loc: 0, scale: 1 }))).toBe("uniform");
    expect(noiseOf(record("cauchy", { loc: 0, scale: 1 }))).toBe("cauchy");
  });

  it("there are none of families that are discrete, and of mixtures", () => {
    for (const p of [record("bernoulli", { logits: 0 }), record("poisson", { rate: 1 })]) {
      expect(() => reparameterised(ops, p, a(0.5))).toThrow(
        expect.objectContaining({ code: "DISTRIBUTION_NO_CLOSED_FORM" }),
      );
      expect(() => noiseOf(p)).toThrow(p.family);
    }
  });
});

describe("bad arguments are named", () => {
  const p = record("normal", { loc: 0, scale: 1 });

  it("distributions, shapes, values and keys", () => {
    expect(() => sample(undefined as never, key)).toThrow(TypeError);
    expect(() => sample({ family: "normla" } as never, key)).toThrow(
      '"p.family" expected a known family, got "normla"',
    );
    expect(() => sample(p, key, [-1])).toThrow('"shape"');
    expect(() => sample(p, key, 3 as never)).toThrow('"shape"');
    expect(() => sample(p, { seed: -1, stream: "s" })).toThrow('"seed"');
    expect(() => sample(p, { seed: 1, stream: 2 } as never)).toThrow('"stream"');
    expect(() => logProb(ops, p, 1 as never)).toThrow('"x"');
    expect(() => reparameterised(ops, p, undefined as never)).toThrow('"base"');
    expect(() => logProb(ops, { family: "toString" } as never, a(1))).toThrow('"p.family"');
  });

  it("what has no closed form says so, with a code", () => {
    expect(() => mean(ops, record("cauchy", { loc: 0, scale: 1 }))).toThrow(
      expect.objectContaining({
        code: "DISTRIBUTION_NO_CLOSED_FORM",
        details: { operation: "mean", family: "cauchy" },
      }),
    );
  });
});
