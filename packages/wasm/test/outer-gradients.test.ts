/** At batch 1 a weight's gradient is a column times a row, which its update makes while it reads it. */
import {
  adam,
  adamW,
  GraphBuilder,
  type Node,
  type NodesByName,
  type Program,
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

const methods: Readonly<Record<string, Step>> = {
  adam,
  adamW,
  rmsProp,
  sgd,
  sgdMomentum: (build, p, g) => sgd(build, p, g, { momentum: 0.9 }),
  sgdNesterov: (build, p, g) => sgd(build, p, g, { momentum: 0.9, nesterov: true }),
};

const scalars: Readonly<Record<string, number>> = {
  ...{ "adam.stepSize": 0.01, "adam.secondScale": 3, "adamW.stepSize": 0.01, "adamW.secondScale": 3 },
  ...{ "adamW.keep": 0.99, "rmsProp.learningRate": 0.01, "sgd.learningRate": 0.01 },
};

/** So many that two threads share the update. */
const [INPUTS, HIDDEN, OUTPUTS] = [400, 280, 12];

/** A step on |tanh(x first) second|^2, whose outputs are the loss and, if somebody wants them, the gradients. */
function network(step: Step, wanted: boolean): Program {
  const build = new GraphBuilder();
  const init = { kind: "zeros" } as const;
  const first = build.state("first", { shape: [INPUTS, HIDDEN], init });
  const second = build.state("second", { shape: [HIDDEN, OUTPUTS], init });
  const hidden = build.tanh(build.matmul(build.input("x", ["batch", INPUTS]), first));
  const loss = build.sum(build.square(build.matmul(hidden, second)));
  const [one, two] = vjp(build, [loss], [first, second], [build.scalar(1)]) as [Node, Node];
  const updates = step(build, { first, second }, { first: one, second: two });
  return build.program({ outputs: { loss, ...(wanted && { one, two }) }, updates });
}

function values(count: number, stream: string): Float32Array {
  const out = new Float32Array(count);
  randomUniform(out, { seed: 5, stream });
  return out;
}

/** So small that no tanh of theirs is so near 1 that nothing comes back through it. */
const inputsOf = (batch: number, scale = 1) => values(batch * INPUTS, "x").map((x) => (scale * x) / INPUTS);

const elements = (shape: readonly number[]) => shape.reduce((n, dim) => n * dim, 1);

function data({ inputs, state }: Program, batch: number) {
  const fed = Object.keys(inputs).map((name) => {
    return [name, name === "x" ? inputsOf(batch) : Float32Array.of(scalars[name]!)] as const;
  });
  const tensors = Object.entries(state).map(([name, { shape }]) => [name, values(elements(shape), name)] as const);
  return { inputs: Object.fromEntries(fed), state: Object.fromEntries(tensors) };
}

/** The state's bits after three runs on `x`. */
async function trained(on: WasmEngine, program: Program, x = inputsOf(1)): Promise<Record<string, Float32Array>> {
  const { inputs, state: before } = data(program, 1);
  const state = on.createState(program.state);
  for (const [name, tensor] of Object.entries(before)) await state.write(name, tensor);
  const executable = await on.compile(program, state);
  for (let i = 0; i < 3; i++) await executable.run({ ...inputs, x });
  const after = await Promise.all(Object.keys(before).map(async (name) => [name, await state.read(name)] as const));
  executable.dispose();
  state.dispose();
  return Object.fromEntries(after);
}

async function planned(program: Program, batch: number) {
  const state = engine.createState(program.state);
  const executable = await engine.compile(program, state);
  const plan = executable.plan(batch);
  executable.dispose();
  state.dispose();
  return plan;
}

describe.each(Object.entries(methods))("%s", (kernel, step) => {
  it("makes the step of the interpreter", async () => {
    const program = network(step, false);
    await expectConforms(engine, program, data(program, 1));
  });

  it("leaves the same bits on any number of threads", async () => {
    const program = network(step, false);
    const expected = await trained(engine, program);
    const threaded = await createWasmEngine({ build: "simd128", threads: 2 });
    expect(await trained(threaded, program)).toEqual(expected);
    threaded.dispose();
    const other = await trained(engine, program, inputsOf(1, 0.5));
    const moved = other["first"]!.filter((value, i) => value !== expected["first"]![i]).length;
    expect(moved).toBe(INPUTS * HIDDEN);
  });

  it("stores no gradient that only the update reads", async () => {
    const [fused, stored] = [await planned(network(step, false), 1), await planned(network(step, true), 1)];
    const products = (plan: typeof fused) => plan.calls.filter(({ kernel: name }) => name === "gemm").length;
    expect(products(stored) - products(fused)).toBe(1);
    expect(stored.workspaceBytes - fused.workspaceBytes).toBeGreaterThanOrEqual(4 * INPUTS * HIDDEN);
    expect(fused.flops).toBe(stored.flops);
    expect(fused.calls.filter(({ section }) => section === "commit").map((call) => call.kernel)).toEqual([kernel]);
  });

  it("stores them where the batch has two rows", async () => {
    const program = network(step, false);
    const gradients = (await planned(program, 2)).calls.filter(({ kernel: name }) => name === "gemm").length;
    expect(gradients).toBe(
      (await planned(network(step, true), 2)).calls.filter((call) => call.kernel === "gemm").length,
    );
  });
});
