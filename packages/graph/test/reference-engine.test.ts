import { IsthmusError } from "@isthmus/math";
import { describe, expect, it } from "vitest";
import { type EngineState, GraphBuilder, type HostArray, referenceEngine } from "../src/index.ts";

const zeros = { kind: "zeros" } as const;

/** y = x w; w' = w + sum over the batch of x; guard = the sum of log x. */
function program() {
  const build = new GraphBuilder();
  const x = build.input("x", ["batch", 2]);
  const w = build.state("w", { shape: [2], init: zeros });
  const next = build.add(w, build.sum(x, { axes: [0] }));
  return build.program({ outputs: { y: build.mul(x, w) }, updates: { w: next }, guard: build.sum(build.log(x)) });
}

async function setUp() {
  const engine = referenceEngine();
  const state = engine.createState(program().state);
  const executable = await engine.compile(program(), state);
  return { engine, state, executable };
}

const code = async (act: () => unknown): Promise<string> => {
  try {
    await act();
    return "none";
  } catch (error) {
    return error instanceof IsthmusError ? error.code : (error as Error).constructor.name;
  }
};

const x = Float32Array.of(1, 2, 3, 4);

describe("state", () => {
  it("starts at zero, and is copied in and out", async () => {
    const { state } = await setUp();
    expect(await state.read("w")).toEqual(new Float32Array(2));
    const values = Float32Array.of(5, 6);
    await state.write("w", values);
    values[0] = 0;
    const read = await state.read("w");
    read[1] = 0;
    expect(await state.read("w")).toEqual(Float32Array.of(5, 6));
  });

  it("refuses unknown names and values of another kind or length", async () => {
    const { state } = await setUp();
    await expect(state.read("v")).rejects.toThrow(new RangeError(`state: no tensor "v"`));
    await expect(state.read("constructor")).rejects.toThrow(RangeError);
    await expect(state.write("v", x)).rejects.toThrow(RangeError);
    await expect(state.write("w", x)).rejects.toThrow(new RangeError(`state "w": "values" expected 2 for [2], got 4`));
    await expect(state.write("w", [1, 2] as unknown as Float32Array)).rejects.toThrow(TypeError);
  });
});

