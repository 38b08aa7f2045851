/** What is particular about an engine on TensorFlow.js: nothing leaks, nobody is disturbed, what is missing is named. */
import { type Engine, GraphBuilder, interpret, referenceEngine } from "@isthmus/graph";
import { randomNormal, randomUniform } from "@isthmus/math";
import { createTfjsEngine, type TfjsEngine } from "@isthmus/tfjs";
import { createWasmEngine } from "@isthmus/wasm";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, describe, expect, it, vi } from "vitest";
import { vaeData, vaeTraining } from "../../graph/test/conformance/vae-programs.ts";

tf.env().set("PROD", true); // tfjs advertises its native backend on the console otherwise
await tf.setBackend("cpu");

const SMALL = { pixels: 12, hidden: 9, latent: 3 };
const backends = ["cpu", "wasm"] as const;
const training = vaeTraining(SMALL);
const { inputs, state: first } = vaeData(training, SMALL, 4);
const schedule = { "adam.stepSize": Float32Array.of(0.01), "adam.secondScale": Float32Array.of(1) };
const feed = (step: number) => ({ ...inputs, ...schedule, step: Int32Array.of(step, 0) });

/** A state with these tensors, and the training step on it. */
async function prepared(engine: Engine, tensors: Readonly<Record<string, Float32Array>> = first) {
  const state = engine.createState(training.state);
  for (const [name, values] of Object.entries(tensors)) await state.write(name, values);
  const executable = await engine.compile(training, state);
  const loss = async (step: number) => (await (await executable.run(feed(step))).outputs["loss"]!.read())[0]!;
  const tensorsNow = async () => {
    const read = Object.keys(training.state).map(async (name) => [name, await state.read(name)] as const);
    return Object.fromEntries(await Promise.all(read));
  };
  return { state, executable, loss, tensorsNow };
}

