/** Distributions of `@isthmus/math` written into a graph: they are the reference's, and their derivatives are right. */
import {
  diagonalNormal,
  discretisedLogistic,
  cdf,
  type Distribution,
  entropy,
  independent,
  inverseCdf,
  logProb,
  mean,
  mixture,
  type NdArray,
  ndArray,
  ndArrayOps,
  noiseOf,
  normal,
  reparameterised,
  variance,
} from "@isthmus/math";
import { describe, expect, it } from "vitest";
import { GraphBuilder, interpret, type Node, vjp } from "../src/index.ts";
import { type Case, checkFirst } from "./support/gradients.ts";

const BATCH = 3;

/** A family with two sets of parameters, and values for its log-density. */
interface Example {
  readonly family: string;
  readonly parameters: Readonly<Record<string, readonly [shape: readonly number[], values: readonly number[]]>>;
  readonly more?: object;
  /** [batch, ...event] */
  readonly x: readonly [event: readonly number[], values: readonly number[]];
  /** What the family has beside a log-density. */
  readonly has: readonly ("entropy" | "mean" | "variance" | "reparameterised")[];
}

const moments = ["entropy", "mean", "variance"] as const;
const all = [...moments, "reparameterised"] as const;
const locScale = { loc: [[2], [0.3, -1.2]], scale: [[2], [0.7, 2.1]] } as const;
const reals = [[2], [0.1, -0.4, 1.3, -2.2, 0.9, 3.1]] as const;
const positives = [[2], [0.1, 0.4, 1.3, 2.2, 0.9, 3.1]] as const;
const simplex = [[3], [0.2, 0.3, 0.5, 0.7, 0.2, 0.1, 0.05, 0.9, 0.05]] as const;
const logits = [[3], [0.4, -1, 2]] as const;

const examples: readonly Example[] = [
  { family: "normal", parameters: locScale, x: reals, has: all },
  { family: "laplace", parameters: locScale, x: reals, has: all },
  { family: "gumbel", parameters: locScale, x: reals, has: all },
  { family: "logistic", parameters: locScale, x: reals, has: all },
  { family: "cauchy", parameters: locScale, x: reals, has: ["entropy", "reparameterised"] },
  { family: "logNormal", parameters: locScale, x: positives, has: all },
  { family: "halfNormal", parameters: { scale: [[2], [0.7, 2.1]] }, x: positives, has: all },
  { family: "exponential", parameters: { rate: [[2], [0.7, 2.1]] }, x: positives, has: all },
  {
    family: "weibull",
    parameters: { scale: [[2], [0.7, 2.1]], concentration: [[2], [1.7, 0.8]] },
    x: positives,
    has: ["entropy", "reparameterised"],
  },
  { family: "uniform", parameters: { low: [[2], [-4, -3]], high: [[2], [4, 5]] }, x: reals, has: all },
  { family: "bernoulli", parameters: { logits: [[2], [0.7, -2.1]] }, x: [[2], [0, 1, 1, 1, 0, 0]], has: moments },
  {
    family: "continuousBernoulli",
    parameters: { logits: [[4], [0.7, -2.1, 1e-3, 0]] },
    x: [[4], [0.2, 0.1, 0.9, 0.3, 0.4, 0.6, 0.25, 0.1, 0.8, 0.5, 0.9, 0.7]],
    has: all,
  },
  {
    family: "discretisedLogistic",
    parameters: { loc: [[2], [0.7, 0.1]], logScale: [[2], [-1.2, -3]] },
    more: { low: 0, high: 1, levels: 5 },
    x: [[2], [0, 1, 0.25, 0.5, 0.75, 0]],
    has: moments,
  },
  {
    family: "gamma",
    parameters: { concentration: [[2], [0.7, 7.1]], rate: [[2], [2, 0.6]] },
    x: positives,
    has: moments,
  },
  {
    family: "beta",
    parameters: { alpha: [[2], [0.7, 7.1]], beta: [[2], [2, 0.6]] },
    x: [[2], [0.1, 0.4, 0.3, 0.2, 0.9, 0.7]],
    has: moments,
  },
  { family: "dirichlet", parameters: { concentration: [[3], [0.7, 7.1, 2]] }, x: simplex, has: moments },
  {
    family: "studentT",
    parameters: { df: [[2], [3.5, 8.2]], loc: [[2], [0.3, -1.2]], scale: [[2], [0.7, 2.1]] },
    x: reals,
    has: moments,
  },
  {
    family: "poisson",
    parameters: { rate: [[2], [0.7, 7.1]] },
    x: [[2], [0, 1, 4, 2, 9, 12]],
    has: ["mean", "variance"],
  },
  { family: "categorical", parameters: { logits }, x: [[3], [0, 1, 0, 0, 0, 1, 1, 0, 0]], has: moments },
  {
    family: "relaxedOneHotCategorical",
    parameters: { logits, temperature: [[], [0.6]] },
    x: simplex,
    has: ["reparameterised"],
  },
  {
    family: "diagonalNormal",
    parameters: { mu: [[2], [0.3, -1.2]], logVar: [[2], [-0.7, 2.1]] },
    x: reals,
    has: all,
  },
  {
    family: "multivariateNormal",
    parameters: {
      loc: [[2], [0.3, -1.2]],
      scaleTril: [
        [2, 2],
        [0.7, 0, -0.4, 2.1],
      ],
    },
    x: reals,
    has: all,
  },
];

