import {
  type Distribution,
  type FamilyName,
  fDivergence,
  F_DIVERGENCES,
  IsthmusError,
  kl,
  klPairs,
  renyiDivergence,
  squaredMmd,
  squaredWasserstein2,
} from "@isthmus/math";
import { describe, expect, it } from "vitest";
import type { Parameters } from "../../math/test/support/densities.ts";
import { EXAMPLES } from "../../math/test/support/pairs.ts";
import { GraphBuilder, interpret, type Node, vjp } from "../src/index.ts";
import { type Case, checkFirst } from "./support/gradients.ts";

/** Of the uniform distributions a narrow one in a wide one, so that no step of a difference leaves the support. */
const exampleOf = (family: FamilyName, uniform: number, other: number): Parameters =>
  EXAMPLES[family]!.at(family === "uniform" ? uniform : other)!;

/** The parameters of p and q as inputs of a graph, but for counts, which are constants of it. */
function scalarCase(p: FamilyName, q: FamilyName): Case {
  const [own, other] = [exampleOf(p, 2, 0), exampleOf(q, 1, 1)];
  const entries = [...Object.entries(own).map(named("p")), ...Object.entries(other).map(named("q"))];
  const inputs = entries.filter(({ name }) => name !== "trials");
  return {
    name: `KL(${p} || ${q})`,
    shapes: inputs.map(() => []),
    values: inputs.map(({ value }) => [value]),
    f: (build, nodes) => {
      const record = (side: string, family: FamilyName) => {
        const found = entries.filter((entry) => entry.side === side);
        const nodeOf = (entry: (typeof entries)[number]) =>
          entry.name === "trials" ? build.scalar(q === "bernoulli" ? 1 : 5) : nodes[inputs.indexOf(entry)]!;
        return { family, ...Object.fromEntries(found.map((entry) => [entry.name, nodeOf(entry)])) };
      };
      return kl(build, record("p", p) as Distribution<Node>, record("q", q) as Distribution<Node>);
    },
  };
}

const named =
  (side: string) =>
  ([name, value]: [string, number]) => ({ side, name, value });

/** Whether a graph has all that the formula asks for. */
function compiles({ shapes, f }: Case): boolean {
  const build = new GraphBuilder();
  try {
    f(
      build,
      shapes.map((shape, i) => build.input(`x${i}`, shape)),
    );
    return true;
  } catch (error) {
    if (error instanceof IsthmusError && error.code === "OPS_UNSUPPORTED") return false;
    throw error;
  }
}

const scalar = klPairs().filter(({ p, q, outcome }) => EXAMPLES[p] && EXAMPLES[q] && outcome !== "infinite");
const core = scalar.map(({ p, q }) => scalarCase(p, q)).filter(compiles);

describe("the derivative of a KL in a graph", () => {
  it("exists for more than half of the pairs of numbers", () => {
    expect(core.length).toBeGreaterThan(scalar.length / 2);
  });

  it.each(core.map((test) => [test.name, test] as const))("%s equals the difference quotient", (_name, test) => {
    checkFirst(test);
  });

  const events: readonly Case[] = [
    {
      name: "KL(categorical || categorical)",
      shapes: [
        ["batch", 4],
        ["batch", 4],
      ],
      f: (build, [l, m]) => kl(build, { family: "categorical", logits: l! }, { family: "categorical", logits: m! }),
    },
    {
      name: "KL(dirichlet || dirichlet)",
      shapes: [["batch", 3], [3]],
      positive: true,
      f: (build, [x, y]) =>
        kl(build, { family: "dirichlet", concentration: x! }, { family: "dirichlet", concentration: y! }),
    },
    {
      name: "KL(multivariateNormal || diagonalNormal)",
      shapes: [["batch", 3], ["batch", 3, 3], [3], [3]],
      positive: true,
      f: (build, [loc, scaleTril, mu, logVar]) =>
        kl(
          build,
          { family: "multivariateNormal", loc: loc!, scaleTril: scaleTril! },
          { family: "diagonalNormal", mu: mu!, logVar: logVar! },
        ),
    },
    {
      name: "KL(multivariateNormal || multivariateNormal)",
      shapes: [["batch", 2], ["batch", 2, 2], [2], [2, 2]],
      positive: true,
      f: (build, [loc, scaleTril, mu, factor]) =>
        kl(
          build,
          { family: "multivariateNormal", loc: loc!, scaleTril: lower(build, scaleTril!) },
          { family: "multivariateNormal", loc: mu!, scaleTril: lower(build, factor!) },
        ),
    },
    {
      name: "squaredWasserstein2(diagonalNormal, diagonalNormal)",
      shapes: [["batch", 3], ["batch", 3], [3], [3]],
      f: (build, [mu, logVar, nu, logSpread]) =>
        squaredWasserstein2(
          build,
          { family: "diagonalNormal", mu: mu!, logVar: logVar! },
          { family: "diagonalNormal", mu: nu!, logVar: logSpread! },
        ),
    },
    {
      name: "renyiDivergence(2, diagonalNormal, diagonalNormal)",
      shapes: [["batch", 3], [3]],
      values: [
        [0.3, -0.2, 0.4, 1, 0.1, 0.2, -0.7, 0.3, 0.9],
        [0.2, 0.5, -0.1],
      ],
      f: (build, [mu, logVar]) => {
        const zero = build.scalar(0);
        const prior = { family: "diagonalNormal", mu: build.constant([3], [0, 0, 0]), logVar: zero } as const;
        return renyiDivergence(build, 2, { family: "diagonalNormal", mu: mu!, logVar: logVar! }, prior);
      },
    },
    ...(["rbf", "inverseMultiquadric"] as const).map((kind) => ({
      name: `squaredMmd, ${kind}`,
      shapes: [
        ["batch", 2],
        [4, 2],
      ] as const,
      f: (build: GraphBuilder, [x, y]: readonly Node[]) =>
        squaredMmd(build, x!, y!, { kernel: { kind, scales: [0.5, 2] } }),
    })),
    ...F_DIVERGENCES.map((name) => ({
      name: `${name}(categorical, categorical)`,
      shapes: [["batch", 3], [3]] as const,
      f: (build: GraphBuilder, [l, m]: readonly Node[]) =>
        fDivergence(build, name, { family: "categorical", logits: l! }, { family: "categorical", logits: m! }),
    })),
  ];

  it.each(events.map((test) => [test.name, test] as const))("%s equals the difference quotient", (_name, test) => {
    checkFirst(test);
  });
});

