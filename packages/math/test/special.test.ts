/** Special functions against mpmath's 60 digits, their identities, and what they are where they end. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  composedDigamma,
  composedLogBeta,
  composedLogGamma,
  composedTrigamma,
  fromNested as a,
  ndArrayOps as ops,
  toNested,
} from "../src/index.ts";
import type { NdArray, SpecialOps } from "../src/index.ts";
import { readFixture } from "./support/fixture.ts";

interface Case {
  readonly f: keyof SpecialOps<NdArray>;
  readonly args: readonly number[];
  readonly value: number;
}

const { values, slopes, quantiles } =
  readFixture<Record<"values" | "slopes" | "quantiles", readonly Case[]>>("special");
const EPSILON = 2 ** -52;
const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

function call(f: Case["f"], ...args: readonly number[]): number {
  return (ops[f] as (...operands: NdArray[]) => NdArray)(...args.map((x) => a(x))).data[0]!;
}

/** Units of float64 epsilon that a function may be off, as the README promises. */
const relative = (units: number) => (value: number) => units * EPSILON * Math.abs(value);
const absoluteBelow1 = (units: number) => (value: number) => units * EPSILON * Math.max(1, Math.abs(value));
/** The rounding of an exponent is as many units of the result as the exponent is large. */
const exponential = (value: number): number => (256 + 4 * Math.abs(Math.log(value))) * EPSILON * value;

const bounds: Readonly<Partial<Record<Case["f"], (value: number, args: readonly number[]) => number>>> = {
  erf: relative(4),
  erfc: relative(4),
  erfInv: relative(4),
  normalCdf: relative(4),
  logNormalCdf: relative(8),
  normalQuantile: relative(4),
  logGamma: absoluteBelow1(8),
  digamma: absoluteBelow1(8),
  trigamma: relative(8),
  logBeta: absoluteBelow1(32),
  // It is a difference of terms as large as log Gamma(v) and x.
  logBesselI: (value, [v, x]) => 4 * EPSILON * (4 + x! + v! * Math.log1p(v!) + Math.abs(value)),
  gammaP: exponential,
  gammaQ: exponential,
  betaI: exponential,
  gammaSampleSlope: relative(32),
  betaSampleSlope: relative(1024),
};

describe("against mpmath", () => {
  it.each(Object.keys(bounds) as Case["f"][])("%s", (f) => {
    const cases = [...values, ...slopes].filter((made) => made.f === f && Math.abs(made.value) > 1e-300);
    expect(cases.length).toBeGreaterThan(25);
    for (const { args, value } of cases) {
      const got = call(f, ...args);
      const isClose = Math.abs(got - value) <= bounds[f]!(value, args);
      expect(isClose, `${f}(${args.join(", ")}) = ${got} should be ${value}`).toBe(true);
    }
  });

  it("every special function has a case", () => {
    const tested = new Set([...values, ...slopes, ...quantiles].map(({ f }) => f));
    expect([...tested].sort()).toEqual([...new Set([...Object.keys(bounds), "gammaPInv", "betaIInv"])].sort());
  });
});

describe("inverses", () => {
  // x is right to a few of its own roundings, each of which moves p by x times the density; where x underflows, p is lost.
  const goesBack = (p: number, back: number, x: number, next: number) => {
    const wobble = Math.abs(next - back);
    expect(Math.abs(back - p), `x = ${x}`).toBeLessThanOrEqual(4 * wobble + 2 * exponential(p));
  };

  it("of P and I are undone by P and I", () => {
    for (const { f, args } of quantiles) {
      const p = args.at(-1)!;
      const x = call(f, ...args);
      if (x < 1e-300) continue;
      const cdf = (at: number) => call(f === "gammaPInv" ? "gammaP" : "betaI", ...args.slice(0, -1), at);
      const isLast = f === "betaIInv" && x > 1 - EPSILON; // the density may be infinite at 1
      goesBack(p, cdf(x), x, cdf(isLast ? 1 - EPSILON : x * (1 + EPSILON)));
    }
  });

  it("of the normal distribution and erf, also from deep in the tails", () => {
    const exponent = fc.double({ min: -300, max: -0.4, noNaN: true });
    fc.assert(
      fc.property(exponent, (power) => {
        const p = 10 ** power;
        const x = call("normalQuantile", p);
        goesBack(p, call("normalCdf", x), x, call("normalCdf", x * (1 + EPSILON)));
        const y = call("erfInv", p);
        goesBack(p, call("erf", y), y, call("erf", y * (1 + EPSILON)));
      }),
    );
  });
});

