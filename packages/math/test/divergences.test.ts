import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  categorical,
  crossEntropy,
  diagonalNormal,
  entropy,
  estimateDivergence,
  F_DIVERGENCES,
  fDivergence,
  fDivergenceIntegrand,
  fromNested,
  kl,
  klDivergence,
  mixture,
  multivariateNormal,
  ndArrayOps as ops,
  normal,
  renyiDivergence,
  squaredMmd,
  squaredWasserstein2,
  studentT,
} from "../src/index.ts";
import type { Distribution, FamilyName, FDivergence, MmdKernel, NdArray, Nested } from "../src/index.ts";
import { expectClose } from "./support/close.ts";
import { DENSITIES } from "./support/densities.ts";
import type { Density, Parameters } from "./support/densities.ts";
import { readFixture } from "./support/fixture.ts";
import { EXAMPLES, integralKl, recordOf } from "./support/pairs.ts";
import { integrate } from "./support/quadrature.ts";
import type { Point, Support } from "./support/quadrature.ts";

interface Fixture {
  readonly gaussian: readonly (Readonly<
    Record<"loc" | "otherLoc" | "scaleTril" | "otherScaleTril" | "logVar" | "otherLogVar", Nested>
  > & { readonly wasserstein: Readonly<Record<string, number>> })[];
  readonly tables: readonly {
    readonly logits: readonly number[];
    readonly other: readonly number[];
    readonly divergences: Readonly<Record<FDivergence, number>>;
    readonly renyi: Readonly<Record<string, number>>;
  }[];
  readonly renyi: readonly {
    readonly p: Named;
    readonly q: Named;
    readonly alpha: number;
    readonly renyi: number;
    readonly error: number;
  }[];
  readonly mmd: readonly (Readonly<Record<"x" | "y", Nested>> &
    Readonly<Record<"biased" | "unbiased", number>> & { readonly kernel: MmdKernel })[];
}
type Named = { readonly family: FamilyName } & Parameters;
const fixture = readFixture<Fixture>("divergences");

const a = fromNested;
const s = (x: number): NdArray => ops.scalar(x);
const table = (logits: readonly number[]) => categorical(ops, { logits: a([...logits]) });
const fromRecord = ({ family, ...parameters }: Named) => recordOf(family, parameters as unknown as Parameters);
const of = (name: FDivergence, p: Distribution<NdArray>, q: Distribution<NdArray>): number =>
  fDivergence(ops, name, p, q).data[0]!;

const logits = fc.array(fc.double({ min: -20, max: 20, noNaN: true }), { minLength: 4, maxLength: 4 });

describe("f-divergences of tables", () => {
  // A sum of up to 30 terms of at most the result's size each: 100 roundings of it, and of 1 for logarithms near 0.
  it.each(fixture.tables)("equal NumPy's sums", ({ logits: own, other, divergences }) => {
    for (const name of F_DIVERGENCES) {
      const expected = divergences[name];
      expectClose([of(name, table(own), table(other))], [expected], [1 + expected], 100);
    }
  });

  it("are 0 at equality, not negative, and bounded where they are", () => {
    const bounds = { jensenShannon: Math.LN2, totalVariation: 1, squaredHellinger: 1 } as const;
    fc.assert(
      fc.property(logits, logits, (x, y) => {
        for (const name of F_DIVERGENCES) {
          expect(of(name, table(x), table([...x]))).toBe(0);
          const value = of(name, table(x), table(y));
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual((bounds[name as "totalVariation"] ?? Infinity) * (1 + 4 * 2 ** -52));
        }
      }),
    );
  });

  /** Tables that are one but for rounding differ by a few epsilons in each element, and no theorem holds for those. */
  const ROUNDING = 2 ** -49;

  it("stand to each other as the theorems say", () => {
    fc.assert(
      fc.property(logits, logits, (x, y) => {
        const [p, q] = [table(x), table(y)];
        const [nats, variation, hellinger, chi] = (
          ["kl", "totalVariation", "squaredHellinger", "chiSquared"] as const
        ).map((name) => of(name, p, q)) as [number, number, number, number];
        const slack = 1 + 1e-12;
        expect(2 * Math.max(variation - ROUNDING, 0) ** 2).toBeLessThanOrEqual(nats * slack); // Pinsker
        expect(hellinger).toBeLessThanOrEqual(variation * slack + ROUNDING); // Le Cam
        expect(variation).toBeLessThanOrEqual(Math.sqrt(2 * hellinger) * slack + ROUNDING);
        expect(nats).toBeLessThanOrEqual(Math.log1p(chi) * slack + ROUNDING ** 2);
        expect(of("reverseKl", p, q)).toBe(of("kl", q, p));
        expect(of("neymanChiSquared", p, q)).toBe(of("chiSquared", q, p));
      }),
    );
  });

  it("the roots of Jensen and Shannon's and of Hellinger's, and total variation, keep the triangle's inequality", () => {
    fc.assert(
      fc.property(logits, logits, logits, (x, y, z) => {
        for (const name of ["jensenShannon", "squaredHellinger", "totalVariation"] as const) {
          const length = (l: number[], m: number[]) => {
            const value = of(name, table(l), table(m));
            return name === "totalVariation" ? value : Math.sqrt(value);
          };
          expect(length(x, z)).toBeLessThanOrEqual((length(x, y) + length(y, z)) * (1 + 1e-12) + ROUNDING);
        }
      }),
    );
  });

  it("of a Bernoulli are those of a table of two", () => {
    for (const name of F_DIVERGENCES) {
      const [p, q] = [0.7, -1.9].map((l) => ({ bit: recordOf("bernoulli", { logits: l }), pair: table([l, 0]) }));
      expectClose([of(name, p!.bit, q!.bit)], [of(name, p!.pair, q!.pair)], [8], 8);
    }
  });
});

