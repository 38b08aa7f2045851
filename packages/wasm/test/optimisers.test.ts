/** Optimisers are one call for all parameters, in place, and what the interpreter makes of them. */
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
import { expectConforms } from "../../graph/test/conformance/conforms.ts";

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
  it("is one call in place for all parameters, and the interpreter's step", async () => {
    const made = program(step, () => ({}));
    await expectConforms(engine, made, data(made));
    const executable = await engine.compile(made, engine.createState(made.state));
    const commits = executable.plan().calls.filter(({ section }) => section === "commit");
    expect(commits.map((call) => call.kernel)).toEqual([kernel]);
    const elements = Object.values(made.state).reduce(
      (sum, { shape }) => sum + shape.reduce((n, dim) => n * dim, 1),
      0,
    );
    expect(commits[0]!.bytes).toBeGreaterThan(4 * elements);
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
    const own = commits.filter((call) => call.kernel === kernel);
    expect(own.map(({ nodes }) => nodes.length)).toEqual([2 * (Object.keys(made.state).length / 3)]);
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

it("two methods, or two learning rates, are two calls", async () => {
  const step: Step = (build, { a, b, c }, g) => ({
    ...adam(build, { a: a!, c: c! }, g),
    ...sgd(build, { b: b! }, g),
  });
  const made = program(step, () => ({}));
  await expectConforms(engine, made, data(made));
  const executable = await engine.compile(made, engine.createState(made.state));
  const commits = executable.plan().calls.filter(({ section }) => section === "commit");
  expect(commits.map((call) => call.kernel)).toEqual(["adam", "sgd"]);
});

it("finds its tensors again after the workspace has moved", async () => {
  const own = await createWasmEngine({ build: "simd128" });
  const made = program(adam, () => ({}));
  const { inputs, state: values } = data(made);
  const state = own.createState(made.state);
  const executable = await own.compile(made, state);
  const after = async () => {
    for (const [name, tensor] of Object.entries(values)) await state.write(name, tensor);
    await executable.run(inputs);
    return Promise.all(Object.keys(values).map((name) => state.read(name)));
  };
  const before = await after();
  const build = new GraphBuilder();
  const large = build.program({ outputs: { y: build.neg(build.input("x", ["batch", 1000])) } });
  const other = await own.compile(large, own.createState(large.state));
  await other.run({ x: new Float32Array(1_000_000) });
  expect(await after()).toEqual(before);
  own.dispose();
});

describe("what decays", () => {
  const zero = (build: GraphBuilder, shape: readonly number[]) => build.constant(shape, new Array(shape[0]).fill(0));
  const isDenormal = (x: number) => x !== 0 && Math.abs(x) < 2 ** -126;

  it.each(Object.entries(methods))(
    "%s leaves nothing denormal, and next to nothing in the end",
    async (kernel, step) => {
      const build = new GraphBuilder();
      const p = build.state("p", { shape: [7], init: { kind: "zeros" } });
      // As a weight decay makes it: the gradient is the parameter, a share of it.
      const g = { p: build.mul(p, build.scalar(0.5)), still: zero(build, [7]) };
      const still = build.state("still", { shape: [7], init: { kind: "zeros" } });
      const made = build.program({ outputs: {}, updates: step(build, { p, still }, g) });
      const names = Object.keys(made.state);
      const values = Object.fromEntries(
        names.map((name) => [name, Float32Array.from({ length: 7 }, (_x, i) => 3e-36 / 1.2 ** i)]),
      );
      const inputs = Object.fromEntries(
        Object.keys(made.inputs).map((name) => [name, Float32Array.of(scalars[name]!)]),
      );
      if (kernel.startsWith("sgd")) await expectConforms(engine, made, { inputs, state: values });
      const state = engine.createState(made.state);
      for (const name of names) await state.write(name, values[name]!);
      const executable = await engine.compile(made, state);
      let denormals = 0;
      for (let t = 0; t < 1500; t++) {
        await executable.run(inputs);
        for (const name of names) if ((await state.read(name)).some(isDenormal)) denormals++;
      }
      expect(denormals).toBe(0);
      const slots = names.filter((name) => name.startsWith("opt.") && name.endsWith("still"));
      // What holds a mean is 2^-121 / (1 - 0.9); averages of squares, whose decay is slow, may still rise to 2^-124 / (1 - 0.999).
      const most = (name: string) => (name.endsWith(".v.still") && !name.includes("sgd") ? 2 ** -114 : 5 * 2 ** -120);
      for (const name of slots) expect((await state.read(name)).every((x) => Math.abs(x) <= most(name))).toBe(true);
      executable.dispose();
    },
  );
});
