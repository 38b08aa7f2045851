import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { areaUnderRoc, interpolateLinear, interpolateSpherical, principalAxes, randomNormal } from "../src/index.ts";

const length = (v: ArrayLike<number>): number => Math.hypot(...Array.from(v));
const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i]!, 0);

describe("ways between codes", () => {
  const vector = fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 3, maxLength: 3 });

  it.each([interpolateLinear, interpolateSpherical])("$name begins and ends where it should", (path) => {
    fc.assert(
      fc.property(vector, vector, (a, b) => {
        // Rounding of a few operations on numbers up to 5, divided by a sine of at least 1e-6.
        for (const [t, end] of [
          [0, a],
          [1, b],
        ] as const) {
          Array.from(path(a, b, t)).forEach((value, i) => expect(Math.abs(value - end[i]!)).toBeLessThan(1e-9));
        }
      }),
    );
  });

  it("halves a segment, and an arc", () => {
    expect([...interpolateLinear([2, 0], [0, 2], 0.5)]).toEqual([1, 1]);
    const middle = interpolateSpherical([2, 0], [0, 2], 0.5);
    expect(middle[0]).toBeCloseTo(Math.SQRT2, 14);
    expect(middle[1]).toBeCloseTo(Math.SQRT2, 14);
  });

  it("keeps the length of codes of one length on the arc, at even angles", () => {
    const [a, b] = [
      [3, 0, 4],
      [0, 5, 0],
    ] as const;
    for (const t of [0.1, 0.25, 0.7]) {
      const z = interpolateSpherical(a, b, t);
      expect(length(z)).toBeCloseTo(5, 12);
      expect(Math.acos(dot(z, a) / 25)).toBeCloseTo((t * Math.PI) / 2, 12);
    }
  });

  it("is straight where there is no one arc", () => {
    for (const [a, b] of [
      [
        [1, 2],
        [2, 4],
      ],
      [
        [1, 0],
        [-1, 0],
      ],
      [
        [0, 0],
        [3, 1],
      ],
    ] as const) {
      expect([...interpolateSpherical(a, b, 0.3)]).toEqual([...interpolateLinear(a, b, 0.3)]);
    }
  });

  it("refuses codes of different sizes", () => {
    expect(() => interpolateLinear([1], [1, 2], 0)).toThrow(/"b" expected 1 numbers, got 2/);
    expect(() => interpolateSpherical([1], [1, 2], 0)).toThrow(RangeError);
  });
});

describe("areaUnderRoc", () => {
  /** What the area is by definition: all pairs. */
  function byPairs(scores: readonly number[], positive: readonly boolean[]): number {
    let [wins, pairs] = [0, 0];
    scores.forEach((above, i) =>
      scores.forEach((below, j) => {
        if (!positive[i] || positive[j]) return;
        pairs++;
        wins += above > below ? 1 : above === below ? 0.5 : 0;
      }),
    );
    return wins / pairs;
  }

  it("is the share of pairs in order, ties counting half", () => {
    const item = fc.tuple(fc.integer({ min: 0, max: 6 }), fc.boolean());
    fc.assert(
      fc.property(fc.array(item, { minLength: 1, maxLength: 40 }), (items) => {
        const [scores, positive] = [items.map(([score]) => score), items.map(([, is]) => is)];
        // Counts and halves are exact: the same quotient.
        expect(areaUnderRoc(scores, positive)).toBe(byPairs(scores, positive));
      }),
    );
  });

  it("is 1, 0 and 1/2 where it must be", () => {
    expect(areaUnderRoc([1, 2, 3, 4], [0, 0, 1, 1])).toBe(1);
    expect(areaUnderRoc([1, 2, 3, 4], [1, 1, 0, 0])).toBe(0);
    expect(areaUnderRoc([7, 7, 7], [true, false, true])).toBe(0.5);
    expect(areaUnderRoc([-Infinity, Infinity], [0, 1])).toBe(1);
    expect(areaUnderRoc([1, 2], [1, 1])).toBeNaN();
  });

  it("refuses scores that are none", () => {
    expect(() => areaUnderRoc([1, Number.NaN], [0, 1])).toThrow(/"scores" expected numbers, got NaN at 1/);
    expect(() => areaUnderRoc([1], [])).toThrow(/"positive" expected 1 numbers, got 0/);
  });
});

describe("principalAxes", () => {
  /** Points with standard deviations 5, 3 and 1 along axes turned in the plane of the first two. */
  const TURN = 0.7;
  const [c, s] = [Math.cos(TURN), Math.sin(TURN)];
  const drawn = new Float32Array(3 * 4000);
  randomNormal(drawn, { seed: 1, stream: "test" });
  const values = Float64Array.from(drawn);
  for (let i = 0; i < values.length; i += 3) {
    const [a, b] = [5 * drawn[i]!, 3 * drawn[i + 1]!];
    values.set([c * a - s * b + 10, s * a + c * b - 4, drawn[i + 2]!], i);
  }
  const { axes, shares } = principalAxes(values, { dims: 3, count: 3 });

  it("diagonalises the covariance", () => {
    const covariance = (u: ArrayLike<number>, v: ArrayLike<number>): number => {
      const project = (w: ArrayLike<number>) =>
        Array.from({ length: values.length / 3 }, (_, i) => dot(values.subarray(3 * i, 3 * i + 3), w));
      const [p, q] = [project(u), project(v)];
      const mean = (list: readonly number[]) => list.reduce((sum, x) => sum + x, 0) / list.length;
      const [mp, mq] = [mean(p), mean(q)];
      return mean(p.map((x, i) => (x - mp) * (q[i]! - mq)));
    };
    const spread = axes.map((axis) => covariance(axis, axis));
    const total = spread.reduce((sum, x) => sum + x, 0);
    for (const [i, j] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ] as const) {
      expect(Math.abs(dot(axes[i]!, axes[j]!))).toBeLessThan(1e-12);
      // The iteration stops when an axis moves by 1e-10; variances are about 25.
      expect(Math.abs(covariance(axes[i]!, axes[j]!))).toBeLessThan(1e-7);
    }
    spread.forEach((variance, i) => expect(shares[i]! * total).toBeCloseTo(variance, 6));
    expect(shares.reduce((sum, x) => sum + x, 0)).toBeCloseTo(1, 9);
  });

  it("finds the axes that were put in", () => {
    // The sampling error of a direction is about 1 / sqrt(4000) times a ratio near 1.
    expect(Math.abs(dot(axes[0]!, [c, s, 0]))).toBeGreaterThan(0.999);
    expect(Math.abs(dot(axes[1]!, [-s, c, 0]))).toBeGreaterThan(0.999);
    for (const axis of axes) expect(Math.max(...axis)).toBeGreaterThan(Math.abs(Math.min(...axis)));
  });

  it("gives axes where nothing varies, too", () => {
    const still = principalAxes([1, 2, 1, 2], { dims: 2, count: 2 });
    expect(still.shares).toEqual([0, 0]);
    expect(dot(still.axes[0]!, still.axes[1]!)).toBeCloseTo(0, 12);
    expect(still.axes.map(length)).toEqual([expect.closeTo(1, 12), expect.closeTo(1, 12)]);
  });

  it("refuses points that are none and too many axes", () => {
    expect(() => principalAxes([1, 2, 3], { dims: 2, count: 1 })).toThrow(/"values" expected points of 2 numbers/);
    expect(() => principalAxes([1, 2], { dims: 2, count: 3 })).toThrow(/"count" expected 1 to 2, got 3/);
  });
});