/** An f-divergence by quadrature: over both densities, from its textbook form. */
function integralOf(name: FDivergence, p: Named, q: Named): number {
  const [left, right] = [p, q].map(({ family, ...rest }) => DENSITIES[family]!(rest as unknown as Parameters)) as [
    Density,
    Density,
  ];
  const textbook: Readonly<Record<FDivergence, (x: number, y: number) => number>> = {
    kl: (x, y) => (x === 0 ? 0 : x * Math.log(x / y)),
    reverseKl: (x, y) => (y === 0 ? 0 : y * Math.log(y / x)),
    jeffreys: (x, y) => (x - y) * (Math.log(x) - Math.log(y)),
    jensenShannon: (x, y) => {
      const half = (z: number) => (z === 0 ? 0 : (z / 2) * Math.log((2 * z) / (x + y)));
      return half(x) + half(y);
    },
    totalVariation: (x, y) => Math.abs(x - y) / 2,
    squaredHellinger: (x, y) => (Math.sqrt(x) - Math.sqrt(y)) ** 2 / 2,
    chiSquared: (x, y) => (x - y) ** 2 / y,
    neymanChiSquared: (x, y) => (x - y) ** 2 / x,
  };
  const f = textbook[name];
  const term = (point: Point) => {
    const [x, y] = [Math.exp(left.log(point)), Math.exp(right.log(point))];
    return x > 1e-280 && y > 1e-280 ? f(x, y) : 0;
  };
  const crossings = name === "totalVariation" ? signChanges((x) => left.log(at(x)) - right.log(at(x))) : [];
  return integrate(term, left.support as Support, [...left.breaks, ...right.breaks, ...crossings]);
}

const at = (x: number): Point => ({ x, toRight: 1 - x });

/** Where f crosses 0 between -20 and 20, by bisection. */
function signChanges(f: (x: number) => number): number[] {
  const grid = Array.from({ length: 400 }, (_, i) => -20 + i / 10 + 0.013);
  return grid.slice(1).flatMap((right, i) => {
    let [low, high] = [grid[i]!, right];
    if (!(Math.sign(f(low)) * Math.sign(f(high)) < 0)) return [];
    for (let step = 0; step < 60; step++) {
      const middle = (low + high) / 2;
      if (Math.sign(f(middle)) === Math.sign(f(low))) low = middle;
      else high = middle;
    }
    return [low];
  });
}

