/** What families are to each other, the edges of their parameters, and densities of several dimensions. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  cdf,
  entropy,
  fromNested as a,
  inverseCdf,
  logProb,
  mean,
  ndArray,
  ndArrayOps as ops,
  reparameterised,
  variance,
} from "../src/index.ts";
import type { Distribution, NdArray, Nested } from "../src/index.ts";
import { integrate } from "./support/quadrature.ts";

function record(family: string, parameters: Readonly<Record<string, Nested>>): Distribution<NdArray> {
  const arrays = Object.entries(parameters).map(([name, value]) => [name, a(value)]);
  return { family, ...Object.fromEntries(arrays) } as Distribution<NdArray>;
}

const value = (x: NdArray): number => x.data[0]!;
const vector = (values: ArrayLike<number>): NdArray => ndArray([values.length], Float64Array.from(values));
const real = fc.double({ min: -20, max: 20, noNaN: true });
const positive = fc.double({ min: 0.05, max: 20, noNaN: true });

/** To `digits` digits of 1 + |b|. */
function expectSame(x: NdArray, y: NdArray, digits = 12): void {
  expect(x.shape).toEqual(y.shape);
  x.data.forEach((one, i) => expect((one - y.data[i]!) / (1 + Math.abs(y.data[i]!))).toBeCloseTo(0, digits));
}

/** Two families that are one, in everything that both have in closed form. */
function expectOne(p: Distribution<NdArray>, q: Distribution<NdArray>, x: NdArray, moments = true): void {
  expectSame(logProb(ops, p, x), logProb(ops, q, x), 11);
  if (moments) {
    expectSame(mean(ops, p), mean(ops, q));
    expectSame(variance(ops, p), variance(ops, q));
  }
}