const isElementwise = ({ family }: Example): boolean =>
  !/categorical|Categorical|diagonal|multivariate|dirichlet/.test(family);

/** Noise for the transform, in (0, 1), which every kind of noise may be. */
const noiseOfShape = (count: number): number[] => Array.from({ length: count }, (_, i) => (i * 0.37 + 0.11) % 1);

type Compute = <T>(
  ops: Parameters<typeof logProb<T>>[0],
  p: Distribution<T>,
  x: T,
  base: T,
) => Readonly<Record<string, T>>;

const computeFor =
  ({ has }: Example): Compute =>
  (ops, p, x, base) => ({
    logProb: logProb(ops, p, x),
    ...(has.includes("entropy") && { entropy: entropy(ops, p) }),
    ...(has.includes("mean") && { mean: mean(ops, p) }),
    ...(has.includes("variance") && { variance: variance(ops, p) }),
    ...(has.includes("reparameterised") && { reparameterised: reparameterised(ops, p, base) }),
  });

const nd = (shape: readonly number[], values: readonly number[]): NdArray => ndArray(shape, Float64Array.from(values));

function onReference(example: Example): Readonly<Record<string, NdArray>> {
  const { family, parameters, more, x } = example;
  const arrays = Object.entries(parameters).map(([name, [shape, values]]) => [name, nd(shape, values)]);
  const p = { family, ...more, ...Object.fromEntries(arrays) } as Distribution<NdArray>;
  const base = nd([BATCH, ...x[0]], noiseOfShape(x[1].length));
  return computeFor(example)(ndArrayOps, p, nd([BATCH, ...x[0]], x[1]), base);
}

function inGraph(example: Example): Readonly<Record<string, NdArray>> {
  const { family, parameters, more, x } = example;
  const build = new GraphBuilder();
  const inputs = Object.entries(parameters).map(([name, [shape]]) => [name, build.input(name, shape)]);
  const p = { family, ...more, ...Object.fromEntries(inputs) } as Distribution<Node>;
  const [value, base] = [build.input("x", ["batch", ...x[0]]), build.input("base", ["batch", ...x[0]])];
  const program = build.program({ outputs: computeFor(example)(build, p, value, base) });
  const fed: Record<string, readonly number[]> = { x: x[1], base: noiseOfShape(x[1].length) };
  for (const [name, [, values]] of Object.entries(parameters)) fed[name] = values;
  const named = Object.keys(program.inputs).map((name) => [name, Float64Array.from(fed[name]!)] as const);
  return interpret(program, { inputs: Object.fromEntries(named), state: {}, batch: BATCH }).outputs;
}

describe("in a graph, as on the reference", () => {
  it.each(examples)("$family", (example) => {
    const [actual, expected] = [inGraph(example), onReference(example)];
    expect(Object.keys(actual)).toEqual(Object.keys(expected));
    for (const [name, { shape, data }] of Object.entries(expected)) {
      expect(actual[name]!.shape, name).toEqual(shape);
      // The interpreter works in float64, with constants rounded to float32: some of those epsilons.
      const off = (value: number, i: number) => Math.abs(actual[name]!.data[i]! - value) / (1 + Math.abs(value));
      expect(Math.max(...data.map(off)), name).toBeLessThan(16 * 2 ** -24);
    }
  });
});

/** The log-density and, where there is one, the transform, as functions of x or noise and of every parameter. */
function derivativeCase(example: Example, operation: "logProb" | "reparameterised"): Case {
  const names = Object.keys(example.parameters);
  const given = Object.values(example.parameters);
  const values = operation === "logProb" ? example.x[1] : noiseOfShape(example.x[1].length);
  const differentiable = /bernoulli|discretised|categorical|poisson/.test(example.family)
    ? names.length
    : names.length + 1;
  return {
    name: `${example.family}: ${operation}`,
    shapes: [...given.map(([shape]) => shape), ["batch", ...example.x[0]]],
    values: [...given.map(([, numbers]) => numbers), values],
    differentiated: differentiable,
    f: (build, inputs) => {
      const parameters = Object.fromEntries(names.map((name, i) => [name, inputs[i]!]));
      const p = { family: example.family, ...example.more, ...parameters } as unknown as Distribution<Node>;
      const y = inputs[names.length]!;
      return operation === "logProb" ? logProb(build, p, y) : reparameterised(build, p, y);
    },
  };
}