describe("closed forms of densities", () => {
  const pairs: readonly (readonly [Named, Named])[] = [
    [
      { family: "normal", loc: 0.3, scale: 0.8 },
      { family: "normal", loc: -0.5, scale: 1 },
    ],
    [
      { family: "gamma", concentration: 2.5, rate: 1.5 },
      { family: "gamma", concentration: 3.2, rate: 1.1 },
    ],
    [
      { family: "exponential", rate: 1.3 },
      { family: "exponential", rate: 0.9 },
    ],
    [
      { family: "continuousBernoulli", logits: 0.4 },
      { family: "continuousBernoulli", logits: -3 },
    ],
  ] as never;
  const closed = ["kl", "reverseKl", "jeffreys", "squaredHellinger", "chiSquared", "neymanChiSquared"] as const;

  it.each(pairs)("equal the integrals: $family", (p, q) => {
    for (const name of closed) {
      const value = of(name, fromRecord(p), fromRecord(q));
      if (value === Infinity) continue;
      expect(Math.abs(value - integralOf(name, p, q)) / (1 + value), name).toBeLessThan(1e-12);
    }
  });

  it("are refused by name where there are none", () => {
    const [p, q] = pairs[0]!.map(fromRecord) as [Distribution<NdArray>, Distribution<NdArray>];
    const message = "jensenShannon(normal, normal) has no closed form; estimateDivergence() estimates it from samples";
    expect(() => fDivergence(ops, "jensenShannon", p, q)).toThrow(message);
    expect(() => fDivergence(ops, "chiSquare" as never, p, q)).toThrow('"name" expected one of kl, reverseKl');
    expect(() => fDivergenceIntegrand(ops, "kl", 3 as never)).toThrow('"logRatio"');
    expect(() => fDivergence(ops, "kl", 1 as never, q)).toThrow('"p"');
  });
});

describe("Renyi's divergence", () => {
  it.each(fixture.renyi)("equals the integral: $p.family, alpha = $alpha", ({ p, q, alpha, renyi, error }) => {
    const value = renyiDivergence(ops, alpha, fromRecord(p), fromRecord(q)).data[0]!;
    expect(Math.abs(value - renyi)).toBeLessThan(2 * error + 1e-12);
  });

  it.each(fixture.tables)("equals NumPy's sums", ({ logits: own, other, renyi }) => {
    for (const [alpha, expected] of Object.entries(renyi)) {
      const value = renyiDivergence(ops, Number(alpha), table(own), table(other)).data[0]!;
      expectClose([value], [expected], [10], 200);
    }
  });

  it("is the KL at alpha = 1 and near it, and grows with alpha", () => {
    const [p, q] = EXAMPLES.gamma!.map((parameters) => recordOf("gamma", parameters)) as [never, never];
    const at = (alpha: number) => renyiDivergence(ops, alpha, p, q).data[0]!;
    expect(at(1)).toBe(kl(ops, p, q).data[0]);
    expect(Math.abs(at(1 + 1e-6) - at(1))).toBeLessThan(1e-5);
    const values = [0.1, 0.5, 0.9, 1, 1.1, 1.3].map(at);
    expect(values).toEqual([...values].sort((x, y) => x - y));
  });

  it("is infinite where the mixed parameters have no distribution", () => {
    const [narrow, wide] = [1, 3].map((scale) => normal(ops, { loc: s(0), scale: s(scale) })) as [never, never];
    expect(renyiDivergence(ops, 2, wide, narrow).data[0]).toBe(Infinity);
    expect(renyiDivergence(ops, 2, narrow, wide).data[0]).toBeLessThan(1);
    expect(of("chiSquared", wide, narrow)).toBe(Infinity);
    const rows = [narrow, wide].map((_, i) => {
      const logVar = a(i === 0 ? [0, 2] : [0, 0]);
      return diagonalNormal(ops, { mu: a([0, 0]), logVar });
    }) as [never, never];
    expect(renyiDivergence(ops, 2, rows[0], rows[1]).data[0]).toBe(Infinity);
  });

  // A linear map of both changes nothing, and makes full covariances of diagonal ones.
  it("of full covariances is that of the diagonal ones they are a map of", () => {
    const map = a([
      [1.2, 0, 0],
      [-0.7, 0.4, 0],
      [2.1, 0.3, 3],
    ]);
    const [p, q] = [
      { mu: [0.3, -0.2, 1], logVar: [0.1, -0.4, 0.5] },
      { mu: [0, 0.4, 0.7], logVar: [0.3, 0.2, -0.1] },
    ].map(({ mu, logVar }) => {
      const scales = ops.exp(ops.mul(s(0.5), a(logVar)));
      const scaleTril = ops.mul(map, scales); // columns of the map, scaled
      const loc = ops.sum(ops.mul(map, a(mu)), { axes: [-1] });
      return {
        diagonal: diagonalNormal(ops, { mu: a(mu), logVar: a(logVar) }),
        full: multivariateNormal(ops, { loc, scaleTril }),
      };
    });
    for (const alpha of [0.3, 0.5, 1.5, 2, 2.1]) {
      const expected = renyiDivergence(ops, alpha, p!.diagonal, q!.diagonal).data[0]!;
      expectClose([renyiDivergence(ops, alpha, p!.full, q!.full).data[0]!], [expected], [expected + 3], 256);
    }
    const tooFar = 2.5; // the last variances are as exp(0.6) = 1.82, above alpha / (alpha - 1)
    expect(renyiDivergence(ops, tooFar, p!.diagonal, q!.diagonal).data[0]).toBe(Infinity);
    expect(renyiDivergence(ops, tooFar, p!.full, q!.full).data[0]).toBe(Infinity);
    expect(of("squaredHellinger", p!.full, q!.full)).toBeLessThan(1);
    expectClose(
      [of("squaredHellinger", p!.full, q!.full)],
      [of("squaredHellinger", p!.diagonal, q!.diagonal)],
      [1],
      128,
    );
  });

  it.each([0, -1, Number.NaN, Infinity])("refuses alpha = %d", (alpha) => {
    const p = normal(ops, { loc: s(0), scale: s(1) });
    expect(() => renyiDivergence(ops, alpha, p, p)).toThrow('"alpha" expected a positive finite number');
  });
});