describe("families that are special cases of others", () => {
  it("gamma of concentration 1 and Weibull of concentration 1 are exponential", () => {
    fc.assert(
      fc.property(positive, positive, (rate, x) => {
        const p = record("exponential", { rate });
        expectOne(record("gamma", { concentration: 1, rate }), p, a(x));
        expectOne(record("weibull", { concentration: 1, scale: 1 / rate }), p, a(x));
        expectSame(entropy(ops, record("gamma", { concentration: 1, rate })), entropy(ops, p));
        expectSame(entropy(ops, record("weibull", { concentration: 1, scale: 1 / rate })), entropy(ops, p));
      }),
    );
  });

  it("Student's t of one degree of freedom is Cauchy, of very many normal", () => {
    fc.assert(
      fc.property(real, positive, real, (loc, scale, x) => {
        const t = (df: number) => record("studentT", { df, loc, scale });
        expectOne(t(1), record("cauchy", { loc, scale }), a(x), false);
        // The next term of the expansion in 1 / df is (z^4 - 2 z^2 - 1) / (4 df).
        const z = (x - loc) / scale;
        const gap = value(logProb(ops, t(1e12), a(x))) - value(logProb(ops, record("normal", { loc, scale }), a(x)));
        expect(Math.abs(gap)).toBeLessThan(((z ** 4 + 2 * z * z + 1) / 4) * 1.1e-12 + 1e-14 * (z * z + 10));
      }),
    );
  });

  it("beta (1, 1) and the continuous Bernoulli of logit 0 are uniform", () => {
    const x = a([0, 0.2, 0.5, 1]);
    const uniform = record("uniform", { low: 0, high: 1 });
    expectOne(record("beta", { alpha: 1, beta: 1 }), uniform, x);
    expectOne(record("continuousBernoulli", { logits: 0 }), uniform, x);
    expectSame(cdf(ops, record("continuousBernoulli", { logits: 0 }), x), x);
  });

  it("a log-normal is exp of a normal, by the change of variables", () => {
    fc.assert(
      fc.property(fc.double({ min: -5, max: 5, noNaN: true }), positive, real, (loc, scale, y) => {
        const expected = ops.sub(logProb(ops, record("normal", { loc, scale }), a(y)), a(y));
        expectSame(logProb(ops, record("logNormal", { loc, scale }), ops.exp(a(y))), expected, 9);
      }),
    );
  });

  it("binomial of one trial, and categorical of two classes, are Bernoulli", () => {
    fc.assert(
      fc.property(real, (logit) => {
        const bernoulli = record("bernoulli", { logits: logit });
        const x = a([0, 1]);
        expectOne(record("binomial", { trials: 1, logits: logit }), bernoulli, x);
        expectSame(entropy(ops, record("binomial", { trials: 1, logits: logit })), entropy(ops, bernoulli));
        const rows = a([
          [1, 0],
          [0, 1],
        ]);
        const two = record("categorical", { logits: [0, logit] });
        expectSame(logProb(ops, two, rows), logProb(ops, bernoulli, x));
        expectSame(entropy(ops, two), entropy(ops, bernoulli));
      }),
    );
  });

  // Entropy of a Poisson variable: log(2 pi e r) / 2 - 1 / (12 r) - 1 / (24 r^2) + O(r^-3); of a fair binomial: log(pi e n / 2) / 2 + O(1 / n).
  it("counts have the entropies of their asymptotic series, together and apart", () => {
    const poisson = entropy(ops, record("poisson", { rate: [100, 2000, 1e-3] }));
    for (const [i, r] of [100, 2000].entries()) {
      const expected = Math.log(2 * Math.PI * Math.E * r) / 2 - 1 / (12 * r) - 1 / (24 * r * r);
      expect(Math.abs(poisson.data[i]! - expected)).toBeLessThan(1 / r ** 3);
    }
    expectSame(vector([poisson.data[2]!]), entropy(ops, record("poisson", { rate: [1e-3] })), 14);
    const binomial = value(entropy(ops, record("binomial", { trials: 1000, logits: 0 })));
    expect(Math.abs(binomial - Math.log((Math.PI * Math.E * 1000) / 2) / 2)).toBeLessThan(1e-3);
    expect(value(entropy(ops, record("binomial", { trials: 0, logits: 0 })))).toBeCloseTo(0, 15);
  });

  it("Dirichlet of two classes is beta", () => {
    fc.assert(
      fc.property(positive, positive, fc.double({ min: 0.01, max: 0.99, noNaN: true }), (alpha, beta, x) => {
        const [p, q] = [record("dirichlet", { concentration: [alpha, beta] }), record("beta", { alpha, beta })];
        expectSame(logProb(ops, p, a([x, 1 - x])), logProb(ops, q, a(x)), 10);
        expectSame(entropy(ops, p), entropy(ops, q), 10);
        expect(mean(ops, p).data[0]).toBeCloseTo(value(mean(ops, q)), 12);
        expect(variance(ops, p).data[0]).toBeCloseTo(value(variance(ops, q)), 12);
      }),
    );
  });

  it("normals in a row, a diagonal normal and a multivariate one of diagonal factor", () => {
    fc.assert(
      fc.property(real, real, positive, positive, real, real, (m0, m1, s0, s1, x0, x1) => {
        const normals = record("normal", { loc: [m0, m1], scale: [s0, s1] });
        const rows: Distribution<NdArray> = { family: "independent", base: normals, axes: [-1] };
        const diagonal = record("diagonalNormal", { mu: [m0, m1], logVar: [2 * Math.log(s0), 2 * Math.log(s1)] });
        const scaleTril = [
          [s0, 0],
          [0, s1],
        ];
        const full = record("multivariateNormal", { loc: [m0, m1], scaleTril });
        for (const p of [diagonal, full]) {
          expectOne(p, rows, a([x0, x1]));
          expectSame(entropy(ops, p), entropy(ops, rows));
          expectSame(reparameterised(ops, p, a([0.3, -2])), reparameterised(ops, rows, a([0.3, -2])));
        }
      }),
    );
  });

  it("a mixture of one is its component, and of equal ones too", () => {
    fc.assert(
      fc.property(real, positive, real, (loc, scale, x) => {
        const p = record("normal", { loc, scale });
        const components = record("normal", { loc: [loc, loc, loc], scale });
        expectOne({ family: "mixture", logits: a([3]), components: record("normal", { loc: [loc], scale }) }, p, a(x));
        expectOne({ family: "mixture", logits: a([3, -2, 0]), components }, p, a(x));
      }),
    );
  });

  it("von Mises-Fisher of concentration near 0 is uniform on the sphere: 2 pi, 4 pi, 2 pi^2", () => {
    [2 * Math.PI, 4 * Math.PI, 2 * Math.PI ** 2].forEach((area, i) => {
      const meanDirection = [1, ...new Array<number>(i + 1).fill(0)];
      const p = record("vonMisesFisher", { meanDirection, concentration: 1e-9 });
      expect(value(logProb(ops, p, a(meanDirection)))).toBeCloseTo(-Math.log(area), 8);
      expect(value(entropy(ops, p))).toBeCloseTo(Math.log(area), 8);
      variance(ops, p).data.forEach((square) => expect(square).toBeCloseTo(1 / (i + 2), 8));
    });
  });
});

