import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  beta,
  binomial,
  categorical,
  cauchy,
  continuousBernoulli,
  diagonalNormal,
  dirichlet,
  discretisedLogistic,
  exponential,
  fromNested,
  gamma,
  independent,
  kl,
  klBregman,
  klPairs,
  mixture,
  multivariateNormal,
  ndArrayOps as ops,
  normal,
  studentT,
  toNested,
  uniform,
  vonMisesFisher,
} from "../src/index.ts";
import type { Distribution, FamilyName, NdArray, Nested } from "../src/index.ts";
import type { Parameters } from "./support/densities.ts";
import { expectClose } from "./support/close.ts";
import { EXAMPLES, integralKl, recordOf } from "./support/pairs.ts";
import { readFixture } from "./support/fixture.ts";

const a = fromNested;
const s = (x: number): NdArray => ops.scalar(x);
const valueOf = (p: Distribution<NdArray>, q: Distribution<NdArray>): number => kl(ops, p, q).data[0]!;
const logit = (p: number): number => Math.log(p / (1 - p));
const logs = (p: readonly number[]): NdArray => a(p.map(Math.log));

/** The Cholesky factor of [[a, b], [b, c]]. */
const factor = (x: number, y: number, z: number): NdArray => {
  const [first, below] = [Math.sqrt(x), y / Math.sqrt(x)];
  return a([
    [first, 0],
    [below, Math.sqrt(z - below * below)],
  ]);
};

describe("published and known values", () => {
  const of = recordOf;
  const standard = of("normal", { loc: 0, scale: 1 });
  // By Gauss and Legendre's rule with 400 x 400 nodes, to ten decimals.
  it.each<readonly [string, Distribution<NdArray>, Distribution<NdArray>, number]>([
    ["N(.5, .8) || N(0, 1)", of("normal", { loc: 0.5, scale: 0.8 }), standard, 0.1681435513],
    [
      "N(1, 2) || N(-.5, .7)",
      of("normal", { loc: 1, scale: 2 }),
      of("normal", { loc: -0.5, scale: 0.7 }),
      4.8277288959,
    ],
    [
      "Laplace || Laplace",
      of("laplace", { loc: 0.3, scale: 0.5 }),
      of("laplace", { loc: -0.2, scale: 1.1 }),
      0.4102207427,
    ],
    ["Laplace || N(0, 1)", of("laplace", { loc: 0.3, scale: 0.5 }), standard, 0.2139385332],
    ["N || Laplace", of("normal", { loc: 0.5, scale: 0.8 }), of("laplace", { loc: 0, scale: 1 }), 0.2564242193],
    [
      "Gamma || Gamma",
      of("gamma", { concentration: 2.5, rate: 1.5 }),
      of("gamma", { concentration: 1.2, rate: 0.7 }),
      0.1252814015,
    ],
    ["Beta || Beta", of("beta", { alpha: 2, beta: 3.5 }), of("beta", { alpha: 1.5, beta: 1.5 }), 0.2121012868],
    // A rule that takes log x at 0 for smooth gives 1.1636151443.
    ["Exp || Gamma", of("exponential", { rate: 1.3 }), of("gamma", { concentration: 2, rate: 0.8 }), 1.1636159118],
    ["Gumbel || N(0, 1), once published as 0.15887", of("gumbel", { loc: 0.2, scale: 0.6 }), standard, 0.2978745302],
    ["U || N(0, 1)", of("uniform", { low: -1, high: 2 }), standard, 0.3203262445],
    [
      "Weibull || Gamma",
      of("weibull", { concentration: 1.7, scale: 0.9 }),
      of("gamma", { concentration: 2, rate: 1.5 }),
      0.2368107325,
    ],
    ["Cauchy || Cauchy", of("cauchy", { loc: 0, scale: 1 }), of("cauchy", { loc: 1, scale: 2 }), 0.2231435513],
    [
      "CB(.2) || CB(.7)",
      of("continuousBernoulli", { logits: logit(0.2) }),
      of("continuousBernoulli", { logits: logit(0.7) }),
      0.2010359157,
    ],
    [
      "CB(.2) || U(0, 1), elsewhere infinite",
      of("continuousBernoulli", { logits: logit(0.2) }),
      of("uniform", { low: 0, high: 1 }),
      0.0764144528,
    ],
    [
      "Bernoulli || Bernoulli",
      of("bernoulli", { logits: logit(0.3) }),
      of("bernoulli", { logits: logit(0.6) }),
      0.1837868974,
    ],
    [
      "Categorical || Categorical",
      categorical(ops, { logits: logs([0.2, 0.5, 0.3]) }),
      categorical(ops, { logits: logs([0.4, 0.4, 0.2]) }),
      0.094581872,
    ],
    ["Poisson || Poisson", of("poisson", { rate: 3 }), of("poisson", { rate: 2 }), 0.2163953243],
    [
      "N(m, A) || N(n, B)",
      multivariateNormal(ops, { loc: a([0.5, -0.3]), scaleTril: factor(1, 0.3, 0.5) }),
      multivariateNormal(ops, { loc: a([0, 0.2]), scaleTril: factor(0.8, -0.2, 1.2) }),
      0.5562821682,
    ],
  ])("%s", (_title, p, q, nats) => {
    expect(Math.abs(valueOf(p, q) - nats)).toBeLessThan(0.5001e-10);
  });

  it("of one coin and another: heads .5 against .75 and back", () => {
    const [p, q] = [0.5, 0.75].map((one) => recordOf("bernoulli", { logits: logit(one) })) as [never, never];
    expectClose([valueOf(p, q)], [Math.log(2 / Math.sqrt(3))], [1], 4);
    expectClose([valueOf(q, p)], [0.75 * Math.log(3) - Math.LN2], [1], 4);
  });
});