describe("identities", () => {
  const positive = fc.double({ min: 0.01, max: 50, noNaN: true });

  it("Gamma(x + 1) = x Gamma(x), and its derivatives", () => {
    fc.assert(
      fc.property(positive, (x) => {
        // One rounding of x + 1, which the slope carries on, and those of the functions.
        const slope = EPSILON * (x + 1);
        const off = call("logGamma", x + 1) - call("logGamma", x) - Math.log(x);
        expect(Math.abs(off)).toBeLessThan(16 * EPSILON * (4 + Math.abs(call("logGamma", x))) + slope * 5);
        const step = call("digamma", x + 1) - call("digamma", x) - 1 / x;
        expect(Math.abs(step)).toBeLessThan(16 * EPSILON * (4 + 1 / x) + slope * 2);
        const bend = call("trigamma", x + 1) - call("trigamma", x) + 1 / x / x;
        expect(Math.abs(bend)).toBeLessThan(16 * EPSILON * (4 + 1 / x / x) + slope * 3);
      }),
    );
  });

  it("P + Q = 1 and I_x(a, b) + I_(1-x)(b, a) = 1", () => {
    fc.assert(
      fc.property(positive, positive, fc.double({ min: 0, max: 1, noNaN: true }), (s, x, u) => {
        expect(Math.abs(call("gammaP", s, x) + call("gammaQ", s, x) - 1)).toBeLessThan(128 * EPSILON);
        const both = call("betaI", s, x, u) + call("betaI", x, s, 1 - u);
        // 1 - u is rounded, which moves I by a rounding times a density of at most about (a + b) / u.
        if (u > 0.01 && u < 0.99) expect(Math.abs(both - 1)).toBeLessThan((128 + 100 * (s + x)) * EPSILON);
      }),
    );
  });

  it("the exponential and the uniform distribution are known", () => {
    for (const x of [0, 1e-9, 0.3, 1, 5, 40]) {
      expect(Math.abs(call("gammaP", 1, x) + Math.expm1(-x))).toBeLessThanOrEqual(64 * EPSILON * -Math.expm1(-x));
    }
    for (const x of [0, 1e-9, 0.3, 0.9, 1]) {
      expect(Math.abs(call("betaI", 1, 1, x) - x)).toBeLessThanOrEqual(64 * EPSILON * x);
    }
  });

  it("I_(1/2)(x) = sqrt(2 / (pi x)) sinh x", () => {
    for (const x of [1e-3, 0.1, 1, 20, 90, 110, 600]) {
      const expected = 0.5 * Math.log(2 / (Math.PI * x)) + x + Math.log(-Math.expm1(-2 * x) / 2);
      expect(Math.abs(call("logBesselI", 0.5, x) - expected)).toBeLessThan(16 * EPSILON * Math.max(4, x));
    }
  });
});

describe("far out", () => {
  // P(a, a) = 1/2 + 1 / (3 sqrt(2 pi a)) + O(a^-3/2), and a standard deviation away nearly the normal's value.
  it("shapes up to the largest are answered", () => {
    for (const shape of [1e11, 1e13, 1e20]) {
      const half = 0.5 + 1 / (3 * Math.sqrt(2 * Math.PI * shape));
      expect(Math.abs(call("gammaP", shape, shape) - half)).toBeLessThan(1e-11);
      expect(Math.abs(call("gammaQ", shape, shape) - (1 - half))).toBeLessThan(1e-11);
      const above = call("gammaP", shape, shape + Math.sqrt(shape));
      // The skewness moves it by less than 1 / sqrt(a); x is rounded.
      const roundedBy = (EPSILON * shape) / Math.sqrt(shape);
      expect(Math.abs(above - call("normalCdf", 1))).toBeLessThan(1 / Math.sqrt(shape) + roundedBy);
      expect(Math.abs(call("gammaSampleSlope", shape, shape) - 1)).toBeLessThan(1e-10);
    }
    expect(call("betaI", 1e300, 1, 0.5)).toBe(0);
    expect(call("betaI", 1e15, 1e15, 0.5)).toSatisfy(
      (value) => Number.isNaN(value) || Math.abs((value as number) - 0.5) < 1e-6,
    );
  });
});