/** The lower half; a difference quotient moves the upper one too. */
function lower(build: GraphBuilder, x: Node): Node {
  return build.mul(x, build.constant([2, 2], [1, 0, 1, 1]));
}

describe("at the ends of float", () => {
  const extremes = [-1000, -100, -1e-30, 0, 1e-30, 100, 1000];
  const pairs = extremes.flatMap((p) => extremes.map((q) => [p, q] as const));

  it.each(["bernoulli", "continuousBernoulli", "categorical"] as const)(
    "value and derivatives of %s are numbers, where logarithms of rounded probabilities are none",
    (family) => {
      const build = new GraphBuilder();
      const inputs = ["p", "q"].map((side) => build.input(side, [pairs.length]));
      const logits = inputs.map((l) => (family === "categorical" ? withZero(build, l) : l));
      const [p, q] = logits.map((l) => ({ family, logits: l })) as [Distribution<Node>, Distribution<Node>];
      const value = kl(build, p, q);
      const [left, right] = vjp(build, [build.sum(value)], inputs, [build.scalar(1)]) as [Node, Node];
      const program = build.program({ outputs: { value, left, right } });
      const fed = { p: Float64Array.from(pairs, ([l]) => l), q: Float64Array.from(pairs, ([, l]) => l) };
      const { outputs } = interpret(program, { inputs: fed, state: {}, batch: 1 });
      for (const [name, { data }] of Object.entries(outputs)) {
        expect(Array.from(data).every(Number.isFinite), name).toBe(true);
      }
      pairs.forEach(([l, m], i) =>
        expect(outputs["value"]!.data[i]! > 1e-50, `${l} || ${m}`).toBe(Math.abs(l - m) > 1),
      );
    },
  );

  const withZero = (build: GraphBuilder, l: Node): Node => {
    const column = build.expandDims(l, -1);
    return build.concat([column, build.mul(build.scalar(0), column)], -1);
  };
});

describe("beside equality", () => {
  it("the derivative is finite, and 0 at it", () => {
    const near: Case = {
      name: "at equality",
      shapes: [[2], [2]],
      values: [
        [0.7, 1.9],
        [0.7, 1.9],
      ],
      f: (build, [x, y]) =>
        kl(
          build,
          { family: "gamma", concentration: x!, rate: build.scalar(1) },
          { family: "gamma", concentration: y!, rate: build.scalar(1) },
        ),
    };
    checkFirst(near);
  });

  it("a pair that needs special functions is refused by their name", () => {
    const build = new GraphBuilder();
    const [direction, concentration] = [build.input("direction", [3]), build.input("concentration", [])];
    const p: Distribution<Node> = { family: "vonMisesFisher", meanDirection: direction, concentration };
    expect(() => kl(build, p, p)).toThrow("logBesselI: a graph has no such operation");
  });
});
