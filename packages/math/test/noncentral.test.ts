/** Noncentral distributions and Gauss-Hermite rules against integrals by mpmath, SciPy's rules, and what is known exactly. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  gammaP,
  gaussHermite,
  noncentralChiSquareCdf,
  noncentralChiSquareTail,
  noncentralTCdf,
  noncentralTTail,
  normalCdf,
} from "../src/plain/index.ts";
import { readFixture } from "./support/fixture.ts";

interface Case {
  readonly f: keyof typeof functions;
  readonly args: readonly [number, number, number];
  readonly value: number;
}

interface Rule {
  readonly count: number;
  readonly nodes: readonly number[];
  readonly weights: readonly number[];
}

const functions = { noncentralTCdf, noncentralTTail, noncentralChiSquareCdf, noncentralChiSquareTail };
const { values, rules } = readFixture<{ values: readonly Case[]; rules: readonly Rule[] }>("noncentral");
const EPSILON = 2 ** -52;

/** The exponent of the leading term is rounded, and so are the arguments that a normal's is the square of. */
function bound({ f, args: [x, df, shift], value }: Case): number {
  const squares = f.startsWith("noncentralT") ? (x * x) / df + shift * shift : 0;
  return (256 + 4 * Math.abs(Math.log(value)) + squares) * EPSILON * value;
}

describe("noncentral distributions", () => {
  it.each(Object.keys(functions) as Case["f"][])("%s against mpmath", (f) => {
    const cases = values.filter((one) => one.f === f && one.value > 1e-300);
    expect(cases.length).toBeGreaterThan(100);
    for (const one of cases) {
      const got = functions[f](...one.args);
      const said = `${f}(${one.args.join(", ")}) = ${got}, expected ${one.value}`;
      expect(Math.abs(got - one.value), said).toBeLessThanOrEqual(bound(one));
    }
  });

  const positive = fc.double({ min: 0.3, max: 60, noNaN: true });
  const any = fc.double({ min: -8, max: 8, noNaN: true });

  it("both sides make 1", () => {
    fc.assert(
      fc.property(any, positive, any, (t, df, delta) => {
        const both = noncentralTCdf(t, df, delta) + noncentralTTail(t, df, delta);
        expect(Math.abs(both - 1)).toBeLessThan(bound({ f: "noncentralTCdf", args: [t, df, delta], value: 1 }));
      }),
    );
    fc.assert(
      fc.property(positive, positive, positive, (x, df, lambda) => {
        const both = noncentralChiSquareCdf(x, df, lambda) + noncentralChiSquareTail(x, df, lambda);
        expect(Math.abs(both - 1)).toBeLessThan(512 * EPSILON);
      }),
    );
  });

  it("T(t, df, delta) is 1 - T(-t, df, -delta), and at 0 the normal distribution", () => {
    fc.assert(
      fc.property(any, positive, any, (t, df, delta) => {
        const [left, right] = [noncentralTCdf(t, df, delta), noncentralTTail(-t, df, -delta)];
        expect(Math.abs(left - right)).toBeLessThanOrEqual(1e-12 * left);
      }),
    );
    expect(noncentralTCdf(0, 5, 1.5)).toBe(normalCdf(-1.5));
  });

  // One degree of freedom: X = (Z + sqrt(lambda))^2.
  it("the chi-square variable of one degree of freedom is a square", () => {
    for (const [x, lambda] of [
      [0.5, 0.1],
      [3, 9],
      [0.01, 30],
      [80, 40],
    ] as const) {
      const [r, m] = [Math.sqrt(x), Math.sqrt(lambda)];
      const tail = normalCdf(m - r) + normalCdf(-m - r);
      expect(Math.abs(noncentralChiSquareTail(x, 1, lambda) / tail - 1)).toBeLessThan(1e-13);
    }
    expect(noncentralChiSquareCdf(3, 4, 0)).toBe(gammaP(2, 1.5));
  });

  it("have their limits, and are NaN outside", () => {
    expect([noncentralTCdf(Infinity, 3, 1), noncentralTCdf(-Infinity, 3, 1), noncentralTTail(Infinity, 3, 1)]).toEqual([
      1, 0, 0,
    ]);
    expect([noncentralChiSquareCdf(0, 3, 1), noncentralChiSquareTail(Infinity, 3, 1)]).toEqual([0, 0]);
    for (const value of [noncentralTCdf(1, 0, 1), noncentralTCdf(Number.NaN, 1, 1), noncentralChiSquareCdf(-1, 1, 1)]) {
      expect(value).toBeNaN();
    }
  });
});

describe("Gauss-Hermite", () => {
  it.each(rules.map((rule) => [rule.count, rule] as const))("%i nodes against SciPy", (count, { nodes, weights }) => {
    const made = gaussHermite(count);
    made.nodes.forEach((x, i) => expect(Math.abs(x - nodes[i]!)).toBeLessThan(1e-13 * (1 + Math.abs(x))));
    // a weight moves with its node by 2 x relative, and SciPy's own are good to some 1e-12
    made.weights.forEach((w, i) => {
      if (w > 1e-290) expect(Math.abs(w / weights[i]! - 1), `${i}`).toBeLessThan(1e-11);
    });
  });

  it("is exact for the even moments 1 3 5 ... (2 j - 1)", () => {
    const { nodes, weights } = gaussHermite(20);
    let moment = 1;
    for (let j = 0; j <= 19; j++) {
      const sum = nodes.reduce((total, x, i) => total + weights[i]! * x ** (2 * j), 0);
      expect(Math.abs(sum / moment - 1)).toBeLessThan(1e-12);
      moment *= 2 * j + 1;
    }
  });

  it("has all its nodes up to the largest rule, and no larger one", () => {
    for (const count of [2, 255, 256]) {
      const { nodes, weights } = gaussHermite(count);
      expect(nodes.every((x, i) => i === 0 || x > nodes[i - 1]!)).toBe(true);
      expect(Math.abs(weights.reduce((sum, w) => sum + w, 0) - 1)).toBeLessThan(1e-12);
    }
    expect(() => gaussHermite(257)).toThrow(/"count" expected a whole number from 1 to 256, got 257/);
    expect(() => gaussHermite("3" as never)).toThrow(TypeError);
  });
});
