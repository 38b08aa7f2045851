import { adam, GraphBuilder, type Node, type Program, type StateTensor } from "@isthmus/graph";
import { kernelBytes } from "@isthmus/kernels";
import { createWasmEngine, type WasmEngine } from "@isthmus/wasm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectConforms } from "../../graph/test/conformance/conforms.ts";

let engine: WasmEngine;
beforeAll(async () => {
  engine = await createWasmEngine({ build: "simd128" });
});
afterAll(() => engine.dispose());

const slot = (...shape: number[]): StateTensor => ({ shape, init: { kind: "zeros" } });

/** y = 2 x, for any batch. */
function doubling(): Program {
  const build = new GraphBuilder();
  return build.program({ outputs: { y: build.mul(build.input("x", ["batch", 2]), build.scalar(2)) } });
}

const compile = (program: Program) => engine.compile(program, engine.createState(program.state));

describe("Adam", () => {
  const inputs = { "adam.stepSize": Float32Array.of(0.1), "adam.secondScale": Float32Array.of(3) };
  const state = {
    p: Float32Array.of(1, 2, 3),
    q: Float32Array.of(-1, 0.5, 0.25),
    "opt.adam.m.p": Float32Array.of(0.1, 0.2, -0.3),
    "opt.adam.v.p": Float32Array.of(0.1, 0.2, 0.3),
    "opt.adam.m.q": Float32Array.of(0.3, 0.1, -0.2),
    "opt.adam.v.q": Float32Array.of(0.4, 0.1, 0.2),
  };
  type Roots = { outputs: Record<string, Node>; updates: Record<string, Node> };
  const program = (roots: (build: GraphBuilder, p: Node, q: Node) => Roots) => {
    const build = new GraphBuilder();
    return build.program(roots(build, build.state("p", slot(3)), build.state("q", slot(3))));
  };
  const kernels = async (made: Program) => (await compile(made)).plan().calls.map(({ kernel }) => kernel);
  const statesOf = (made: Program) => Object.fromEntries(Object.entries(state).filter(([name]) => name in made.state));

  it("is one call in place, and each update sees the other's old parameter", async () => {
    const made = program((build, p, q) => ({ outputs: {}, updates: adam(build, { p, q }, { p: q, q: p }) }));
    expect(await kernels(made)).toEqual(["copy", "copy", "adam"]);
    await expectConforms(engine, made, { inputs, state: statesOf(made) });
  });

  it("keeps old values that are results", async () => {
    const made = program((build, p, q) => ({ outputs: { p }, updates: adam(build, { p }, { p: build.neg(q) }) }));
    expect(await kernels(made)).toEqual(["neg", "copy", "adam"]);
    await expectConforms(engine, made, { inputs, state: statesOf(made) });
  });

  it("works on copies when somebody else needs its results", async () => {
    const made = program((build, p, q) => {
      const updates = adam(build, { p, q }, { p: build.neg(q), q: build.square(p) });
      return { outputs: { next: build.mul(updates["p"]!, build.scalar(2)) }, updates };
    });
    expect((await kernels(made)).filter((kernel) => kernel === "adam")).toEqual(["adam"]);
    await expectConforms(engine, made, { inputs, state: statesOf(made) });
  });

  type Parts = Record<"next" | "m" | "v", Node>;
  const foreign: [string, (build: GraphBuilder, parts: Parts, q: Node) => Roots][] = [
    ["its parameter is another's", (_, { next, m, v }) => roots({ q: next, "opt.adam.m.p": m, "opt.adam.v.p": v })],
    ["its moments change places", (_, { next, m, v }) => roots({ p: next, "opt.adam.m.p": v, "opt.adam.v.p": m })],
    ["a moment is not kept", (_, { next, m }) => roots({ p: next, "opt.adam.m.p": m })],
    [
      "a moment is a result",
      (_, { next, m, v }) => ({ outputs: { m }, updates: { p: next, "opt.adam.m.p": m, "opt.adam.v.p": v } }),
    ],
    [
      "the moments have different gradients",
      (build, { next, m }, q) => {
        const v = build.emit("adamSecondMoment", [build.state("opt.adam.v.p", slot(3)), q], {
          decay: 0.9,
          complement: 0.1,
        });
        const [p, , , stepSize, secondScale] = build.inputsOf(next) as [Node, Node, Node, Node, Node];
        const own = build.emit("adamParameter", [p, m, v, stepSize, secondScale], { epsilon: 1e-8 });
        return roots({ p: own, "opt.adam.m.p": m, "opt.adam.v.p": v });
      },
    ],
  ];
  const roots = (updates: Record<string, Node>): Roots => ({ outputs: {}, updates });

  it.each(foreign)("is not what it looks like when %s", async (_, change) => {
    const made = program((build, p, q) => {
      const { p: next, "opt.adam.m.p": m, "opt.adam.v.p": v } = adam(build, { p }, { p: build.neg(q) });
      return change(build, { next: next!, m: m!, v: v! }, q);
    });
    expect(await kernels(made)).not.toContain("adam");
    await expectConforms(engine, made, { inputs, state: statesOf(made) });
  });
});