/** Families of one number that have a KL of their own, and what their parameters are near. */
const own = klPairs().flatMap(({ p, q }) => (p === q && EXAMPLES[p] ? [p] : []));

const ulps = fc.integer({ min: -3, max: 3 });

/** `x` moved by some units in the last place, or by a relative amount. */
const moved = (x: number, steps: number): number => x + steps * 2 ** (Math.floor(Math.log2(Math.abs(x) || 1)) - 52);

/** Parameters of a family, of any size that a model may meet: positive ones over 12 orders of magnitude. */
const SIGNED = ["loc", "logits"];
function parametersLike(example: Parameters): fc.Arbitrary<Parameters> {
  const entries = Object.keys(example).map((name) => {
    if (name === "trials") return [name, fc.constant(7)] as const;
    if (SIGNED.includes(name)) return [name, fc.double({ min: -20, max: 20, noNaN: true })] as const;
    if (name === "low") return [name, fc.double({ min: -5, max: -1, noNaN: true })] as const;
    if (name === "high") return [name, fc.double({ min: 1, max: 5, noNaN: true })] as const;
    return [name, fc.double({ min: -14, max: 14, noNaN: true }).map(Math.exp)] as const;
  });
  return fc.record(Object.fromEntries(entries));
}

describe.each(own)("the KL of two of the family %s", (family) => {
  const example = EXAMPLES[family]![0]!;
  const names = Object.keys(example);

  it("is exactly 0 at equality", () => {
    fc.assert(
      fc.property(parametersLike(example), (parameters) => {
        expect(valueOf(recordOf(family, parameters), recordOf(family, { ...parameters }))).toBe(0);
      }),
    );
  });

  it("is not negative for parameters that differ in their last bits", () => {
    const near = fc.tuple(
      parametersLike(example),
      fc.array(ulps, { minLength: names.length, maxLength: names.length }),
    );
    fc.assert(
      fc.property(near, ([parameters, steps]) => {
        const other = Object.fromEntries(
          names.map((name, i) => [name, name === "trials" ? 7 : moved(parameters[name]!, steps[i]!)]),
        );
        const value = valueOf(recordOf(family, parameters), recordOf(family, other));
        if (family !== "uniform") expect(value).toBeLessThan(1e-20 + smallest(parameters));
        expect(value).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it("is not negative anywhere", () => {
    fc.assert(
      fc.property(parametersLike(example), parametersLike(example), (left, right) => {
        expect(valueOf(recordOf(family, left), recordOf(family, right))).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

/** What a difference of a few units in the last place may make: its square, relative to the narrowest scale. */
function smallest(parameters: Parameters): number {
  const values = Object.entries(parameters);
  const scales = values.filter(([name]) => !SIGNED.includes(name)).map(([, value]) => value);
  const largest = Math.max(1, ...values.map(([, value]) => Math.abs(value)));
  return (largest * 1e-14 * (1 / Math.min(1, ...scales))) ** 2 * largest;
}

interface Fixture {
  readonly scalar: readonly { readonly p: Named; readonly q: Named; readonly kl: number }[];
  readonly gaussian: readonly (Readonly<
    Record<"loc" | "otherLoc" | "scaleTril" | "otherScaleTril" | "logVar" | "otherLogVar", Nested>
  > & { readonly kl: Readonly<Record<string, number>> })[];
  readonly dirichlet: readonly { readonly concentration: Nested; readonly other: Nested; readonly kl: number }[];
  readonly vonMisesFisher: readonly {
    readonly meanDirection: Nested;
    readonly concentration: number;
    readonly otherDirection: Nested;
    readonly otherConcentration: number;
    readonly kl: number;
  }[];
  readonly near: readonly Readonly<Record<"a" | "b" | "exponential" | "poisson" | "normal" | "gamma", number>>[];
}
type Named = { readonly family: FamilyName } & Parameters;
const fixture = readFixture<Fixture>("divergences");

const fromRecord = ({ family, ...parameters }: Named): Distribution<NdArray> =>
  recordOf(family, parameters as unknown as Parameters);

/** The means of `n` Gaussians of a fixture, diagonal and full. */
const gaussians = (
  made: Fixture["gaussian"][number],
): Record<string, [Distribution<NdArray>, Distribution<NdArray>]> => {
  const full = multivariateNormal(ops, { loc: a(made.loc), scaleTril: a(made.scaleTril) });
  const otherFull = multivariateNormal(ops, { loc: a(made.otherLoc), scaleTril: a(made.otherScaleTril) });
  const diagonal = diagonalNormal(ops, { mu: a(made.loc), logVar: a(made.logVar) });
  const otherDiagonal = diagonalNormal(ops, { mu: a(made.otherLoc), logVar: a(made.otherLogVar) });
  return {
    "full full": [full, otherFull],
    "full diagonal": [full, otherDiagonal],
    "diagonal full": [diagonal, otherFull],
    "diagonal diagonal": [diagonal, otherDiagonal],
  };
};

describe("torch.distributions", () => {
  // PyTorch's sums cancel: some 1e-14 of their terms, which are below a hundred times 1 + KL here.
  it.each(fixture.scalar)("$p.family || $q.family: $kl", ({ p, q, kl: nats }) => {
    expect(Math.abs(valueOf(fromRecord(p), fromRecord(q)) - nats) / (1 + nats)).toBeLessThan(1e-12);
  });

  it.each(fixture.dirichlet)("Dirichlet: $kl", ({ concentration, other, kl: nats }) => {
    const [p, q] = [concentration, other].map((x) => dirichlet(ops, { concentration: a(x) })) as [never, never];
    expect(Math.abs(valueOf(p, q) - nats) / (1 + nats)).toBeLessThan(1e-12);
  });

  // Its Cholesky factors are of covariances: what is ill-conditioned there (up to some 1e4 here) costs digits.
  it.each(fixture.gaussian)("Gaussians, full and diagonal", (made) => {
    for (const [name, [p, q]] of Object.entries(gaussians(made))) {
      expect(Math.abs(valueOf(p, q) / made.kl[name]! - 1), name).toBeLessThan(1e-10);
    }
  });
});

it.each(fixture.vonMisesFisher)("von Mises and Fisher's in 100 digits: $kl", (made) => {
  const p = vonMisesFisher(ops, { meanDirection: a(made.meanDirection), concentration: s(made.concentration) });
  const q = vonMisesFisher(ops, {
    meanDirection: a(made.otherDirection),
    concentration: s(made.otherConcentration),
  });
  expect(Math.abs(valueOf(p, q) / made.kl - 1)).toBeLessThan(1e-12);
  expect(valueOf(p, p)).toBe(0);
});

// The parameters of neighbours are exact, so all digits of the KL can be: 64 roundings here.
it.each(fixture.near)("neighbours $a and $b, in 100 digits", ({ a: own, b: other, ...made }) => {
  const pairs = {
    exponential: [recordOf("exponential", { rate: own }), recordOf("exponential", { rate: other })],
    poisson: [recordOf("poisson", { rate: own }), recordOf("poisson", { rate: other })],
    normal: [recordOf("normal", { loc: 0, scale: own }), recordOf("normal", { loc: 0, scale: other })],
    gamma: [recordOf("gamma", { concentration: own, rate: 3 }), recordOf("gamma", { concentration: other, rate: 3 })],
  } as const;
  for (const [name, [p, q]] of Object.entries(pairs)) {
    expect(Math.abs(valueOf(p, q) / made[name as "gamma"] - 1), name).toBeLessThan(64 * 2 ** -52);
  }
});

const logits = fc.double({ min: -30, max: 30, noNaN: true });
const positive = fc.double({ min: -9, max: 9, noNaN: true }).map(Math.exp);
const vectors = <T>(element: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(element, { minLength: 3, maxLength: 3 });
const steps = vectors(ulps);

/** Families with an event, from two vectors of three numbers. */
const EVENTS: Readonly<
  Record<string, { element: fc.Arbitrary<number>; make: (x: number[], y: number[]) => Distribution<NdArray> }>
> = {
  categorical: { element: logits, make: (x) => categorical(ops, { logits: a(x) }) },
  dirichlet: { element: positive, make: (x) => dirichlet(ops, { concentration: a(x) }) },
  diagonalNormal: { element: logits, make: (x, y) => diagonalNormal(ops, { mu: a(y), logVar: a(x) }) },
  multivariateNormal: {
    element: positive,
    make: ([x, y, z], [u, v, w]) => {
      const scaleTril = a([
        [x!, 0, 0],
        [u!, y!, 0],
        [v!, w!, z!],
      ]);
      return multivariateNormal(ops, { loc: a([v!, w!, u!]), scaleTril });
    },
  },
};

describe.each(Object.entries(EVENTS))("the KL of two of the family %s", (family, { element, make }) => {
  it("is exactly 0 at equality, and not negative beside it or anywhere", () => {
    fc.assert(
      fc.property(vectors(element), vectors(element), steps, steps, vectors(element), (x, y, dx, dy, z) => {
        const p = make(x, y);
        const near = make(
          x.map((value, i) => moved(value, dx[i]!)),
          y.map((value, i) => moved(value, dy[i]!)),
        );
        expect(valueOf(p, make([...x], [...y])), family).toBe(0);
        expect(valueOf(p, near)).toBeGreaterThanOrEqual(0);
        expect(valueOf(p, make(z, x))).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

it("is 0 also where one family holds a member of another", () => {
  const flat = [
    uniform(ops, { low: s(0), high: s(1) }),
    beta(ops, { alpha: s(1), beta: s(1) }),
    continuousBernoulli(ops, { logits: s(0) }),
  ];
  for (const p of flat.slice(0, 2)) for (const q of flat) expect(valueOf(p, q)).toBe(0);
  expect(valueOf(flat[2]!, flat[0]!)).toBe(0);
  const waiting = [
    exponential(ops, { rate: s(0.5) }),
    gamma(ops, { concentration: s(1), rate: s(0.5) }),
    recordOf("weibull", { concentration: 1, scale: 2 }),
  ];
  for (const p of waiting.slice(0, 2)) for (const q of waiting.slice(0, 2)) expect(valueOf(p, q)).toBe(0);
  expect(valueOf(waiting[0]!, waiting[2]!)).toBe(0);
  expect(valueOf(waiting[2]!, waiting[0]!)).toBe(0);
  const [full, diagonal] = [
    multivariateNormal(ops, { loc: a([1, 2]), scaleTril: factor(4, 0, 1) }),
    diagonalNormal(ops, { mu: a([1, 2]), logVar: a([2 * Math.LN2, 0]) }),
  ];
  expect(valueOf(full, diagonal)).toBe(0);
  expect(valueOf(diagonal, full)).toBe(0);
});

// Records of different families that are one distribution; cross-entropies and entropies round at their own size.
it.each<readonly [readonly Named[], number]>([
  [
    [
      { family: "uniform", low: 0, high: 1 },
      { family: "beta", alpha: 1, beta: 1 },
      { family: "continuousBernoulli", logits: 0 },
      { family: "continuousBernoulli", logits: 1e-14 },
    ] as never,
    1e-12,
  ],
  [
    [
      { family: "exponential", rate: 0.5 },
      { family: "gamma", concentration: 1, rate: 0.5 },
      { family: "weibull", concentration: 1, scale: 2 },
    ] as never,
    1e-12,
  ],
  [
    [
      { family: "cauchy", loc: 0.3, scale: 2 },
      { family: "studentT", df: 1, loc: 0.3, scale: 2 },
    ] as never,
    1e-12,
  ],
])("one distribution under several names has one KL to and from others: %#", (names, tolerance) => {
  const closed = new Set(klPairs().map(({ p, q }) => `${p} ${q}`));
  for (const [family, examples] of Object.entries(EXAMPLES)) {
    const other = recordOf(family as FamilyName, examples[0]!);
    const to = names.filter((name) => closed.has(`${name.family} ${family}`)).map((p) => valueOf(fromRecord(p), other));
    const from = names
      .filter((name) => closed.has(`${family} ${name.family}`))
      .map((q) => valueOf(other, fromRecord(q)));
    for (const values of [to, from]) {
      const off = values.map((value) => (value === values[0] ? 0 : Math.abs(value - values[0]!)));
      expect(Math.max(0, ...off), `${family}: ${values.join(", ")}`).toBeLessThan(tolerance * (1 + (values[0] ?? 0)));
    }
  }
});

// The KL of a smooth family is symmetric to second order: neighbours 1e-7 apart have one KL, some 1e-14, both ways, to
// about 1e-7. A sum of terms near 1 would have lost it in rounding.
it.each(own.filter((family) => family !== "uniform"))("of neighbours is the same both ways: %s", (family) => {
  for (const parameters of EXAMPLES[family]!) {
    const moves = Object.entries(parameters).map(([name, x]) => [name, name === "trials" ? x : x + 1e-7] as const);
    const [p, q] = [recordOf(family, parameters), recordOf(family, Object.fromEntries(moves))];
    expect(valueOf(p, q)).toBeGreaterThan(0);
    expect(Math.abs(valueOf(p, q) / valueOf(q, p) - 1)).toBeLessThan(1e-5);
  }
});

it("does not cancel where it is small: a million dimensions or one, off by 1e-9", () => {
  const [p, q] = [0, 1e-9].map((mu) => diagonalNormal(ops, { mu: a([mu]), logVar: a([0]) })) as [never, never];
  expectClose([valueOf(p, q)], [0.5e-18], [0.5e-18], 2);
});

describe("the Bregman divergence of the log-partition", () => {
  const families = [
    "normal",
    "exponential",
    "gamma",
    "beta",
    "bernoulli",
    "poisson",
    "halfNormal",
    "logNormal",
  ] as const;
  // Its terms cancel: 1e-12 of them, of the size of a few hundred for these parameters.
  it.each([...families, "continuousBernoulli"] as const)("is the KL: %s", (family) => {
    for (const left of EXAMPLES[family]!) {
      for (const right of EXAMPLES[family]!) {
        const [p, q] = [recordOf(family, left), recordOf(family, right)];
        expect(Math.abs(klBregman(ops, p, q).data[0]! - valueOf(p, q))).toBeLessThan(1e-12 * 300);
      }
    }
  });

  it("is the KL with an event", () => {
    for (const [family, { make }] of Object.entries(EVENTS)) {
      if (family === "multivariateNormal") continue;
      const [p, q] = [make([0.3, 2, 1.1], [1, 2, 3]), make([0.7, 0.2, 3], [0, 2, 1])];
      expectClose([klBregman(ops, p, q).data[0]!], [valueOf(p, q)], [1], 200);
    }
  });

  it("refuses by name", () => {
    const [p, q] = [recordOf("normal", { loc: 0, scale: 1 }), recordOf("laplace", { loc: 0, scale: 1 })];
    expect(() => klBregman(ops, p, q)).toThrow("klBregman(normal, laplace): expected two of one exponential family");
    expect(() => klBregman(ops, q, q)).toThrow("klBregman(laplace, laplace)");
  });
});

describe("infinite", () => {
  it("where p has outcomes that q has not, of the common shape", () => {
    const p = normal(ops, { loc: a([0, 1, 2]), scale: s(1) });
    const q = exponential(ops, { rate: a([[1], [2]]) });
    const infinite = [Infinity, Infinity, Infinity];
    expect(toNested(kl(ops, p, q))).toEqual([infinite, infinite]);
  });

  it("element by element where parameters decide", () => {
    const q = uniform(ops, { low: a([0, -1, 0.5]), high: a([1, 2, 3]) });
    const p = beta(ops, { alpha: s(2), beta: s(1) });
    const values = kl(ops, p, q).data;
    expect(values[0]).toBeGreaterThan(0);
    expectClose([values[1]!], [values[0]! + Math.log(3)], [2], 4);
    expect(values[2]).toBe(Infinity);
  });

  it("where the tail is too heavy", () => {
    const p = studentT(ops, { df: a([1, 2, 2.1]), loc: s(0), scale: s(1) });
    const values = kl(ops, p, recordOf("normal", { loc: 0, scale: 1 })).data;
    expect([...values].map(Number.isFinite)).toEqual([false, false, true]);
    expect(values[0]).toBe(Infinity);
    const heavy = cauchy(ops, { loc: s(0), scale: s(1) });
    expect(valueOf(heavy, recordOf("normal", { loc: 0, scale: 1 }))).toBe(Infinity);
  });

  it("where a class is impossible in q, and 0 log 0 is 0", () => {
    const [fair, sure] = [
      [0, 0],
      [0, -Infinity],
    ].map((x) => ({ family: "categorical", logits: a(x) }) as const);
    expect(valueOf(fair!, sure!)).toBe(Infinity);
    expectClose([valueOf(sure!, fair!)], [Math.LN2], [1], 2);
    expect(valueOf(sure!, sure!)).toBe(0);
  });
});

describe("pairs of other kinds", () => {
  const levels = { low: 0, high: 1, levels: 256 };
  const pixel = (loc: number, logScale: number, lattice = levels) =>
    discretisedLogistic(ops, { loc: a([loc, 0.9]), logScale: s(logScale), ...lattice });

  it("discretised logistics: the sum over levels", () => {
    const [p, q] = [pixel(0.4, -3), pixel(0.5, -2.5)];
    const values = kl(ops, p, q);
    expect(values.shape).toEqual([2]);
    expect(values.data.every((nats) => nats > 0)).toBe(true);
    expect(kl(ops, p, p).data.every((nats) => nats === 0)).toBe(true);
    // Many narrow levels leave a density: a logistic against a logistic, whose KL the integral gives.
    const fine = { low: -30, high: 30, levels: 60_001 };
    const [left, right] = [
      discretisedLogistic(ops, { loc: s(0.1), logScale: s(Math.log(0.4)), ...fine }),
      discretisedLogistic(ops, { loc: s(1.3), logScale: s(Math.log(1.1)), ...fine }),
    ];
    const [integral] = integralKl("logistic", { loc: 0.1, scale: 0.4 }, "logistic", { loc: 1.3, scale: 1.1 });
    // Rounding to levels 1e-3 apart loses a second-order amount of information: below (1e-3 / 0.4)^2.
    expect(Math.abs(valueOf(left, right) - integral)).toBeLessThan(1e-5);
    expect(() => kl(ops, p, pixel(0.4, -3, { ...levels, levels: 128 }))).toThrow("unless both have the same levels");
  });

  it("binomials: as many coins where trials agree, element by element", () => {
    const p = binomial(ops, { trials: a([3, 5, 4]), logits: s(0.3) });
    const q = binomial(ops, { trials: a([3, 3, 9]), logits: s(-0.4) });
    const values = kl(ops, p, q).data;
    const one = valueOf(recordOf("bernoulli", { logits: 0.3 }), recordOf("bernoulli", { logits: -0.4 }));
    expect(values[0]).toBe(3 * one);
    expect(values[1]).toBe(Infinity);
    expect(values[2]).toBeGreaterThan(0);
    const known = { ...ops, values: () => undefined };
    expect(() => kl(known, p, q)).toThrow("KL(binomial || binomial) has no closed form unless the trials are known");
  });

  it("independent variables: the sum of their KLs", () => {
    const [p, q] = [1, 2].map((rate) =>
      exponential(ops, {
        rate: a([
          [rate, 2, 3],
          [4, 5, 6 * rate],
        ]),
      }),
    );
    const rows = kl(ops, p!, q!);
    const [joint, other] = [p!, q!].map((base) => independent(ops, { base })) as [never, never];
    expect(kl(ops, joint, other)).toEqual(ops.sum(rows, { axes: [-1] }));
    const both = independent(ops, { base: q!, axes: [-1, -2] });
    expect(() => kl(ops, joint, both)).toThrow('"q.axes" expected [-1] as in p, got [-2, -1]');
    expect(() => kl(ops, joint, q!)).toThrow("KL(independent || exponential) has no closed form");
  });

  it("broadcasts, also where one side has more axes", () => {
    const p = gamma(ops, { concentration: a([[1], [2]]), rate: s(1) });
    const q = gamma(ops, { concentration: a([1, 2, 3]), rate: s(2) });
    expect(kl(ops, p, q).shape).toEqual([2, 3]);
    const prior = diagonalNormal(ops, { mu: a([0, 0]), logVar: a([0, 0]) });
    const posterior = multivariateNormal(ops, {
      loc: a([
        [1, 2],
        [0, 0],
        [3, 1],
      ]),
      scaleTril: factor(2, 0.5, 1),
    });
    expect(kl(ops, posterior, prior).shape).toEqual([3]);
    expect(kl(ops, prior, posterior).shape).toEqual([3]);
    expect(kl(ops, posterior, posterior).data).toEqual(new Float64Array(3));
  });

  it("says what to do where there is none", () => {
    const components = normal(ops, { loc: a([0, 1]), scale: s(1) });
    const p = mixture(ops, { logits: a([0, 0]), components });
    const message = "KL(mixture || normal) has no closed form; klDivergence() estimates it from samples of both";
    expect(() => kl(ops, p, recordOf("normal", { loc: 0, scale: 1 }))).toThrow(message);
    expect(() => kl(ops, { family: "normal" } as never, 3 as never)).toThrow('"q"');
    expect(() => kl(ops, 3 as never, p)).toThrow('"p"');
  });
});

describe("what a KL is not", () => {
  const coin = (p: number) => recordOf("bernoulli", { logits: logit(p) });

  it("symmetric", () => {
    expect(valueOf(coin(0.5), coin(0.1))).toBeGreaterThan(1.3 * valueOf(coin(0.1), coin(0.5)));
  });

  it("a distance: the way over r is shorter than the straight one", () => {
    const [p, r, q] = [coin(0.5), coin(0.25), coin(0.1)];
    expect(valueOf(p, r) + valueOf(r, q)).toBeLessThan(valueOf(p, q) - 0.25);
  });
});