// The kink of a support, as that of a multivariate normal's zeros above the diagonal, is nowhere near.
const derivatives: readonly Case[] = examples.flatMap((example) => [
  derivativeCase(example, "logProb"),
  ...(example.has.includes("reparameterised") ? [derivativeCase(example, "reparameterised")] : []),
]);

describe("derivatives by central differences", () => {
  it.each(derivatives)("$name", (test) => checkFirst(test));
});

const mixtures: readonly Case[] = [
  {
    name: "mixture of normals",
    shapes: [[3], [3], [3], ["batch", 2]],
    values: [
      [0.2, -1, 0.5],
      [-1, 0.4, 2],
      [0.5, 1.2, 0.8],
      [0.1, -0.4, 1.3, -2.2, 0.9, 3.1],
    ],
    f: (build, [logits, loc, scale, x]) => {
      const components = normal(build, { loc: loc!, scale: scale! });
      return logProb(build, mixture(build, { logits: logits!, components }), x!);
    },
  },
  {
    name: "mixture of diagonal normals per item",
    shapes: [
      ["batch", 2],
      ["batch", 2, 3],
      ["batch", 2, 3],
      ["batch", 3],
    ],
    f: (build, [logits, mu, logVar, x]) => {
      const components = diagonalNormal(build, { mu: mu!, logVar: logVar! });
      return logProb(build, mixture(build, { logits: logits!, components }), x!);
    },
  },
  {
    name: "mixture of discretised logistics per pixel",
    shapes: [
      ["batch", 2, 3],
      ["batch", 2, 3],
      ["batch", 2, 3],
      ["batch", 2],
    ],
    values: [
      Array.from({ length: 18 }, (_, i) => Math.sin(i)),
      Array.from({ length: 18 }, (_, i) => 0.5 + 0.4 * Math.cos(i)),
      Array.from({ length: 18 }, (_, i) => -2 + Math.sin(2 * i)),
      [0, 0.25, 0.5, 0.75, 1, 0.5],
    ],
    differentiated: 3,
    f: (build, [logits, loc, logScale, x]) => {
      const components = discretisedLogistic(build, { loc: loc!, logScale: logScale!, low: 0, high: 1, levels: 5 });
      const pixels = mixture(build, { logits: logits!, components });
      return logProb(build, independent(build, { base: pixels }), x!);
    },
  },
];

/** Where the gamma functions' parts would cancel, so that a series takes their place. */
const large: readonly Example[] = [
  {
    family: "gamma",
    parameters: { concentration: [[2], [40, 300]], rate: [[2], [2, 100]] },
    x: [[2], [18, 2.7, 21, 3.1, 35, 4.9]],
    has: moments,
  },
  { family: "poisson", parameters: { rate: [[2], [40, 300]] }, x: [[2], [36, 310, 45, 290, 2, 700]], has: [] },
  {
    family: "studentT",
    parameters: { df: [[2], [35, 800]], loc: [[2], [0.3, -1.2]], scale: [[2], [0.7, 2.1]] },
    x: reals,
    has: ["entropy"],
  },
  {
    family: "beta",
    parameters: { alpha: [[2], [20, 0.5]], beta: [[2], [33, 40]] },
    x: [[2], [0.3, 0.1, 0.4, 0.2, 0.5, 0.3]],
    has: moments,
  },
  { family: "dirichlet", parameters: { concentration: [[3], [20, 3, 50]] }, x: simplex, has: moments },
];

describe("large parameters", () => {
  it.each(large)("$family in a graph, as on the reference", (example) => {
    const [actual, expected] = [inGraph(example), onReference(example)];
    for (const [name, { data }] of Object.entries(expected)) {
      const off = (value: number, i: number) => Math.abs(actual[name]!.data[i]! - value) / (1 + Math.abs(value));
      expect(Math.max(...data.map(off)), name).toBeLessThan(64 * 2 ** -24);
    }
  });

  it.each(large.map((example) => derivativeCase(example, "logProb")))("$name by central differences", (test) =>
    checkFirst(test),
  );

  it.each(large.filter(({ has }) => has.includes("entropy")))(
    "$family: its entropy by central differences",
    (example) => {
      const given = Object.entries(example.parameters);
      checkFirst({
        name: example.family,
        shapes: given.map(([, [shape]]) => shape),
        values: given.map(([, [, values]]) => values),
        f: (build, inputs) => {
          const parameters = Object.fromEntries(given.map(([name], i) => [name, inputs[i]!]));
          return entropy(build, { family: example.family, ...parameters } as unknown as Distribution<Node>);
        },
      });
    },
  );
});