describe("Wasserstein-2", () => {
  // The square root of an ill-conditioned matrix keeps half of the digits.
  it.each(fixture.gaussian)("equals SciPy's matrix square root", (made) => {
    const full = multivariateNormal(ops, { loc: a(made.loc), scaleTril: a(made.scaleTril) });
    const otherFull = multivariateNormal(ops, { loc: a(made.otherLoc), scaleTril: a(made.otherScaleTril) });
    const diagonal = diagonalNormal(ops, { mu: a(made.loc), logVar: a(made.logVar) });
    const otherDiagonal = diagonalNormal(ops, { mu: a(made.otherLoc), logVar: a(made.otherLogVar) });
    const pairs: Record<string, [Distribution<NdArray>, Distribution<NdArray>]> = {
      "full full": [full, otherFull],
      "full diagonal": [full, otherDiagonal],
      "diagonal full": [diagonal, otherFull],
      "diagonal diagonal": [diagonal, otherDiagonal],
    };
    for (const [name, [p, q]] of Object.entries(pairs)) {
      const value = squaredWasserstein2(ops, p, q).data[0]!;
      expect(Math.abs(value / made.wasserstein[name]! - 1), name).toBeLessThan(1e-10);
      expect(Math.abs(squaredWasserstein2(ops, q, p).data[0]! / value - 1), name).toBeLessThan(1e-12);
    }
    expect(squaredWasserstein2(ops, diagonal, diagonal).data[0]).toBe(0);
    const itself = squaredWasserstein2(ops, full, full).data[0]!;
    const trace = ops.sum(ops.square(full.scaleTril)).data[0]!;
    expectClose([itself], [0], [trace], 64);
    expect(itself).toBeGreaterThanOrEqual(0);
  });

  it("is that of the quantile functions for one number", () => {
    const [p, q] = [
      { loc: 0.3, scale: 0.8 },
      { loc: -1, scale: 2 },
    ];
    const records = [p, q].map(({ loc, scale }) => normal(ops, { loc: s(loc), scale: s(scale) })) as [never, never];
    // Both quantiles are loc + scale z of one z, so the mean square is an integral over the normal density.
    const density = DENSITIES["normal"]!({ loc: 0, scale: 1 });
    const square = ({ x }: { x: number }) => (p.loc - q.loc + (p.scale - q.scale) * x) ** 2;
    const integral = integrate((point) => Math.exp(density.log(point)) * square(point), "line");
    expectClose([squaredWasserstein2(ops, records[0], records[1]).data[0]!], [integral], [4], 32);
  });

  it("takes rows at once, and refuses what is no Gaussian", () => {
    const p = diagonalNormal(ops, {
      mu: a([
        [0, 0],
        [1, 2],
      ]),
      logVar: a([0, 0]),
    });
    const q = multivariateNormal(ops, {
      loc: a([0, 0]),
      scaleTril: a([
        [1, 0],
        [0, 1],
      ]),
    });
    const rows = squaredWasserstein2(ops, p, q);
    expect(rows.shape).toEqual([2]);
    expectClose(rows.data, [0, 5], [8, 8], 8);
    const other = studentT(ops, { df: s(3), loc: s(0), scale: s(1) });
    expect(() => squaredWasserstein2(ops, p, other)).toThrow("squaredWasserstein2(diagonalNormal, studentT)");
    expect(() => squaredWasserstein2(ops, p, recordOf("normal", { loc: 0, scale: 1 }))).toThrow("over the same axes");
  });
});

