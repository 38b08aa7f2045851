/** Distributions of `@isthmus/math` on the engine: values and gradients as the interpreter has them. */
import { GraphBuilder, type Node, vjp, type Engine } from "../../src/index.ts";
import { type Distribution, logProb, randomUniform, reparameterised } from "@isthmus/math";
import { describe, it } from "vitest";
import { expectConforms } from "./conforms.ts";

const [BATCH, SIZE] = [5, 7];

type Make = (build: GraphBuilder, a: Node, b: Node) => Distribution<Node>;

/** a in (-1, 1) and b in (1/2, 2) are [batch, size]; values are in (-1, 1) or, in the simplex and such, made of that. */
const transformed: Readonly<Record<string, Make>> = {
  normal: (_, a, b) => ({ family: "normal", loc: a, scale: b }),
  laplace: (_, a, b) => ({ family: "laplace", loc: a, scale: b }),
  gumbel: (_, a, b) => ({ family: "gumbel", loc: a, scale: b }),
  logistic: (_, a, b) => ({ family: "logistic", loc: a, scale: b }),
  diagonalNormal: (_, a, b) => ({ family: "diagonalNormal", mu: a, logVar: b }),
  exponential: (_, __, b) => ({ family: "exponential", rate: b }),
  weibull: (_, __, b) => ({ family: "weibull", scale: b, concentration: b }),
  logNormal: (_, a, b) => ({ family: "logNormal", loc: a, scale: b }),
  continuousBernoulli: (build, a) => ({ family: "continuousBernoulli", logits: build.mul(a, build.scalar(3)) }),
  relaxedOneHotCategorical: (build, a) => ({
    family: "relaxedOneHotCategorical",
    logits: a,
    temperature: build.scalar(0.7),
  }),
};

function uniforms(count: number, stream: string): Float32Array {
  const out = new Float32Array(count);
  randomUniform(out, { seed: 5, stream });
  return out;
}

const inputs = {
  a: uniforms(BATCH * SIZE, "a").map((u) => 2 * u - 1),
  b: uniforms(BATCH * SIZE, "b").map((u) => 0.5 + 1.5 * u),
  u: uniforms(BATCH * SIZE, "u"),
};

/** Outputs with their gradients by the parameters, of noise in (0, 1), which any transform takes. */
function programOf(make: Make) {
  const build = new GraphBuilder();
  const shape = ["batch", SIZE] as const;
  const [a, b, u] = [build.input("a", shape), build.input("b", shape), build.input("u", shape)];
  const p = make(build, a, b);
  const draw = reparameterised(build, p, u);
  const logDensity = logProb(build, p, draw);
  const total = build.sum(build.add(build.sum(logDensity), build.sum(draw)));
  const [byA, byB] = vjp(build, [total], [a, b], [build.scalar(1)]) as [Node, Node];
  const gradients = { byA: build.broadcastTo(byA, shape), byB: build.broadcastTo(byB, shape) };
  return build.program({ outputs: { draw, logDensity, ...gradients, u } });
}

/** Draws, densities, likelihoods and their gradients. */
export function distributionsConform(current: () => Engine): void {
  describe("draws, their densities and the gradients of both", () => {
    it.each(Object.entries(transformed))("%s", async (_, make) => {
      const program = programOf(make);
      const fed = Object.fromEntries(
        Object.keys(program.inputs).map((name) => [name, inputs[name as keyof typeof inputs]]),
      );
      await expectConforms(current(), program, { inputs: fed, batch: BATCH });
    });
  });

  describe("likelihoods, their entropies and the gradients of both", () => {
    const families: Readonly<Record<string, Make>> = {
      bernoulli: (_, a) => ({ family: "bernoulli", logits: a }),
      discretisedLogistic: (_, a, b) => ({
        family: "discretisedLogistic",
        loc: a,
        logScale: b,
        low: 0,
        high: 1,
        levels: 2,
      }),
      categorical: (_, a) => ({ family: "categorical", logits: a }),
    };

    it.each(Object.entries(families))("%s", async (_, make) => {
      const build = new GraphBuilder();
      const shape = ["batch", SIZE] as const;
      const [a, b, u] = [build.input("a", shape), build.input("b", shape), build.input("u", shape)];
      const x = build.greater(u, build.scalar(0.5));
      const logDensity = logProb(build, make(build, a, b), x);
      const [byA] = vjp(build, [build.sum(logDensity)], [a], [build.scalar(1)]) as [Node];
      const program = build.program({ outputs: { logDensity, byA: build.broadcastTo(byA, shape) } });
      const fed = Object.fromEntries(
        Object.keys(program.inputs).map((name) => [name, inputs[name as keyof typeof inputs]]),
      );
      await expectConforms(current(), program, { inputs: fed, batch: BATCH });
    });
  });
}