describe("derivatives of mixtures by central differences", () => {
  it.each(mixtures)("$name", (test) => checkFirst(test));
});

describe("constructors in a graph", () => {
  it("check constants, and leave alone what only a run will know", () => {
    const build = new GraphBuilder();
    const x = build.input("x", ["batch", 2]);
    expect(() => normal(build, { loc: x, scale: build.scalar(-1) })).toThrow('"normal.scale" expected positive');
    expect(normal(build, { loc: x, scale: x }).scale).toBe(x);
  });

  it("check shapes, the batch's too", () => {
    const build = new GraphBuilder();
    const [x, y] = [build.input("x", ["batch", 2]), build.input("y", [4, 2])];
    const message = '"normal.scale" expected a shape that broadcasts with [batch, 2], got [4, 2]';
    expect(() => normal(build, { loc: x, scale: y })).toThrow(message);
    expect(() => diagonalNormal(build, { mu: build.scalar(0), logVar: x })).toThrow('"diagonalNormal.mu"');
  });
});

function gradientOf(f: (build: GraphBuilder, x: Node) => Node, x: readonly number[]): number[] {
  const build = new GraphBuilder();
  const node = build.input("x", [x.length]);
  const [g] = vjp(build, [build.sum(f(build, node))], [node], [build.scalar(1)]);
  const program = build.program({ outputs: { g: build.broadcastTo(g!, [x.length]), x: node } });
  return [...interpret(program, { inputs: { x: Float64Array.from(x) }, state: {}, batch: 1 }).outputs["g"]!.data];
}

describe("gradients at the edges", () => {
  const huge = [-1000, -80, 0, 80, 1000];

  it("of logits from -1000 to 1000 are finite", () => {
    const families = ["bernoulli", "continuousBernoulli"] as const;
    for (const family of families) {
      const of = (f: (build: GraphBuilder, p: Distribution<Node>) => Node) =>
        gradientOf((build, l) => f(build, { family, logits: l }), huge);
      const results = [
        of((build, p) => logProb(build, p, build.scalar(1))),
        of((build, p) => entropy(build, p)),
        of((build, p) => mean(build, p)),
        of((build, p) => variance(build, p)),
      ];
      expect(results.flat().filter((value) => !Number.isFinite(value))).toEqual([]);
    }
    const categorical = (l: Node): Distribution<Node> => ({ family: "categorical", logits: l });
    const g = gradientOf((build, l) => entropy(build, categorical(l)), huge);
    expect(g.filter((value) => !Number.isFinite(value))).toEqual([]);
  });

  it("of a continuous Bernoulli's transform at logit 0 is u (1 - u) / 2", () => {
    const draw = (build: GraphBuilder, l: Node) =>
      inverseCdf(build, { family: "continuousBernoulli", logits: l }, build.scalar(0.25));
    expect(gradientOf(draw, [0])[0]).toBeCloseTo(0.09375, 7);
  });

  it("of a discretised logistic's scale are finite from exp(-60) to exp(60)", () => {
    const density = (build: GraphBuilder, logScale: Node) =>
      logProb(
        build,
        { family: "discretisedLogistic", loc: build.scalar(0.5), logScale, low: 0, high: 1, levels: 256 },
        build.scalar(127 / 255),
      );
    expect(gradientOf(density, [-60, -20, -5, 0, 60]).filter((value) => !Number.isFinite(value))).toEqual([]);
  });

  it("outside a support the log-density is -Infinity and moves nothing", () => {
    const rate = (build: GraphBuilder, b: Node) => logProb(build, { family: "exponential", rate: b }, build.scalar(-1));
    expect(gradientOf(rate, [2])).toEqual([0]);
  });
});

describe("special functions", () => {
  it("that a graph lacks are refused by name", () => {
    const build = new GraphBuilder();
    const x = build.input("x", ["batch"]);
    const gamma: Distribution<Node> = { family: "gamma", concentration: x, rate: x };
    expect(() => cdf(build, gamma, x)).toThrow(
      expect.objectContaining({ code: "OPS_UNSUPPORTED", details: { engine: "a graph", operation: "gammaP" } }),
    );
    expect(mean(build, gamma).shape).toEqual(["batch"]);
    expect(noiseOf({ family: "laplace", loc: x, scale: x })).toBe("uniform");
  });
});

describe("elementwise families", () => {
  it.each(examples.filter(isElementwise))("$family broadcasts its parameters", (example) => {
    const scalars = Object.fromEntries(
      Object.entries(example.parameters).map(([name, [, [first]]]) => [name, [[], [first!]]] as const),
    );
    const wide = inGraph({ ...example, parameters: scalars } as Example);
    expect(wide["logProb"]!.shape).toEqual([BATCH, ...example.x[0]]);
  });
});
