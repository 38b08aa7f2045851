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
import type { Beta, Dirichlet, Distribution, Gamma, NdArray } from "../src/index.ts";
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

describe("bad arguments are named", () => {
  it("other families and what is no array", () => {
    const normal = { family: "normal", loc: a(0), scale: a(1) } as never;
    expect(() => implicitGradients(ops, normal, a(0))).toThrow(
      '"p.family" expected gamma, beta or dirichlet, got "normal"',
    );
    expect(() => implicitGradients(ops, { family: "gamma", concentration: a(1), rate: a(1) }, 1 as never)).toThrow(
      '"x"',
    );
  });
});