describe("the maximum mean discrepancy", () => {
  // Means of kernels in [0, 1]; the squared distances, below 40, are rounded at that size.
  it.each(fixture.mmd)("equals plain loops: $kernel", ({ x, y, kernel, biased, unbiased }) => {
    const value = (estimator: "biased" | "unbiased") => squaredMmd(ops, a(x), a(y), { kernel, estimator }).data[0]!;
    expectClose([value("biased"), value("unbiased")], [biased, unbiased], [40, 40], 16);
  });

  it("of a sample with itself is 0 when biased, and below 0 when not", () => {
    const { x, kernel } = fixture.mmd[0]!;
    expect(squaredMmd(ops, a(x), a(x), { kernel, estimator: "biased" }).data[0]).toBe(0);
    expect(squaredMmd(ops, a(x), a(x), { kernel }).data[0]).toBeLessThan(0);
  });

  it.each([
    ['"x"', () => squaredMmd(ops, 1 as never, s(1), { kernel: { kind: "rbf", scales: [1] } })],
    ['"kernel"', () => squaredMmd(ops, s(1), s(1), { kernel: "rbf" as never })],
    ['"kernel.kind"', () => squaredMmd(ops, s(1), s(1), { kernel: { kind: "box" as never, scales: [1] } })],
    ['"kernel.scales"', () => squaredMmd(ops, s(1), s(1), { kernel: { kind: "rbf", scales: [] } })],
    ['"kernel.scales"', () => squaredMmd(ops, s(1), s(1), { kernel: { kind: "rbf", scales: [1, 0] } })],
    [
      '"estimator"',
      () => squaredMmd(ops, s(1), s(1), { kernel: { kind: "rbf", scales: [1] }, estimator: "best" as never }),
    ],
  ])("%s is named when it is wrong", (name, act) => {
    expect(act).toThrow(name);
  });
});

describe("cross-entropy", () => {
  it("is entropy and KL: -sum p log q of a table, and the logarithm of q's width under a uniform one", () => {
    const [p, q] = [table([0.3, 1, -0.4]), table([1, 0, 0.5])];
    const [masses, codes] = [p, q].map(({ logits: l }) => ops.logSoftmax(l)) as [NdArray, NdArray];
    const sum = ops.sum(ops.mul(ops.exp(masses), ops.neg(codes)));
    expectClose(crossEntropy(ops, p, q).data, sum.data, [4], 8);
    expectClose(crossEntropy(ops, p, p).data, entropy(ops, p).data, [2], 2);
    const spread = recordOf("uniform", { low: -1, high: 3 });
    const inside = recordOf("uniform", { low: 0, high: 1 });
    expectClose(crossEntropy(ops, inside, spread).data, [Math.log(4)], [2], 4);
  });
});