describe("integrals over several dimensions are 1", () => {
  const rule = Array.from({ length: 400 }, (_, i) => (2 * Math.PI * i) / 400);

  // The trapezoidal rule on a circle is exact to rounding for functions this smooth.
  it.each([0.3, 5, 80])("von Mises-Fisher on the circle, concentration %d", (concentration) => {
    const p = record("vonMisesFisher", { meanDirection: [0.6, 0.8], concentration });
    const x = ndArray([400, 2], Float64Array.from(rule.flatMap((angle) => [Math.cos(angle), Math.sin(angle)])));
    const total = logProb(ops, p, x).data.reduce((sum, logP) => sum + Math.exp(logP), 0);
    expect((total * 2 * Math.PI) / 400).toBeCloseTo(1, 12);
  });

  it("multivariate normal in the plane", () => {
    const scaleTril = [
      [0.7, 0],
      [-0.9, 1.2],
    ];
    const p = record("multivariateNormal", { loc: [0.3, -1], scaleTril });
    const side = Array.from({ length: 241 }, (_, i) => (i - 120) / 10);
    const grid = ndArray([241 * 241, 2], Float64Array.from(side.flatMap((x) => side.flatMap((y) => [x, y]))));
    const total = logProb(ops, p, grid).data.reduce((sum, logP) => sum + Math.exp(logP), 0);
    expect(total / 100).toBeCloseTo(1, 12);
  });

  it.each([0.4, 1, 2.5])("relaxed one-hot of two classes, temperature %d", (temperature) => {
    const p = record("relaxedOneHotCategorical", { logits: [0.7, -0.4], temperature });
    const density = (x: number, toRight: number) => Math.exp(value(logProb(ops, p, a([x, toRight]))));
    expect(integrate(({ x, toRight }) => density(x, toRight), "unit")).toBeCloseTo(1, 10);
  });

  // x = (s, (1 - s) t, (1 - s) (1 - t)) on the unit square; the area element is 1 - s.
  it.each([
    ["relaxedOneHotCategorical", { logits: [0.7, -0.4, 0], temperature: 1.5 }],
    ["dirichlet", { concentration: [1.5, 2, 3] }],
  ])("%s of three classes", (family, parameters) => {
    const p = record(family, parameters);
    const points = Array.from({ length: 200 }, (_, i) => 1 / (1 + Math.exp(-(i - 99.5) / 4)));
    const weights = points.map((s) => (s * (1 - s)) / 4);
    const rows = points.flatMap((s) => points.flatMap((t) => [s, (1 - s) * t, (1 - s) * (1 - t)]));
    const logP = logProb(ops, p, ndArray([200 * 200, 3], Float64Array.from(rows))).data;
    const total = logP.reduce((sum, one, i) => {
      const [s, t] = [Math.floor(i / 200), i % 200];
      return sum + Math.exp(one) * (1 - points[s]!) * weights[s]! * weights[t]!;
    }, 0);
    expect(total).toBeCloseTo(1, 7);
  });
});

