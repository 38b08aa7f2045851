/** Optimisers are one call per parameter, in place, and what the interpreter makes of them. */
import {
  adam,
  adamW,
  clipByGlobalNorm,
  GraphBuilder,
  type Node,
  type NodesByName,
  rmsProp,
  sgd,
  vjp,
} from "@isthmus/graph";
import { randomUniform } from "@isthmus/math";
import { createWasmEngine, type WasmEngine } from "@isthmus/wasm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectConforms } from "./conformance.ts";

let engine: WasmEngine;
beforeAll(async () => {
  engine = await createWasmEngine({ build: "simd128" });
});
afterAll(() => engine.dispose());

type Step = (build: GraphBuilder, parameters: NodesByName, gradients: NodesByName) => Record<string, Node>;

/** Kernel -> the optimiser that it is to make. */
const methods: Readonly<Record<string, Step>> = {
  adam,
  adamW,
  rmsProp,
  sgd,
  sgdMomentum: (build, p, g) => sgd(build, p, g, { momentum: 0.9 }),
  sgdNesterov: (build, p, g) => sgd(build, p, g, { momentum: 0.9, nesterov: true }),
};

const scalars: Readonly<Record<string, number>> = {
  ...{
    "adam.stepSize": 0.01,
    "adam.secondScale": 3,
    "adamW.stepSize": 0.01,
    "adamW.secondScale": 3,
    "adamW.keep": 0.99,
  },
  ...{ "rmsProp.learningRate": 0.01, "sgd.learningRate": 0.01 },
};

const shapes = { a: [3, 7], b: [5], c: [] } as const;

/** A step on sum(p^2 target), with the rest of the program up to `more`. */
function program(step: Step, more: (build: GraphBuilder, updates: Record<string, Node>) => Record<string, Node>) {
  const build = new GraphBuilder();
  const init = { kind: "zeros" } as const;
  const parameters = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, build.state(name, { shape, init })]),
  );
  const losses = Object.entries(shapes).map(([name, shape]) =>
    build.sum(build.mul(build.square(parameters[name]!), build.input(`target.${name}`, shape))),
  );
  const loss = losses.reduce((a, b) => build.add(a, b));
  const slopes = vjp(build, [loss], Object.values(parameters), [build.scalar(1)]);
  const gradients = Object.fromEntries(Object.keys(parameters).map((name, i) => [name, slopes[i]!]));
  const clipped = clipByGlobalNorm(build, gradients, 0.5);
  const updates = step(build, parameters, clipped.gradients);
  return build.program({ outputs: { loss, norm: clipped.norm, ...more(build, updates) }, updates });
}

function data({ inputs, nodes, state }: ReturnType<typeof program>) {
  const values = (count: number, stream: string) => {
    const out = new Float32Array(count);
    randomUniform(out, { seed: 5, stream });
    return out;
  };
  const size = (shape: readonly (number | "batch")[]) => shape.reduce<number>((n, dim) => n * (dim as number), 1);
  const fed = Object.entries(inputs).map(([name, id]) => {
    return [name, name in scalars ? Float32Array.of(scalars[name]!) : values(size(nodes[id]!.shape), name)] as const;
  });
  const tensors = Object.entries(state).map(([name, { shape }]) => [name, values(size(shape), name)] as const);
  return { inputs: Object.fromEntries(fed), state: Object.fromEntries(tensors) };
}

describe.each(Object.entries(methods))("%s", (kernel, step) => {
  it("is one call in place for each parameter, and the interpreter's step", async () => {
    const made = program(step, () => ({}));
    await expectConforms(engine, made, data(made));
    const executable = await engine.compile(made, engine.createState(made.state));
    const commits = executable.plan().calls.filter(({ section }) => section === "commit");
    expect(commits.map((call) => call.kernel)).toEqual([kernel, kernel, kernel]);
    executable.dispose();
  });

  it("is expanded where somebody else wants the next values", async () => {
    const made = program(step, (build, updates) => {
      const next = Object.entries(updates).filter(([name]) => name.endsWith("a"));
      return Object.fromEntries(next.map(([name, node]) => [`seen.${name}`, build.neg(node)]));
    });
    await expectConforms(engine, made, data(made));
    const executable = await engine.compile(made, engine.createState(made.state));
    const commits = executable.plan().calls.filter(({ section }) => section === "commit");
    expect(commits.filter((call) => call.kernel === kernel)).toHaveLength(2);
    executable.dispose();
  });
});

it("Nesterov's step with two different momenta is not one call", async () => {
  const step: Step = (build, parameters, gradients) => {
    const updates: Record<string, Node> = {};
    for (const [name, p] of Object.entries(parameters)) {
      const slot = build.state(`v.${name}`, { shape: p.shape as readonly number[], init: { kind: "zeros" } });
      const v = build.emit("sgdVelocity", [slot, gradients[name]!], { momentum: 0.9 });
      updates[`v.${name}`] = v;
      updates[name] = build.emit("nesterovParameter", [p, gradients[name]!, v, build.scalar(0.1)], { momentum: 0.5 });
    }
    return updates;
  };
  const made = program(step, () => ({}));
  await expectConforms(engine, made, data(made));
  const executable = await engine.compile(made, engine.createState(made.state));
  expect(executable.plan().calls.some((call) => call.kernel === "sgdNesterov")).toBe(false);
});