describe.each(backends)("tfjs:%s", (backend) => {
  it("holds the same number of arrays after every one of 1,000 steps, and none when it is done", async () => {
    const before = tf.memory();
    const engine = await createTfjsEngine({ backend });
    const others = engine.arrays;
    const { executable, state, loss } = await prepared(engine);
    await loss(0);
    const held = engine.arrays;
    for (let step = 1; step <= 1000; step++) {
      await loss(step);
      if (engine.arrays !== held) expect.fail(`${engine.arrays} arrays after step ${step}, ${held} after the first`);
    }
    executable.dispose();
    state.dispose();
    await engine.compile(training, engine.createState(training.state));
    engine.dispose();
    expect(engine.arrays).toBe(others);
    expect(tf.memory()).toEqual(before);
  });

  it("releases what a run made that failed", async () => {
    const engine = await createTfjsEngine({ backend });
    const { executable } = await prepared(engine);
    await executable.run(feed(0));
    const held = engine.arrays;
    // Asked when the run is called, when its turn comes, and before it commits.
    let asked = 0;
    const throwIfAborted = () => {
      if (++asked === 3) throw new Error("enough");
    };
    const run = executable.run(feed(1), { signal: { throwIfAborted } as AbortSignal });
    await expect(run).rejects.toThrow("enough");
    // The results of the run before are no more.
    expect(asked).toBe(3);
    expect(engine.arrays).toBe(held - Object.keys(training.outputs).length);
    engine.dispose();
  });

  it("takes runs in turn, each with what it was fed when it was asked for", async () => {
    const build = new GraphBuilder();
    const total = build.state("total", { shape: [], init: { kind: "zeros" } });
    const next = build.add(total, build.input("x", []));
    const program = build.program({ outputs: {}, updates: { total: next }, guard: next });
    const engine = await createTfjsEngine({ backend });
    const state = engine.createState(program.state);
    const executable = await engine.compile(program, state);
    const x = new Float32Array(1);
    const runs = [1, 10, 100].map((value) => {
      x[0] = value;
      return executable.run({ x });
    });
    const seen = state.read("total");
    const written = state.write("total", Float32Array.of(-1));
    await Promise.all(runs);
    expect(await seen).toEqual(Float32Array.of(111));
    await written;
    expect(await state.read("total")).toEqual(Float32Array.of(-1));
    engine.dispose();
  });

  it("draws the generator's noise", async () => {
    const build = new GraphBuilder();
    const [seed, step] = [build.input("seed", [2], "i32"), build.input("step", [2], "i32")];
    const program = build.program({
      outputs: {
        normal: build.randomNormal([7], { seed, step, stream: "a" }),
        uniform: build.randomUniform([7], { seed: build.reshape(seed, [2]), step, stream: "b" }),
      },
    });
    const engine = await createTfjsEngine({ backend });
    const executable = await engine.compile(program, engine.createState({}));
    const { outputs } = await executable.run({ seed: Int32Array.of(-3, 9), step: Int32Array.of(5, 1) });
    const key = { seed: [2 ** 32 - 3, 9], step: 2 ** 32 + 5 } as const;
    const [normal, uniform] = [new Float32Array(7), new Float32Array(7)];
    randomNormal(normal, { ...key, stream: "a" });
    randomUniform(uniform, { ...key, stream: "b" });
    expect(await outputs["normal"]!.read()).toEqual(normal);
    expect(await outputs["uniform"]!.read()).toEqual(uniform);
    engine.dispose();
  });

  it("passes on what is not a number, and infinities, where the interpreter does", async () => {
    const values = [NaN, Infinity, -Infinity, 0, -0, 3e38, -3e38, 1];
    const build = new GraphBuilder();
    const x = build.input("x", [8, 1]);
    const unary = ["neg", "abs", "sign", "step", "exp", "expm1", "log", "log1p", "sqrt", "square", "sigmoid", "tanh"];
    const more = ["softplus", "relu", "erf", "stopGradient"];
    const binary = ["add", "sub", "mul", "div", "maximum", "minimum", "greater", "equal"];
    const column = build.reshape(x, [1, 8]);
    const named = [
      ...[...unary, ...more].map((op) => [op, build.emit(op, [x])] as const),
      ...binary.map((op) => [op, build.emit(op, [x, column])] as const),
      ["select", build.select(x, build.scalar(1), column)] as const,
      ["sum", build.sum(build.add(x, column), { axes: [1] })] as const,
      ["max", build.max(build.add(x, column), { axes: [1] })] as const,
      ["matmul", build.matmul(x, build.constant([1, 2], [1, 0]))] as const,
      ["maxPool2d", build.maxPool2d(build.reshape(x, [1, 4, 2, 1]), 2)] as const,
    ];
    const program = build.program({ outputs: Object.fromEntries(named) });
    const fed = { x: Float32Array.from(values) };
    const wanted = interpret(program, { inputs: fed, state: {}, batch: 1 }).outputs;
    const engine = await createTfjsEngine({ backend });
    const { outputs } = await (await engine.compile(program, engine.createState({}))).run(fed);
    const kind = (value: number) =>
      Number.isNaN(value) ? "NaN" : Math.abs(value) > 3.5e38 ? Math.sign(value) : "finite";
    for (const [name, handle] of Object.entries(outputs)) {
      const got = Array.from(await handle.read(), kind);
      expect(got, name).toEqual(Array.from(wanted[name]!.data, kind));
    }
    engine.dispose();
  });

  it("adds up many numbers without losing them", async () => {
    const build = new GraphBuilder();
    const x = build.input("x", ["batch"]);
    const program = build.program({ outputs: { y: build.sum(x) } });
    const engine = await createTfjsEngine({ backend });
    const { outputs } = await (
      await engine.compile(program, engine.createState({}))
    ).run({
      x: new Float32Array(1e6).fill(0.1),
    });
    // Two sums of 1,000 terms: 2,000 roundings of 2^-24 at the most. One of a million is wrong by 1 % here.
    expect(Math.abs((await outputs["y"]!.read())[0]! / 1e5 - 1)).toBeLessThan(2000 * 2 ** -24);
    engine.dispose();
  });

  it("takes over from another engine in mid-training, parameters to the bit, and goes on with the curve", async () => {
    const [reference, ours, here] = [
      referenceEngine(),
      await createWasmEngine({ build: "simd128" }),
      await createTfjsEngine({ backend }),
    ];
    const whole = await prepared(reference);
    const begun = await prepared(ours);
    for (let step = 0; step < 5; step++) {
      await whole.loss(step);
      await begun.loss(step);
    }
    const tensors = await begun.tensorsNow();
    const resumed = await prepared(here, tensors);
    expect(await resumed.tensorsNow()).toEqual(tensors);
    for (let step = 5; step < 10; step++) {
      const wanted = await whole.loss(step);
      // Ten steps of some hundred roundings of 2^-24 each, which Adam, dividing by the size of gradients, passes on as they are.
      expect(Math.abs((await resumed.loss(step)) / wanted - 1)).toBeLessThan(1000 * 2 ** -24);
    }
    for (const engine of [reference, ours, here]) engine.dispose();
  });
});