describe("edges", () => {
  it("logits of -1000 and 1000", () => {
    const certain = record("bernoulli", { logits: [1000, -1000] });
    expect([...logProb(ops, certain, a([1, 0])).data].map(Math.abs)).toEqual([0, 0]);
    expect([...logProb(ops, certain, a([0, 1])).data]).toEqual([-1000, -1000]);
    expect([...entropy(ops, certain).data]).toEqual([0, 0]);
    const steep = record("continuousBernoulli", { logits: [1000, -1000] });
    expectSame(logProb(ops, steep, a([1, 0])), a([Math.log(1000), Math.log(1000)]), 14);
    expectSame(mean(ops, steep), a([0.999, 0.001]), 15);
    expectSame(variance(ops, steep), a([1e-6, 1e-6]), 18);
    expectSame(cdf(ops, steep, a([0.999, 0.001])), a([Math.exp(-1), -Math.expm1(-1)]), 13);
    const classes = record("categorical", { logits: [1000, 0, -1000] });
    expect(value(logProb(ops, classes, a([0, 0, 1])))).toBe(-2000);
    expect(Math.abs(value(entropy(ops, classes)))).toBe(0);
    const relaxed = record("relaxedOneHotCategorical", { logits: [1000, 0, -1000], temperature: 0.1 });
    expect([...reparameterised(ops, relaxed, a([0.5, 0.5, 0.5])).data]).toEqual([1, 0, 0]);
  });

  // Both forms are right to some epsilons, so that no step shows where one takes over from the other.
  it("the continuous Bernoulli is smooth in its logit about 1/2 and about 1", () => {
    for (const at of [0, 1, -1, 2 ** -7]) {
      const l = vector([at - 1e-9, at - 1e-12, at, at + 1e-12, at + 1e-9]);
      const p: Distribution<NdArray> = { family: "continuousBernoulli", logits: l };
      const x = a(0.3);
      for (const f of [logProb(ops, p, x), entropy(ops, p), mean(ops, p), variance(ops, p), inverseCdf(ops, p, x)]) {
        const [lower, low, middle, high, upper] = f.data as unknown as [number, number, number, number, number];
        const slope = (upper - lower) / 2e-9;
        expect(Math.abs(low - (middle - slope * 1e-12))).toBeLessThan(4e-15);
        expect(Math.abs(high - (middle + slope * 1e-12))).toBeLessThan(4e-15);
      }
    }
  });

  // To first orders in 1 / a the standardised variable is normal; the terms of the plain formulas are some 1e10.
  it("large parameters keep their digits", () => {
    const a9 = 1e9;
    const normalEntropy = (variance: number) => Math.log(2 * Math.PI * Math.E * variance) / 2;
    const gammaEntropy = value(entropy(ops, record("gamma", { concentration: a9, rate: 1 })));
    expect(gammaEntropy).toBeCloseTo(normalEntropy(a9) - 1 / (3 * a9), 12);
    // At the mean: -log(2 pi a) / 2 - 1 / (12 a).
    const atMean = -Math.log(2 * Math.PI * a9) / 2 - 1 / (12 * a9);
    expect(value(logProb(ops, record("gamma", { concentration: a9, rate: 1 }), a(a9)))).toBeCloseTo(atMean, 12);
    expect(value(logProb(ops, record("poisson", { rate: a9 }), a(a9)))).toBeCloseTo(atMean, 12);
    // v^(-2) is left out.
    const t = value(entropy(ops, record("studentT", { df: a9, loc: 0, scale: 1 })));
    expect(t).toBeCloseTo(normalEntropy(1) + 1 / a9, 12);
    const beta = value(entropy(ops, record("beta", { alpha: a9, beta: a9 })));
    expect(beta).toBeCloseTo(normalEntropy(value(variance(ops, record("beta", { alpha: a9, beta: a9 })))), 8);
    const dirichlet = value(entropy(ops, record("dirichlet", { concentration: [a9, a9] })));
    expect(dirichlet).toBeCloseTo(beta, 12);
  });

  it("no step shows where a series takes over", () => {
    const at = vector([16 - 1e-9, 16, 16 + 1e-9]);
    const steps = [
      entropy(ops, { family: "gamma", concentration: at, rate: a(1) }),
      entropy(ops, { family: "studentT", df: ops.mul(a(2), at), loc: a(0), scale: a(1) }),
      logProb(ops, { family: "gamma", concentration: at, rate: a(1) }, a(15)),
    ];
    for (const { data } of steps) expect(Math.abs(data[0]! - 2 * data[1]! + data[2]!)).toBeLessThan(1e-13);
    const far = logProb(ops, record("gamma", { concentration: 40, rate: 1 }), vector([20 - 1e-9, 20, 20 + 1e-9])).data;
    expect(Math.abs(far[0]! - 2 * far[1]! + far[2]!)).toBeLessThan(1e-13);
  });

  it("outside the support the log-density is -Infinity, and at its ends what the density is", () => {
    const at = (family: string, parameters: Record<string, number>, xs: number[]) => [
      ...logProb(ops, record(family, parameters), vector(xs)).data,
    ];
    expect(at("uniform", { low: 0, high: 2 }, [-1e-9, 0, 2, 2.1])).toEqual([
      -Infinity,
      -Math.LN2,
      -Math.LN2,
      -Infinity,
    ]);
    expect(at("exponential", { rate: 1 }, [-1e-9, 0])).toEqual([-Infinity, 0]);
    expect(at("gamma", { concentration: 1, rate: 1 }, [-1, 0])).toEqual([-Infinity, 0]);
    expect(at("gamma", { concentration: 2, rate: 1 }, [0])).toEqual([-Infinity]);
    expect(at("gamma", { concentration: 0.5, rate: 1 }, [0])).toEqual([Infinity]);
    expect(at("beta", { alpha: 1, beta: 1 }, [-0.1, 0, 1, 1.1]).map((x) => x + 0)).toEqual([
      -Infinity,
      0,
      0,
      -Infinity,
    ]);
    expect(at("beta", { alpha: 2, beta: 0.5 }, [0, 1])).toEqual([-Infinity, Infinity]);
    expect(at("logNormal", { loc: 0, scale: 1 }, [0, -1])).toEqual([-Infinity, -Infinity]);
    expect(at("halfNormal", { scale: 1 }, [-1])).toEqual([-Infinity]);
    expect(at("weibull", { scale: 1, concentration: 2 }, [-1])).toEqual([-Infinity]);
    expect(at("poisson", { rate: 1 }, [-1, 0])).toEqual([-Infinity, -1]);
    expect(at("binomial", { trials: 3, logits: 0 }, [-1, 4])).toEqual([-Infinity, -Infinity]);
    expect(at("continuousBernoulli", { logits: 1 }, [-0.1, 1.1])).toEqual([-Infinity, -Infinity]);
    expect(at("normal", { loc: 0, scale: 1 }, [Infinity, -Infinity])).toEqual([-Infinity, -Infinity]);
  });

  it("Student's t has a mean above one degree of freedom and a variance above two", () => {
    const p = record("studentT", { df: [0.5, 1, 1.5, 2, 2.5], loc: 3, scale: 2 });
    expect([...mean(ops, p).data]).toEqual([Number.NaN, Number.NaN, 3, 3, 3]);
    expect([...variance(ops, p).data]).toEqual([Number.NaN, Number.NaN, Infinity, Infinity, 20]);
  });

  it("discretised logistics keep their tails: no probability is lost far from the mean", () => {
    const p: Distribution<NdArray> = {
      family: "discretisedLogistic",
      loc: a(0.9),
      logScale: a(-7),
      low: 0,
      high: 1,
      levels: 256,
    };
    // log p(v) = (v - loc) / scale + log(2 sinh(h / scale)) far below the mean, h half a step.
    const [v, scale, h] = [10 / 255, Math.exp(-7), 0.5 / 255];
    const expected = (v - 0.9) / scale + h / scale + Math.log1p(-Math.exp((-2 * h) / scale));
    expect(value(logProb(ops, p, a(v))) / expected).toBeCloseTo(1, 13);
  });
});
