import { describe, expect, it } from "vitest";
import {
  fromNested as a,
  implicitGradients,
  inverseCdf,
  mean,
  ndArray,
  ndArrayOps as ops,
  sample,
} from "../src/index.ts";
import type { Beta, Dirichlet, Distribution, Gamma, NdArray, VonMisesFisher } from "../src/index.ts";
import { integrate } from "./support/quadrature.ts";
import { meanExcess } from "./support/statistics.ts";

const levels = [1e-3, 0.04, 0.3, 0.5, 0.77, 0.95, 0.999];
const u = ndArray([levels.length], Float64Array.from(levels));

/** The derivative of the quantiles at u by one parameter: a central difference, whose error is h^2 / 6 f''' + epsilon / h. */
function quantileSlopes(make: (value: number) => Distribution<NdArray>, at: number): Float64Array {
  const h = 3e-5 * at;
  const [above, below] = [at + h, at - h].map((value) => inverseCdf(ops, make(value), u));
  return ops.div(ops.sub(above!, below!), ops.scalar(2 * h)).data;
}

function expectClose(actual: Float64Array, expected: Float64Array): void {
  actual.forEach((value, i) => expect(value / expected[i]!, `at quantile ${levels[i]}`).toBeCloseTo(1, 7));
}

describe("of a gamma draw: the slopes of its quantiles", () => {
  it.each([
    [1, 1],
    [2.5, 1.5],
    [0.4, 3],
    [30, 0.2],
    [2000, 7],
  ])("concentration %d, rate %d", (concentration, rate) => {
    const make = (c: number, r: number): Gamma<NdArray> => ({ family: "gamma", concentration: a(c), rate: a(r) });
    const gradients = implicitGradients(ops, make(concentration, rate), inverseCdf(ops, make(concentration, rate), u));
    expectClose(
      gradients.concentration.data,
      quantileSlopes((value) => make(value, rate), concentration),
    );
    expectClose(
      gradients.rate.data,
      quantileSlopes((value) => make(concentration, value), rate),
    );
  });
});

describe("of a beta draw: the slopes of its quantiles", () => {
  it.each([
    [1, 1],
    [2, 3.5],
    [0.6, 1.4],
    [50, 20],
  ])("alpha %d, beta %d", (alpha, beta) => {
    const make = (x: number, y: number): Beta<NdArray> => ({ family: "beta", alpha: a(x), beta: a(y) });
    const gradients = implicitGradients(ops, make(alpha, beta), inverseCdf(ops, make(alpha, beta), u));
    expectClose(
      gradients.alpha.data,
      quantileSlopes((value) => make(value, beta), alpha),
    );
    expectClose(
      gradients.beta.data,
      quantileSlopes((value) => make(alpha, value), beta),
    );
  });
});

describe("of a Dirichlet draw", () => {
  const concentration = [0.7, 2, 3.3];
  const p: Dirichlet<NdArray> = { family: "dirichlet", concentration: a(concentration) };
  const draws = sample(p, { seed: 5, stream: "draws" }, [20_000]);
  const { concentration: slopes } = implicitGradients(ops, p, draws);
  const entry = (i: number, j: number) => new Float64Array(20_000).map((_, row) => slopes.data[(row * 3 + i) * 3 + j]!);
  const column = (i: number) => new Float64Array(20_000).map((_, row) => draws.data[row * 3 + i]!);

  it("they keep the sum", () => {
    expect(slopes.shape).toEqual([20_000, 3, 3]);
    const totals = ops.sum(slopes, { axes: [-2] }).data;
    const sizes = ops.sum(ops.abs(slopes), { axes: [-2] }).data;
    expect(totals.every((total, i) => Math.abs(total) <= 8 * 2 ** -52 * sizes[i]!)).toBe(true);
  });

  it("with two classes are those of a beta draw", () => {
    const two = implicitGradients(ops, { family: "dirichlet", concentration: a([2, 3.5]) }, a([0.3, 0.7]));
    const one = implicitGradients(ops, { family: "beta", alpha: a(2), beta: a(3.5) }, a(0.3));
    const [x, y] = [one.alpha.data[0]!, one.beta.data[0]!];
    [x, y, -x, -y].forEach((value, i) => expect(two.concentration.data[i]).toBeCloseTo(value, 12));
  });

  // E[x_i] = a_i / A, so that dE[x_i]/da_j = ([i = j] - E[x_i]) / A; and E[x_i^2] = a_i (a_i + 1) / (A (A + 1)).
  it("average to the gradients of the moments, to five standard errors", () => {
    const total = 6;
    const means = mean(ops, p).data;
    const [x0, square] = [column(0), (0.7 * 1.7) / (total * (total + 1))];
    for (let j = 0; j < 3; j++) {
      for (let i = 0; i < 3; i++) {
        expect(Math.abs(meanExcess(entry(i, j), ((i === j ? 1 : 0) - means[i]!) / total))).toBeLessThan(5);
      }
      const ofSquares = entry(0, j).map((slope, row) => 2 * x0[row]! * slope);
      const expected = (j === 0 ? (2 * 0.7 + 1) / (total * (total + 1)) : 0) - square * (1 / total + 1 / (total + 1));
      expect(Math.abs(meanExcess(ofSquares, expected))).toBeLessThan(5);
    }
  });
});