describe("a run", () => {
  it("reads before it updates, and updates only when the guard is finite", async () => {
    const { state, executable } = await setUp();
    await state.write("w", Float32Array.of(1, 10));
    const first = await executable.run({ x });
    expect(first.committed).toBe(true);
    expect(first.outputs["y"]!.shape).toEqual([2, 2]);
    expect(await first.outputs["y"]!.read()).toEqual(Float32Array.of(1, 20, 3, 40));
    expect(await state.read("w")).toEqual(Float32Array.of(5, 16));
    for (const bad of [0, -1, Number.NaN, Infinity]) {
      const result = await executable.run({ x: Float32Array.of(1, bad) });
      expect(result.committed).toBe(false);
      expect(await state.read("w")).toEqual(Float32Array.of(5, 16));
    }
  });

  it("commits without a guard, non-finite values as well", async () => {
    const { guard, ...unguarded } = program();
    expect(guard).toBeDefined();
    const engine = referenceEngine();
    const state = engine.createState(unguarded.state);
    const executable = await engine.compile(unguarded, state);
    expect((await executable.run({ x: Float32Array.of(1, Infinity) })).committed).toBe(true);
    expect(await state.read("w")).toEqual(Float32Array.of(1, Infinity));
  });

  it("rounds state to float32", async () => {
    const { state, executable } = await setUp();
    await state.write("w", Float32Array.of(2 ** 24, 0));
    await executable.run({ x: Float32Array.of(1, 1) });
    expect(await state.read("w")).toEqual(Float32Array.of(2 ** 24, 1));
  });

  it("follows the lengths of the inputs, at any batch size", async () => {
    const { executable } = await setUp();
    for (const batch of [1, 3, 7]) {
      const { outputs } = await executable.run({ x: new Float32Array(2 * batch).fill(1) });
      expect(outputs["y"]!.shape).toEqual([batch, 2]);
    }
  });

  it("refuses inputs that do not fit, by name", async () => {
    const { executable } = await setUp();
    const run = (inputs: Record<string, unknown>, batch?: unknown) =>
      executable.run(inputs as Record<string, HostArray>, batch === undefined ? {} : { batch: batch as number });
    await expect(run({})).rejects.toThrow(new TypeError(`run: input "x" expected Float32Array, got nothing`));
    await expect(run({ x: null })).rejects.toThrow(new TypeError(`run: input "x" expected Float32Array, got Null`));
    await expect(run({ x: [1, 2] })).rejects.toThrow(new TypeError(`run: input "x" expected Float32Array, got Array`));
    await expect(run({ x: Object.create(null) })).rejects.toThrow(TypeError);
    await expect(run({ x: new Float64Array(2) })).rejects.toThrow(`got Float64Array`);
    await expect(run({ x: Uint8Array.of(1, 2) })).rejects.toThrow(`got Uint8Array`);
    await expect(run({ x, y: x })).rejects.toThrow(new TypeError(`run: unknown input "y"; expected x`));
    await expect(run({ x, constructor: x })).rejects.toThrow(
      new TypeError(`run: unknown input "constructor"; expected x`),
    );
    const length = (got: number) =>
      new RangeError(`run: input "x" of shape [batch, 2] expected a positive multiple of 2 values, got ${got}`);
    await expect(run({ x: new Float32Array(3) })).rejects.toThrow(length(3));
    await expect(run({ x: new Float32Array(0) })).rejects.toThrow(length(0));
    await expect(run({ x }, 3)).rejects.toThrow(new RangeError(`run: input "x" has batch 2, expected 3`));
    for (const bad of [0, -1, 1.5, "2", Number.NaN]) await expect(run({ x }, bad)).rejects.toThrow(RangeError);
    expect((await run({ x }, 2)).committed).toBe(true);
  });

  it("takes the batch from inputs that have one, else from the caller, else 1", async () => {
    const build = new GraphBuilder();
    const total = build.mul(build.sum(build.input("a", [])), build.size(build.input("b", ["batch"])));
    const both = build.program({ outputs: { total } });
    const onlySize = build.program({ outputs: { size: build.size(build.broadcastTo(build.scalar(2), ["batch"])) } });
    const engine = referenceEngine();
    const state = engine.createState({});
    const sizeOf = await engine.compile(onlySize, state);
    expect(await (await sizeOf.run({})).outputs["size"]!.read()).toEqual(Float32Array.of(1));
    expect(await (await sizeOf.run({}, { batch: 5 })).outputs["size"]!.read()).toEqual(Float32Array.of(5));
    const executable = await engine.compile(both, state);
    await expect(executable.run({ a: Float32Array.of(1, 2) })).rejects.toThrow(
      new RangeError(`run: input "a" of shape [] expected 1 values, got 2`),
    );
  });

  it("draws the same noise for the same seed and step, whatever the batch", async () => {
    const build = new GraphBuilder();
    const [seed, step] = [build.input("seed", [2], "i32"), build.input("step", [2], "i32")];
    const eps = build.randomNormal(["batch", 2], { seed, step, stream: "eps" });
    const engine = referenceEngine();
    const executable = await engine.compile(build.program({ outputs: { eps } }), engine.createState({}));
    const draw = async (low: number, high: number, at: number, batch: number) =>
      (await executable.run({ seed: Int32Array.of(low, high), step: Int32Array.of(at, 0) }, { batch })).outputs[
        "eps"
      ]!.read();
    const few = await draw(7, -1, 3, 2);
    expect((await draw(7, -1, 3, 5)).slice(0, 4)).toEqual(few);
    for (const other of [await draw(8, -1, 3, 2), await draw(7, 0, 3, 2), await draw(7, -1, 4, 2)])
      expect(other).not.toEqual(few);
  });

  it("that was aborted does nothing", async () => {
    const { state, executable } = await setUp();
    const reason = new Error("enough");
    await expect(executable.run({ x }, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(await state.read("w")).toEqual(new Float32Array(2));
    expect((await executable.run({ x }, { signal: new AbortController().signal })).committed).toBe(true);
  });
});

describe("handles", () => {
  it("may be read again and give copies", async () => {
    const { executable } = await setUp();
    const { outputs } = await executable.run({ x });
    (await outputs["y"]!.read()).fill(9);
    expect(await outputs["y"]!.read()).toEqual(new Float32Array(4));
  });

  it("are stale after a later run on the same engine, also of another program, and not of another engine", async () => {
    const { engine, state, executable } = await setUp();
    const build = new GraphBuilder();
    const other = await engine.compile(build.program({ outputs: { one: build.scalar(1) } }), state);
    const elsewhere = await setUp();
    const first = await executable.run({ x });
    await elsewhere.executable.run({ x });
    expect(await code(() => first.outputs["y"]!.read())).toBe("none");
    await expect(executable.run({})).rejects.toThrow(TypeError);
    expect(await code(() => first.outputs["y"]!.read())).toBe("none");
    const second = await other.run({});
    expect(await code(() => first.outputs["y"]!.read())).toBe("ENGINE_STALE_HANDLE");
    expect(await code(() => second.outputs["one"]!.read())).toBe("none");
  });
});

describe("compile", () => {
  it("refuses a state of another engine, without a tensor, or with it in another shape", async () => {
    const { engine } = await setUp();
    await expect(engine.compile(program(), referenceEngine().createState(program().state))).rejects.toThrow(
      new TypeError(`compile: "state" expected one made by this engine's createState`),
    );
    await expect(engine.compile(program(), {} as EngineState)).rejects.toThrow(TypeError);
    await expect(engine.compile(program(), engine.createState({}))).rejects.toThrow(
      new RangeError(`state: no tensor "w"`),
    );
    const other = engine.createState({ w: { shape: [3], init: zeros } });
    await expect(engine.compile(program(), other)).rejects.toThrow(
      new RangeError(`compile: state "w" expected [2], got [3]`),
    );
  });

  it("lets programs share a state", async () => {
    const { engine, state, executable } = await setUp();
    const again = await engine.compile(program(), state);
    await executable.run({ x });
    await again.run({ x });
    expect(await state.read("w")).toEqual(Float32Array.of(8, 12));
  });
});

describe("what was disposed of", () => {
  it("throws ENGINE_DISPOSED, each for its own", async () => {
    const { engine, state, executable } = await setUp();
    const other = await engine.compile(program(), state);
    const { outputs } = await executable.run({ x });
    executable.dispose();
    executable.dispose();
    expect(await code(() => executable.run({ x }))).toBe("ENGINE_DISPOSED");
    expect(await code(() => outputs["y"]!.read())).toBe("none");
    expect(await code(() => other.run({ x }))).toBe("none");
    state.dispose();
    for (const act of [() => other.run({ x }), () => state.read("w"), () => state.write("w", x)])
      expect(await code(act)).toBe("ENGINE_DISPOSED");
    expect(await code(() => engine.createState({}))).toBe("none");
    engine.dispose();
    const acts = [() => engine.createState({}), () => engine.compile(program(), state), () => outputs["y"]!.read()];
    for (const act of acts) expect(await code(act)).toBe("ENGINE_DISPOSED");
  });
});