describe("beside others", () => {
  it("engines do not disturb one another, nor what their process does with tf", async () => {
    expect(await tf.setBackend("cpu")).toBe(true);
    const alone = async (backend: (typeof backends)[number]) => {
      const engine = await createTfjsEngine({ backend });
      const { loss } = await prepared(engine);
      const losses: number[] = [];
      for (let step = 0; step < 5; step++) losses.push(await loss(step));
      engine.dispose();
      return losses;
    };
    const expected = await Promise.all([alone("cpu"), alone("wasm"), alone("cpu"), alone("wasm")]);
    const engines: TfjsEngine[] = [];
    for (const backend of [...backends, ...backends]) engines.push(await createTfjsEngine({ backend }));
    const jobs = await Promise.all(engines.map((engine) => prepared(engine)));
    const kept = tf.tensor1d([1, 2, 3]);
    const before = tf.memory().numTensors;
    const losses: number[][] = engines.map(() => []);
    for (let step = 0; step < 5; step++) {
      const running = jobs.map(({ loss }) => loss(step));
      const squares = tf.tidy(() => Array.from(tf.square(kept).dataSync()));
      expect([tf.getBackend(), ...squares]).toEqual(["cpu", 1, 4, 9]);
      (await Promise.all(running)).forEach((loss, i) => losses[i]!.push(loss));
    }
    expect(losses).toEqual(expected);
    expect(tf.memory().numTensors).toBe(before);
    for (const engine of engines) engine.dispose();
    expect(await tf.setBackend("wasm")).toBe(true);
    expect(Array.from(await tf.square(kept).data())).toEqual([1, 4, 9]);
    expect(await alone("wasm")).toEqual(expected[1]);
    await tf.setBackend("cpu");
    kept.dispose();
  });

  it("a wasm backend that was replaced is no longer used", async () => {
    const engine = await createTfjsEngine({ backend: "wasm" });
    const { executable, state } = await prepared(engine);
    const factory = tf.findBackendFactory("wasm");
    tf.removeBackend("wasm");
    tf.registerBackend("wasm", factory);
    const lost = { code: "TFJS_BACKEND_LOST" };
    await expect(executable.run(feed(0))).rejects.toMatchObject(lost);
    await expect(state.read("encoder.dense0.kernel")).rejects.toMatchObject(lost);
    expect(() => engine.createState({})).toThrow(/another "wasm" backend/);
    const next = await createTfjsEngine({ backend: "wasm" });
    const { loss } = await prepared(next);
    expect(await loss(0)).toBeGreaterThan(0);
    next.dispose();
  });
});

describe("what is missing is named", () => {
  afterEach(() => {
    vi.doUnmock("@tensorflow/tfjs-core");
    vi.doUnmock("@tensorflow/tfjs-backend-cpu");
    vi.resetModules();
  });

  const fresh = async () => {
    vi.resetModules();
    return (await import("../src/index.ts")).createTfjsEngine;
  };

  it("a backend that is none", async () => {
    const made = createTfjsEngine({ backend: "tensorflow" as never });
    await expect(made).rejects.toThrow(/"backend" expected cpu or wasm or webgpu or webgl, got tensorflow/);
  });

  it("a module, with how to install it", async () => {
    vi.doMock("@tensorflow/tfjs-backend-cpu", () => {
      throw new Error("Cannot find package");
    });
    const made = (await fresh())({ backend: "cpu" });
    await expect(made).rejects.toMatchObject({
      code: "TFJS_MISSING",
      details: { module: "@tensorflow/tfjs-backend-cpu" },
    });
    await expect((await fresh())({ backend: "cpu" })).rejects.toThrow(
      /npm install @tensorflow\/tfjs-backend-cpu@4\.22\.0$/,
    );
  });

  it("the version it was tested with", async () => {
    vi.doMock("@tensorflow/tfjs-core", async (original) => ({ ...(await original<object>()), version_core: "4.21.0" }));
    const made = (await fresh())({ backend: "cpu" });
    await expect(made).rejects.toMatchObject({ code: "TFJS_VERSION" });
    await expect((await fresh())({ backend: "cpu" })).rejects.toThrow(
      "the tfjs engine expected tfjs-core 4.22.0, got 4.21.0; install that version",
    );
  });

  it("a machine without what the backend needs", async () => {
    const made = createTfjsEngine({ backend: "webgl" });
    await expect(made).rejects.toMatchObject({ code: "TFJS_NO_DEVICE", details: { backend: "webgl" } });
  });
});
