/** Special functions and linear algebra of `@isthmus/math` on the engine: densities, factors and gradients as the interpreter has them. */
import { GraphBuilder, type Node, vjp, type Engine } from "../../src/index.ts";
import {
  type Distribution,
  entropy,
  kl,
  logDetFromCholesky,
  logExpm1,
  logProb,
  logSumExp,
  type MathOps,
  matvec,
} from "@isthmus/math";
import { describe, it } from "vitest";
import { expectConforms } from "./conforms.ts";

interface Case {
  readonly name: string;
  /** Shapes without the batch, and values for a batch of 2. */
  readonly inputs: readonly (readonly [shape: readonly number[], values: readonly number[]])[];
  readonly f: <T>(ops: MathOps<T>, inputs: readonly T[]) => T;
}

const reals = [[3], [0.1, -0.4, 1.3, -2.2, 0.9, 3.1]] as const;
const positives = [[3], [0.11, 0.4, 1.3, 2.2, 7.9, 33.1]] as const;
const rates = [[3], [0.7, 2.1, 5, 0.3, 9.5, 1.4]] as const;
const chances = [[3], [0.1, 0.5, 0.9, 0.25, 0.75, 0.33]] as const;
const counts = [[3], [0, 1, 4, 2, 9, 12]] as const;
const simplex = [[3], [0.2, 0.3, 0.5, 0.7, 0.2, 0.1]] as const;

const density = (
  family: Distribution<unknown>["family"],
  parameters: Readonly<Record<string, Case["inputs"][number]>>,
  x: Case["inputs"][number],
): Case => ({
  name: `log-density of ${family}`,
  inputs: [x, ...Object.values(parameters)],
  f: <T>(ops: MathOps<T>, [value, ...given]: readonly T[]) => {
    const named = Object.keys(parameters).map((name, i) => [name, given[i]!]);
    return logProb(ops, { family, ...Object.fromEntries(named) } as unknown as Distribution<T>, value!);
  },
});

const cases: readonly Case[] = [
  density("gamma", { concentration: rates, rate: positives }, positives),
  density("beta", { alpha: rates, beta: positives }, chances),
  density("dirichlet", { concentration: rates }, simplex),
  density("studentT", { df: rates, loc: reals, scale: positives }, reals),
  density("poisson", { rate: rates }, counts),
  density("laplace", { loc: rates, scale: positives }, reals),
  density("logistic", { loc: rates, scale: positives }, reals),
  density("gumbel", { loc: reals, scale: rates }, reals),
  {
    name: "KL and entropy of gammas",
    inputs: [rates, positives],
    f: (ops, [a, b]) => {
      const p = { family: "gamma", concentration: a!, rate: b! } as const;
      return ops.sub(kl(ops, p, { family: "gamma", concentration: b!, rate: a! }), entropy(ops, p));
    },
  },
  {
    name: "trigamma and logBeta",
    inputs: [rates, positives],
    f: (ops, [a, b]) => ops.add(ops.trigamma(a!), ops.logBeta(a!, b!)),
  },
  { name: "logSumExp", inputs: [reals], f: (ops, [x]) => logSumExp(ops, x!, { axes: [-1] }) },
  { name: "logExpm1", inputs: [positives], f: (ops, [x]) => logExpm1(ops, x!) },
  {
    name: "a Cholesky factor, its determinant and a solve",
    inputs: [
      [
        [2, 2],
        [1, 0.5, -0.3, 0.8, 0.2, 1.1, 0.6, -0.4],
      ],
      [[2], [0.3, -0.7, 1.2, 0.4]],
    ],
    f: (ops, [root, b]) => {
      const rows = ops.mul(ops.expandDims(root!, 2), ops.expandDims(root!, 1));
      const a = ops.add(ops.sum(rows, { axes: [-1] }), ops.constant([2, 2], [1, 0, 0, 1]));
      const l = ops.cholesky(a);
      const y = ops.solveTriangular(l, ops.expandDims(matvec(ops, a, b!), -1));
      return ops.add(ops.sum(ops.square(y), { axes: [-1, -2] }), logDetFromCholesky(ops, l));
    },
  },
];

/** Special functions and linear algebra. */
export function specialFunctionsConform(current: () => Engine): void {
  describe("values and gradients", () => {
    it.each(cases)("$name", async ({ inputs, f }) => {
      const build = new GraphBuilder();
      const nodes = inputs.map(([shape], i) => build.input(`x${i}`, ["batch", ...shape]));
      const value = f<Node>(build, nodes);
      const gradients = vjp(build, [build.sum(value)], nodes, [build.scalar(1)]);
      const outputs = { value, ...Object.fromEntries(gradients.map((g, i) => [`d${i}`, g])) };
      const program = build.program({ outputs });
      const given = Object.fromEntries(inputs.map(([, values], i) => [`x${i}`, Float32Array.from(values)]));
      const fed = Object.fromEntries(Object.keys(program.inputs).map((name) => [name, given[name]!]));
      await expectConforms(current(), program, { inputs: fed, batch: 2 });
    });
  });
}
