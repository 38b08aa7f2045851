import { GraphBuilder, interpret, vjp } from "@isthmus/graph";
import { createWasmEngine, type WasmEngine } from "@isthmus/wasm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectConforms } from "./conformance.ts";
import { MNIST, vaeData, vaeGradients, vaeTraining } from "./vae.ts";

let engine: WasmEngine;
beforeAll(async () => {
  engine = await createWasmEngine({ build: "simd128" });
});
afterAll(() => engine.dispose());

const SMALL = { pixels: 12, hidden: 9, latent: 3 };

describe("the dense VAE", () => {
  it.each([1, 5])("has the interpreter's loss and gradients at batch %i", async (batch) => {
    const program = vaeGradients(SMALL);
    await expectConforms(engine, program, { ...vaeData(program, SMALL, batch), batch });
  });

  it("has the gradients of central differences", async () => {
    const program = vaeGradients(SMALL);
    const { inputs, state } = vaeData(program, SMALL, 4);
    const own = engine.createState(program.state);
    for (const [name, values] of Object.entries(state)) await own.write(name, values);
    const { outputs } = await (await engine.compile(program, own)).run(inputs);
    const lossAt = (name: string, index: number, shift: number): number => {
      const moved = Float64Array.from(state[name]!);
      moved[index]! += shift;
      return interpret(program, { inputs, state: { ...state, [name]: moved }, batch: 4 }).outputs["loss"]!.data[0]!;
    };
    // Truncation h^2 f'''/6 ~ 1e-10 and rounding 1e-16 * loss / h ~ 1e-10 are far below the engine's own error, which the
    // test above bounds: some roundings of 2^-24 on the way through five layers. Measured: 2.8 * 2^-24 of the largest.
    const h = 1e-5;
    for (const name of Object.keys(state)) {
      const slopes = await outputs[name]!.read();
      const scale = Math.max(...slopes.map(Math.abs));
      for (let index = 0; index < slopes.length; index += 5) {
        const difference = (lossAt(name, index, h) - lossAt(name, index, -h)) / (2 * h);
        expect(Math.abs(slopes[index]! - difference), `${name}[${index}]`).toBeLessThan(10 * 2 ** -24 * scale);
      }
    }
  });

  it("takes the interpreter's training step", async () => {
    const program = vaeTraining(SMALL);
    const { inputs, state } = vaeData(program, SMALL, 4);
    const schedule = { "adam.stepSize": Float32Array.of(0.01), "adam.secondScale": Float32Array.of(31.6) };
    await expectConforms(engine, program, { inputs: { ...inputs, ...schedule }, state, batch: 4 });
  });

  it("repeats itself bit for bit", async () => {
    const run = async () => {
      const program = vaeTraining(SMALL);
      const { inputs, state } = vaeData(program, SMALL, 4);
      const own = engine.createState(program.state);
      for (const [name, values] of Object.entries(state)) await own.write(name, values);
      const executable = await engine.compile(program, own);
      const schedule = { "adam.stepSize": Float32Array.of(0.01), "adam.secondScale": Float32Array.of(1) };
      for (let step = 0; step < 10; step++) {
        await executable.run({ ...inputs, step: Int32Array.of(step, 0), ...schedule });
      }
      return Promise.all(Object.keys(program.state).map((name) => own.read(name)));
    };
    expect(await run()).toEqual(await run());
  });
});