describe("batches", () => {
  it("grow the memory under programs that are bound already", async () => {
    const own = await createWasmEngine({ build: "simd128" });
    const program = doubling();
    const state = own.createState({ kept: slot(5) });
    await state.write("kept", Float32Array.of(1, 2, 3, 4, 5));
    const first = await own.compile(program, state);
    const small = Float32Array.of(1, 2);
    await first.run({ x: small });
    // It lies behind the workspace, which therefore has to move when it grows.
    const behind = own.createState({ kept: slot(5) });
    await behind.write("kept", Float32Array.of(6, 7, 8, 9, 10));
    const before = own.memoryBytes;
    const second = await own.compile(program, state);
    const x = new Float32Array(2 * 100_000).fill(3);
    expect((await (await second.run({ x })).outputs["y"]!.read()).every((value) => value === 6)).toBe(true);
    expect(own.memoryBytes).toBeGreaterThan(before);
    const whereItWas = own.createState({ kept: slot(5) });
    expect(await (await first.run({ x: small })).outputs["y"]!.read()).toEqual(Float32Array.of(2, 4));
    expect(await state.read("kept")).toEqual(Float32Array.of(1, 2, 3, 4, 5));
    expect(await behind.read("kept")).toEqual(Float32Array.of(6, 7, 8, 9, 10));
    expect(await whereItWas.read("kept")).toEqual(new Float32Array(5));
    own.dispose();
  });
});

describe("mistakes", () => {
  it("in what is asked of a plan", async () => {
    const executable = await compile(doubling());
    expect(() => executable.plan(0)).toThrow(RangeError);
  });

  it("in a copy of more than four nested loops", async () => {
    const build = new GraphBuilder();
    const x = build.input("x", [2, 3, 4, 5, 6]);
    const program = build.program({ outputs: { y: build.transpose(x, [4, 3, 2, 1, 0]) } });
    const compiled = engine.compile(program, engine.createState({}));
    await expect(compiled).rejects.toMatchObject({ code: "ENGINE_OPERATION", details: { operation: "transpose" } });
  });

  it("in options", async () => {
    await expect(createWasmEngine({ maxMemoryBytes: 1 })).rejects.toThrow(/"maxMemoryBytes" expected 65536 to/);
    await expect(createWasmEngine({ build: "fast" as never })).rejects.toThrow(RangeError);
  });
});

describe("memory", () => {
  it("has a limit, and what exceeds it is refused with its size", async () => {
    const own = await createWasmEngine({ build: "simd128", maxMemoryBytes: 2 ** 20 });
    expect(() => own.createState({ p: slot(2 ** 19) })).toThrow(/the state needs 2097152 bytes/);
    const executable = await own.compile(doubling(), own.createState({}));
    const run = executable.run({ x: new Float32Array(2 * 200_000) });
    await expect(run).rejects.toMatchObject({ code: "ENGINE_MEMORY" });
    await expect(run).rejects.toThrow(/the program at batch 200000 needs \d{7} bytes/);
    expect(await (await executable.run({ x: Float32Array.of(1, 2) })).outputs["y"]!.read()).toEqual(
      Float32Array.of(2, 4),
    );
    const build = new GraphBuilder();
    const large = build.program({ outputs: { y: build.exp(build.broadcastTo(build.scalar(1), [2 ** 19])) } });
    await expect(own.compile(large, own.createState({}))).rejects.toMatchObject({ code: "ENGINE_MEMORY" });
    own.dispose();
  });

  it("is used again after disposal", async () => {
    const own = await createWasmEngine({ build: "simd128" });
    const cycle = async () => {
      const state = own.createState({ p: slot(50_000) });
      expect((await state.read("p")).every((value) => value === 0)).toBe(true);
      await state.write("p", new Float32Array(50_000).fill(1));
      const executable = await own.compile(doubling(), state);
      await executable.run({ x: new Float32Array(2000) });
      executable.dispose();
      state.dispose();
      return own.memoryBytes;
    };
    const first = await cycle();
    for (let i = 0; i < 20; i++) expect(await cycle()).toBe(first);
    own.dispose();
  });

  const length = 4096;
  const batches = 100;
  const constants = 4 * length;
  // Kept: the constants of eight sizes. Workspace: the largest result, and a hole left where it grew out of.
  it.each([
    ["constants", 10 * constants, (build: GraphBuilder, x: Node, ramp: Node) => build.mul(x, build.sum(ramp))],
    ["results", 2.5 * constants * batches, (build: GraphBuilder, x: Node, ramp: Node) => build.mul(x, ramp)],
  ] as const)("is not lost to %s of batch sizes gone by", async (_, limit, body) => {
    const own = await createWasmEngine({ build: "simd128" });
    const build = new GraphBuilder();
    const ramp = build.constant(
      [length],
      Array.from({ length }, (_value, i) => i),
    );
    const program = build.program({ outputs: { y: body(build, build.input("x", ["batch", 1]), ramp) } });
    const executable = await own.compile(program, own.createState({}));
    for (let batch = 1; batch <= batches; batch++) await executable.run({ x: new Float32Array(batch) });
    expect(own.memoryBytes).toBeLessThan(limit + 65_536);
    own.dispose();
  });
});

describe("an engine", () => {
  it("takes kernels compiled elsewhere and says which build it runs", async () => {
    const module = await WebAssembly.compile(await kernelBytes("simd128"));
    const own = await createWasmEngine({ build: "simd128", module });
    expect([own.name, own.build]).toEqual(["wasm", "simd128"]);
    const executable = await own.compile(doubling(), own.createState({}));
    expect(await (await executable.run({ x: Float32Array.of(1, 2) })).outputs["y"]!.read()).toEqual(
      Float32Array.of(2, 4),
    );
    own.dispose();
  });
});