describe("where they end", () => {
  it.each<[Case["f"], readonly (readonly [readonly number[], number])[]]>([
    [
      "erf",
      [
        [[0], 0],
        [[-0], -0],
        [[inf], 1],
        [[-inf], -1],
        [[nan], nan],
      ],
    ],
    [
      "erfc",
      [
        [[0], 1],
        [[inf], 0],
        [[-inf], 2],
        [[40], 0],
        [[1e300], 0],
        [[nan], nan],
      ],
    ],
    [
      "erfInv",
      [
        [[0], 0],
        [[1], inf],
        [[-1], -inf],
        [[1.1], nan],
        [[nan], nan],
      ],
    ],
    [
      "normalCdf",
      [
        [[0], 0.5],
        [[inf], 1],
        [[-inf], 0],
        [[-40], 0],
        [[nan], nan],
      ],
    ],
    [
      "logNormalCdf",
      [
        [[inf], -0],
        [[-inf], -inf],
        [[40], -0],
        [[nan], nan],
      ],
    ],
    [
      "normalQuantile",
      [
        [[0.5], 0],
        [[0], -inf],
        [[1], inf],
        [[-0.1], nan],
        [[nan], nan],
      ],
    ],
    [
      "logGamma",
      [
        [[1], 0],
        [[2], 0],
        [[0], inf],
        [[-3], inf],
        [[inf], inf],
        [[nan], nan],
      ],
    ],
    [
      "digamma",
      [
        [[0], -inf],
        [[-0], inf],
        [[-2], nan],
        [[inf], inf],
        [[nan], nan],
      ],
    ],
    [
      "trigamma",
      [
        [[0], inf],
        [[-2], inf],
        [[inf], 0],
        [[-inf], nan],
        [[nan], nan],
      ],
    ],
    [
      "logBeta",
      [
        [[1, 1], 0],
        [[0, 3], inf],
        [[3, 0], inf],
        [[inf, 2], -inf],
        [[-1, 2], nan],
        [[nan, 1], nan],
      ],
    ],
    [
      "gammaP",
      [
        [[2, 0], 0],
        [[2, inf], 1],
        [[0, 1], nan],
        [[2, -1], nan],
        [[nan, 1], nan],
        [[1, nan], nan],
      ],
    ],
    [
      "gammaQ",
      [
        [[2, 0], 1],
        [[2, inf], 0],
        [[-1, 1], nan],
        [[2, nan], nan],
      ],
    ],
    [
      "gammaPInv",
      [
        [[2, 0], 0],
        [[2, 1], inf],
        [[2, 1.5], nan],
        [[0, 0.5], nan],
        [[nan, 0.5], nan],
      ],
    ],
    [
      "gammaSampleSlope",
      [
        [[2, 0], 0],
        [[0, 1], nan],
        [[nan, 1], nan],
      ],
    ],
    [
      "betaI",
      [
        [[2, 3, 0], 0],
        [[2, 3, 1], 1],
        [[2, 3, 1.5], nan],
        [[0, 3, 0.5], nan],
        [[nan, 1, 0.5], nan],
      ],
    ],
    [
      "betaIInv",
      [
        [[2, 3, 0], 0],
        [[2, 3, 1], 1],
        [[2, 3, -1], nan],
        [[0, 1, 0.5], nan],
        [[2, nan, 0.5], nan],
      ],
    ],
    [
      "betaSampleSlope",
      [
        [[2, 3, 0], 0],
        [[2, 3, 1], 0],
        [[0, 1, 0.5], nan],
        [[2, 3, nan], nan],
      ],
    ],
    [
      "logBesselI",
      [
        [[0, 0], 0],
        [[1, 0], -inf],
        [[0, inf], inf],
        [[-1, 1], nan],
        [[nan, 1], nan],
        [[1, nan], nan],
      ],
    ],
  ])("%s", (f, cases) => {
    for (const [args, value] of cases) expect([f, args, call(f, ...args)]).toEqual([f, args, value]);
  });
});

describe("written out over core operations", () => {
  const composed = { logGamma: composedLogGamma, digamma: composedDigamma, trigamma: composedTrigamma };

  it.each(Object.keys(composed) as (keyof typeof composed)[])("%s is right to 2e-11", (f) => {
    const cases = values.filter((made) => made.f === f && made.args[0]! > 0);
    expect(cases.length).toBeGreaterThan(100);
    for (const { args, value } of cases) {
      const off = composed[f](ops, a(args[0]!)).data[0]! - value;
      expect(Math.abs(off), `${f}(${args[0]})`).toBeLessThan(2e-11 * Math.max(1, Math.abs(value)));
    }
  });

  it("logBeta is right to 2e-11", () => {
    for (const { args, value } of values.filter((made) => made.f === "logBeta")) {
      const off = composedLogBeta(ops, a(args[0]!), a(args[1]!)).data[0]! - value;
      expect(Math.abs(off), `logBeta(${args.join(", ")})`).toBeLessThan(2e-11 * Math.max(1, Math.abs(value)));
    }
  });

  it("ends as it must, and names what is no array", () => {
    expect(toNested(composedLogGamma(ops, a([0, Infinity])))).toEqual([Infinity, Infinity]);
    expect(toNested(composedDigamma(ops, a([0, Infinity])))).toEqual([-Infinity, Infinity]);
    expect(toNested(composedTrigamma(ops, a([0, Infinity])))).toEqual([Infinity, 0]);
    const wrong = 1 as unknown as NdArray;
    expect(() => composedLogGamma(ops, wrong)).toThrow('"x"');
    expect(() => composedLogBeta(ops, a(1), wrong)).toThrow('"b"');
  });
});

it("broadcasts, and names the argument that is none", () => {
  expect(ops.gammaP(a([[1], [2]]), a([0, 1, 2])).shape).toEqual([2, 3]);
  expect(toNested(ops.betaI(a([1, 2]), a(1), a(1)))).toEqual([1, 1]);
  const wrong = 1 as unknown as NdArray;
  expect(() => ops.logGamma(wrong)).toThrow('"logGamma.x" expected an NdArray, got Number');
  expect(() => ops.betaI(a(1), a(1), wrong)).toThrow('"betaI.x" expected an NdArray, got Number');
});