describe("derivatives of derivatives", () => {
  it("conform: a penalty on the slope of a network", async () => {
    const build = new GraphBuilder();
    const x = build.input("x", ["batch", 4]);
    const init = { kind: "zeros" } as const;
    const w1 = build.state("w1", { shape: [4, 6], init });
    const w2 = build.state("w2", { shape: [6, 3], init });
    const target = build.input("target", ["batch", 3]);
    const logits = build.matmul(build.tanh(build.matmul(x, w1)), w2);
    const loss = build.mean(build.sigmoidCrossEntropy(logits, target));
    const [slope] = vjp(build, [loss], [x], [build.scalar(1)]);
    const penalty = build.sum(build.square(slope!));
    const [g1, g2] = vjp(build, [penalty], [w1, w2], [build.scalar(1)]);
    const program = build.program({ outputs: { penalty, g1: g1!, g2: g2! } });
    const inputs = {
      x: Float32Array.from({ length: 20 }, (_, i) => Math.sin(i)),
      target: Float32Array.from({ length: 15 }, (_, i) => (i % 4) / 3),
    };
    const state = {
      w1: Float32Array.from({ length: 24 }, (_, i) => Math.cos(3 * i) / 2),
      w2: Float32Array.from({ length: 18 }, (_, i) => Math.sin(5 * i) / 2),
    };
    await expectConforms(engine, program, { inputs, state, batch: 5 });
    const at = (shift: number) => {
      const moved = Float64Array.from(state.w1, (w, i) => (i === 2 ? w + shift : w));
      return interpret(program, { inputs, state: { ...state, w1: moved }, batch: 5 }).outputs;
    };
    const difference = (at(1e-5)["penalty"]!.data[0]! - at(-1e-5)["penalty"]!.data[0]!) / 2e-5;
    expect(at(0)["g1"]!.data[2]).toBeCloseTo(difference, 8);
  });
});

describe("a plan", () => {
  it("reduces neighbouring axes in one call, whatever of size 1 lies between", async () => {
    const build = new GraphBuilder();
    const x = build.input("x", [2, 3, 1, "batch", 5]);
    const program = build.program({
      outputs: { y: build.sum(x, { axes: [1, 3] }), z: build.sum(x, { axes: [0, 4] }) },
    });
    const executable = await engine.compile(program, engine.createState({}));
    expect(executable.plan(7).calls.map(({ kernel }) => kernel)).toEqual(["sum", "sum", "sum"]);
  });
});

describe("the plan of a training step, 784-400-20", () => {
  it("is this much work", async () => {
    const program = vaeTraining(MNIST);
    const executable = await engine.compile(program, engine.createState(program.state));
    const { calls, workspaceBytes, flops } = executable.plan(128);
    const count = (kernel: string) => calls.filter((call) => call.kernel === kernel).length;
    expect(calls.length).toBe(54);
    expect(count("countNonZero")).toBe(1);
    // Five layers: one product forward, one for the kernel's gradient, one for the input's except the first layer's.
    expect(count("gemm")).toBe(4 + 4 + 4);
    expect(count("sparseGemm")).toBe(1 + 1);
    expect(count("adam")).toBe(1);
    expect(count("copyStrided") + count("copy")).toBe(0);
    const layers = calls
      .filter(({ kernel, nodes }) => kernel.endsWith("emm") && nodes.length > 1)
      .map(({ nodes }) => nodes);
    expect(layers).toEqual([
      ["encoder/dense0/matmul", "encoder/dense0/bias", "encoder/dense0/relu"],
      ["encoder/mu/matmul", "encoder/mu/bias"],
      ["encoder/logVar/matmul", "encoder/logVar/bias"],
      ["decoder/dense0/matmul", "decoder/dense0/bias", "decoder/dense0/relu"],
      ["decoder/out/matmul", "decoder/out/bias"],
    ]);
    const gemmFlops = 2 * 128 * (784 * 400 * 2 + 400 * 20 * 3) * 3 - 2 * 128 * 784 * 400;
    expect(flops).toBeGreaterThan(gemmFlops);
    expect(flops).toBeLessThan(1.05 * gemmFlops);
    // All gradients live until the commit; besides them never more than three arrays of the size of the data.
    const gradients = Object.entries(program.state)
      .filter(([name]) => !name.startsWith("opt."))
      .reduce((sum, [, { shape }]) => sum + 4 * shape.reduce((a, b) => a * b, 1), 0);
    expect(workspaceBytes).toBeGreaterThan(gradients);
    expect(workspaceBytes).toBeLessThan(gradients + 3 * 4 * 128 * 784);
  });
});