describe("of a von Mises-Fisher draw", () => {
  const pole = (d: number, k: number): VonMisesFisher<NdArray> => {
    const meanDirection = Array.from({ length: d }, (_, i) => (i === 0 ? 1 : 0));
    return { family: "vonMisesFisher", meanDirection: a(meanDirection), concentration: a(k) };
  };
  const at = (d: number, w: number): NdArray =>
    a(Array.from({ length: d }, (_, i) => (i === 0 ? w : i === 1 ? Math.sqrt(1 - w * w) : 0)));
  const cosineSlope = (d: number, k: number, w: number): number =>
    implicitGradients(ops, pole(d, k), at(d, w)).concentration.data[0]!;

  // In three dimensions the cosine has the quantiles w = 1 + log(u + (1 - u) exp(-2 k)) / k.
  it.each([0.3, 4, 90])("in 3 dimensions, its cosine has the slope of its quantiles, concentration %d", (k) => {
    const quantile = (u: number, concentration: number): number =>
      1 + Math.log(u + (1 - u) * Math.exp(-2 * concentration)) / concentration;
    const h = 3e-5 * k;
    for (const u of levels) {
      const expected = (quantile(u, k + h) - quantile(u, k - h)) / (2 * h);
      expect(cosineSlope(3, k, quantile(u, k)) / expected, `quantile ${u}`).toBeCloseTo(1, 6);
    }
  });

  it.each([
    [2, 0.7],
    [5, 0.5],
    [5, 20],
    [40, 60],
  ])("in %i dimensions, its cosine has the slope -(dF/dk) / f, concentration %d", (d, k) => {
    // On the circle of angles: F(w) is the integral of exp(k cos) sin^(d - 2) from acos w to pi, over the whole.
    const weight = (angle: number, concentration: number): number =>
      Math.exp(concentration * (Math.cos(angle) - 1)) * Math.sin(angle) ** (d - 2);
    const mass = (from: number, concentration: number): number =>
      integrate(({ x }) => weight(from + (Math.PI - from) * x, concentration), [0, 1]) * (Math.PI - from);
    for (const angle of [0.2, 0.5, 1.2, 1.7]) {
      const distribution = (concentration: number): number => mass(angle, concentration) / mass(0, concentration);
      const h = 1e-4 * k;
      const slope = (distribution(k + h) - distribution(k - h)) / (2 * h);
      const density = weight(angle, k) / Math.sin(angle) / mass(0, k);
      const tail = Math.min(distribution(k), 1 - distribution(k));
      if (tail < 1e-6) continue;
      expect(cosineSlope(d, k, Math.cos(angle)) / (-slope / density), `angle ${angle}`).toBeCloseTo(1, 5);
    }
  });

  // E[x] = A m: by k it moves as A' m, and by m along the sphere as A times the projection across m.
  it("average to the gradients of the mean, to five standard errors", () => {
    const n = 5000;
    const [m, k] = [[0.6, -0.48, 0.64], 3];
    const make = (concentration: number): VonMisesFisher<NdArray> => {
      return { family: "vonMisesFisher", meanDirection: a(m), concentration: a(concentration) };
    };
    const draws = sample(make(k), { seed: 8, stream: "draws" }, [n]);
    const { concentration, meanDirection } = implicitGradients(ops, make(k), draws);
    const cosine = (at: number): number => mean(ops, make(at)).data[0]! / 0.6;
    const slope = (cosine(k + 1e-5) - cosine(k - 1e-5)) / 2e-5;
    const part = (x: NdArray, size: number, i: number) => new Float64Array(n).map((_, row) => x.data[row * size + i]!);
    for (let i = 0; i < 3; i++) {
      expect(Math.abs(meanExcess(part(concentration, 3, i), slope * m[i]!))).toBeLessThan(5);
      for (let j = 0; j < 3; j++) {
        const expected = cosine(k) * ((i === j ? 1 : 0) - m[i]! * m[j]!);
        expect(Math.abs(meanExcess(part(meanDirection, 9, 3 * i + j), expected))).toBeLessThan(5);
      }
    }
  });

  it("along the mean direction are 0 by concentration, as the density's maximum stays", () => {
    const { concentration } = implicitGradients(ops, pole(4, 2), at(4, 1));
    expect([...concentration.data].map(Math.abs)).toEqual([0, 0, 0, 0]);
  });
});

describe("bad arguments are named", () => {
  it("other families and what is no array", () => {
    const normal = { family: "normal", loc: a(0), scale: a(1) } as never;
    expect(() => implicitGradients(ops, normal, a(0))).toThrow(
      '"p.family" expected one of gamma, beta, dirichlet, vonMisesFisher, got "normal"',
    );
    expect(() => implicitGradients(ops, { family: "gamma", concentration: a(1), rate: a(1) }, 1 as never)).toThrow(
      '"x"',
    );
  });
});