describe("estimates from samples", () => {
  const key = { seed: 7, stream: "divergence" };
  const twoHumps = mixture(ops, {
    logits: a([0.4, -0.3]),
    components: normal(ops, { loc: a([-1, 1.5]), scale: a([0.6, 0.9]) }),
  });
  const hump = normal(ops, { loc: s(0), scale: s(1.5) });

  it("say that they are, and are closed forms where there are any", () => {
    const [p, q] = EXAMPLES.gamma!.map((parameters) => recordOf("gamma", parameters)) as [never, never];
    expect(klDivergence(p, q, { samples: 4, key })).toEqual({ value: kl(ops, p, q), method: "closed-form" });
    expect(klDivergence(twoHumps, hump, { samples: 100, key }).method).toBe("monte-carlo");
  });

  // Five standard errors: once in two million for a normal error, and the seed is fixed.
  const within = (estimate: { value: NdArray; standardError?: NdArray }, truth: number) =>
    expect(Math.abs(estimate.value.data[0]! - truth)).toBeLessThan(5 * estimate.standardError!.data[0]!);

  it("agree with the integral for a mixture, and with its smaller standard error for more samples", () => {
    const density = (x: number) => {
      const weights = [0.4, -0.3].map(Math.exp);
      const [left, right] = [
        DENSITIES["normal"]!({ loc: -1, scale: 0.6 }),
        DENSITIES["normal"]!({ loc: 1.5, scale: 0.9 }),
      ];
      const masses = [left, right].map((one, i) => weights[i]! * Math.exp(one!.log(at(x))));
      return (masses[0]! + masses[1]!) / (weights[0]! + weights[1]!);
    };
    const other = DENSITIES["normal"]!({ loc: 0, scale: 1.5 });
    const integral = integrate(({ x }) => {
      const mass = density(x);
      return mass < 1e-280 ? 0 : mass * (Math.log(mass) - other.log(at(x)));
    }, "line");
    const [few, many] = [1000, 100_000].map((samples) => klDivergence(twoHumps, hump, { samples, key }));
    within(few!, integral);
    within(many!, integral);
    expect(many!.standardError!.data[0]).toBeLessThan(0.2 * few!.standardError!.data[0]!);
  });

  it.each(F_DIVERGENCES)("agree with the integral: %s", (name) => {
    const [p, q] = [
      { family: "normal", loc: 0.3, scale: 0.8 },
      { family: "normal", loc: 0.1, scale: 1 },
    ] as unknown as [Named, Named];
    const estimate = estimateDivergence(name, fromRecord(p), fromRecord(q), { samples: 40_000, key });
    within(estimate, integralOf(name, p, q));
    expect(estimate.value.data[0]).toBeGreaterThan(0);
  });

  it("are right where supports differ", () => {
    const [p, q] = [
      { low: 0, high: 2 },
      { low: 1, high: 4 },
    ].map((ends) => recordOf("uniform", ends)) as [never, never];
    const estimate = (name: FDivergence) => estimateDivergence(name, p, q, { samples: 20_000, key });
    within(estimate("totalVariation"), 2 / 3);
    within(estimate("squaredHellinger"), 1 - Math.sqrt(1 / 6));
    expect(estimate("kl").value.data[0]).toBe(Infinity);
    expect(estimate("reverseKl").value.data[0]).toBe(Infinity);
    const inside = recordOf("uniform", { low: 1, high: 2 });
    const nested = estimateDivergence("kl", inside, q, { samples: 20_000, key });
    within(nested, Math.log(3));
    expect(integralKl("uniform", { low: 1, high: 2 }, "uniform", { low: 1, high: 4 })[0]).toBeCloseTo(Math.log(3), 12);
  });

  it("take all pairs of a batch, each with draws of its own", () => {
    const q = normal(ops, { loc: a([0, 0, 3]), scale: s(1.5) });
    const { value, standardError } = klDivergence(twoHumps, q, { samples: 2000, key });
    expect(value.shape).toEqual([3]);
    expect(standardError!.shape).toEqual([3]);
    expect(value.data[0]).not.toBe(value.data[1]);
    expect(value.data[2]).toBeGreaterThan(value.data[0]!);
  });

  it("repeat themselves under one key", () => {
    const options = { samples: 50, key } as const;
    expect(klDivergence(twoHumps, hump, options)).toEqual(klDivergence(twoHumps, hump, options));
  });

  it.each([0, 2, 5, 4.5, Number.NaN])("refuse %d samples", (samples) => {
    expect(() => estimateDivergence("kl", hump, hump, { samples, key })).toThrow('"samples" expected an even number');
  });
});
