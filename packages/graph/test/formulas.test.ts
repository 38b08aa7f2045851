/** Formulas of `@isthmus/math` written into a graph: their derivatives, also where a logarithm is infinite. */
import {
  log1mExp,
  logAddExp,
  logExpm1,
  logMeanExp,
  logDetFromCholesky,
  logSumExp,
  matvec,
  ndArrayOps,
  type SpecialOps,
  xLogY,
  zerosLike,
} from "@isthmus/math";
import { describe, expect, it } from "vitest";
import { GraphBuilder, interpret, type Node, vjp } from "../src/index.ts";
import { type Case, checkFirst, checkSecond } from "./support/gradients.ts";

const cases: readonly Case[] = [
  { name: "logSumExp", shapes: [["batch", 3]], f: (build, [x]) => logSumExp(build, x!, { axes: [-1] }) },
  { name: "logSumExp, kept", shapes: [[2, 3]], f: (build, [x]) => logSumExp(build, x!, { axes: [0], keepDims: true }) },
  { name: "logMeanExp", shapes: [["batch", 3]], f: (build, [x]) => logMeanExp(build, x!, { axes: [0, 1] }) },
  {
    name: "logAddExp",
    shapes: [
      ["batch", 2],
      [1, 2],
    ],
    f: (build, [x, y]) => logAddExp(build, x!, y!),
  },
  { name: "log1mExp", shapes: [["batch", 2]], positive: true, f: (build, [x]) => log1mExp(build, build.neg(x!)) },
  { name: "logExpm1", shapes: [["batch", 2]], positive: true, f: (build, [x]) => logExpm1(build, x!) },
  {
    name: "xLogY",
    shapes: [
      ["batch", 2],
      ["batch", 2],
    ],
    positive: true,
    f: (build, [x, y]) => xLogY(build, x!, y!),
  },
  {
    name: "softmax family",
    shapes: [
      ["batch", 3],
      ["batch", 3],
    ],
    f: (build, [l, p]) => build.add(build.softmaxCrossEntropy(l!, build.softmax(p!)), build.sum(build.logSoftmax(l!))),
  },
  {
    name: "cholesky of x x^T + 1, with its log determinant",
    shapes: [["batch", 3, 3]],
    f: (build, [x]) => {
      const identity = build.constant([3, 3], [1, 0, 0, 0, 1, 0, 0, 0, 1]);
      const rows = build.mul(build.expandDims(x!, 2), build.expandDims(x!, 1));
      const l = build.cholesky(build.add(build.sum(rows, { axes: [-1] }), identity));
      return build.add(build.sum(l, { axes: [-1] }), build.expandDims(logDetFromCholesky(build, l), -1));
    },
  },
  ...[false, true].map((transpose): Case => ({
    name: `solveTriangular, transpose ${transpose}`,
    shapes: [
      [3, 3],
      ["batch", 3, 2],
    ],
    f: (build, [l, b]) => build.solveTriangular(l!, b!, { transpose }),
  })),
  {
    name: "matvec",
    shapes: [
      ["batch", 2, 3],
      ["batch", 3],
    ],
    f: (build, [m, v]) => matvec(build, m!, v!),
  },
  ...(["logGamma", "digamma", "trigamma"] as const).map((name): Case => ({
    name,
    shapes: [["batch", 2]],
    values: [[0.3, 3.7, 0.9, 4.4, 2.5, 60]],
    f: (build, [x]) => build[name](x!),
  })),
  {
    name: "logBeta",
    shapes: [
      ["batch", 2],
      ["batch", 2],
    ],
    values: [
      [0.3, 3.7, 0.9, 4.4, 2.5, 60],
      [0.4, 5, 70, 2.2, 8, 9],
    ],
    f: (build, [a, b]) => build.logBeta(a!, b!),
  },
  {
    name: "expandDims and slice",
    shapes: [["batch", 3]],
    f: (build, [x]) => build.square(build.slice(build.expandDims(x!, 1), { axis: -1, begin: 1, end: 3 })),
  },
];

describe("derivatives by central differences", () => {
  it.each(cases)("$name", (test) => {
    checkFirst(test);
    checkSecond(test);
  });
});

/** The gradient of the sum of `f` at `x`. */
function gradient(f: (build: GraphBuilder, x: Node) => Node, x: readonly number[]): number[] {
  const build = new GraphBuilder();
  const node = build.input("x", [x.length]);
  const [g] = vjp(build, [build.sum(f(build, node))], [node], [build.scalar(1)]);
  const program = build.program({ outputs: { g: build.broadcastTo(g!, [x.length]), x: node } });
  const { outputs } = interpret(program, { inputs: { x: Float64Array.from(x) }, state: {}, batch: 1 });
  return [...outputs["g"]!.data];
}

describe("derivatives where a logarithm is infinite", () => {
  it("are finite: a branch not taken does not show", () => {
    expect(gradient((build, x) => logSumExp(build, x), [-Infinity, 3])).toEqual([0, 1]);
    expect(gradient((build, x) => logAddExp(build, x, build.scalar(3)), [-Infinity, 3])).toEqual([0, 0.5]);
    expect(gradient((build, x) => xLogY(build, build.scalar(0), x), [0, 1])).toEqual([0, 0]);
    expect(gradient((build, x) => log1mExp(build, x), [-1000])[0]).toBeCloseTo(0);
    expect(gradient((build, x) => logExpm1(build, x), [1000])).toEqual([1]);
  });
});

describe("what is known while a graph is written", () => {
  it("is the shape of every node and the values of constants", () => {
    const build = new GraphBuilder();
    const x = build.input("x", ["batch", 2]);
    expect(build.shape(x)).toEqual(["batch", 2]);
    expect(build.shape(build.expandDims(x, -1))).toEqual(["batch", 2, 1]);
    expect(build.shape(zerosLike(build, x, build.constant([3, 1, 1], [1, 2, 3])))).toEqual([3, "batch", 2]);
    expect(build.values(build.constant([2], [1, 2]))).toEqual([1, 2]);
    expect(build.values(build.exp(build.scalar(1)))).toBeUndefined();
    expect(() => build.expandDims(x, 3)).toThrow('"axes" expected integers in [-3, 3), got 3');
  });
});

describe("special functions", () => {
  it("without a kernel refuse by name and say what to do", () => {
    const build = new GraphBuilder();
    const x = build.input("x", ["batch"]);
    const names = Object.keys(ndArrayOps).filter(
      (name) => !(name in GraphBuilder.prototype),
    ) as (keyof SpecialOps<Node>)[];
    expect(names).toContain("gammaP");
    expect(names).not.toContain("erf");
    for (const name of names) {
      const refusal = expect.objectContaining({
        code: "OPS_UNSUPPORTED",
        details: { engine: "a graph", operation: name },
      });
      expect(() => (build[name] as (x: Node) => Node)(x)).toThrow(refusal);
      expect(() => (build[name] as (x: Node) => Node)(x)).toThrow(
        new RegExp(`^${name}: a graph has no such operation; (write|compute) `),
      );
    }
  });
});
