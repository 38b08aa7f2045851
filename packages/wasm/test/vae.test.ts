import { GraphBuilder, interpret } from "@isthmus/graph";
import { createWasmEngine, type WasmEngine } from "@isthmus/wasm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MNIST, vaeData, vaeGradients, vaeTraining } from "../../graph/test/conformance/vae-programs.ts";

let engine: WasmEngine;
beforeAll(async () => {
  engine = await createWasmEngine({ build: "simd128" });
});
afterAll(() => engine.dispose());

const SMALL = { pixels: 12, hidden: 9, latent: 3 };

describe("the dense VAE", () => {
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
    // Five layers: one product forward, one for the kernel's gradient, one for the input's except the first layer's. The first and the last count
    // zeros of their input, which is data and what relu made: the other three have too few columns. The first also counts those of what comes back
    // through its relu, for its kernel's gradient.
    expect(count("countNonZero")).toBe(3);
    expect(count("sparseGemm")).toBe(2 + 2);
    expect(count("gemm")).toBe(3 + 3 + 3);
    // Back through the decoder's hidden layer.
    expect(count("gatedGemm")).toBe(1);
    expect(count("adam")).toBe(1);
    // The loss with its gradient, whose exponentials are the same.
    expect(count("sigmoidCrossEntropyBoth")).toBe(1);
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
      // Back through the decoder's hidden layer; the encoder's takes the sum of two gradients.
      [expect.stringMatching(/^matmul#/), expect.stringMatching(/^reluGrad#/)],
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
