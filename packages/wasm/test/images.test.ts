import { adam, conv2d, conv2dTranspose, dense, GraphBuilder, initialise, type Program, vjp } from "@isthmus/graph";
import { randomUniform } from "@isthmus/math";
import { type KernelBuild, probe } from "@isthmus/kernels";
import { createWasmEngine, type WasmEngine } from "@isthmus/wasm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { imagesConform } from "../../graph/test/conformance/images.ts";

function values(n: number, stream: string): Float32Array {
  const out = new Float32Array(n);
  randomUniform(out, { seed: 5, stream });
  return out.map((x) => 2 * x - 1);
}

const builds: readonly KernelBuild[] = probe().relaxedSimd ? ["simd128", "relaxed"] : ["simd128"];

describe.each(builds)("%s", (build) => {
  let engine: WasmEngine;
  beforeAll(async () => {
    engine = await createWasmEngine({ build });
  });
  afterAll(() => engine.dispose());

  imagesConform(() => engine);

  it("runs a convolution with its bias and activation as one call, and so its transpose", async () => {
    const program = autoencoder();
    const state = engine.createState(program.state);
    const executable = await engine.compile(program, state);
    const forward = executable
      .plan(4)
      .calls.filter(({ nodes }) => nodes.some((name) => name.startsWith("up") || name.startsWith("down")));
    expect(forward.map(({ kernel, nodes }) => [kernel, ...nodes])).toEqual([
      ["conv2d", "down0/conv", "down0/bias", "down0/relu"],
      ["conv2d", "down1/conv", "down1/bias", "down1/relu"],
      ["conv2dInputGrad", "up0/conv", "up0/bias", "up0/relu"],
      ["conv2dInputGrad", "up1/conv", "up1/bias"],
    ]);
    executable.dispose();
    state.dispose();
  });

  it("trains a convolutional autoencoder: the loss falls by half", async () => {
    const program = autoencoder();
    const state = engine.createState(program.state);
    for (const [name, tensor] of Object.entries(initialise(program.state, 1))) await state.write(name, tensor);
    const executable = await engine.compile(program, state);
    const x = values(4 * 64, "images").map((value) => Number(value > 0));
    const losses: number[] = [];
    for (let step = 0; step < 60; step++) {
      const { outputs } = await executable.run({
        x,
        "adam.stepSize": Float32Array.of(0.01),
        "adam.secondScale": Float32Array.of(1),
      });
      losses.push((await outputs["loss"]!.read())[0]!);
    }
    expect(losses.at(-1)).toBeLessThan(losses[0]! / 2);
    executable.dispose();
    state.dispose();
  });
});

/** 8 x 8 images through two convolutions, a dense layer and back; one step of Adam. */
function autoencoder(): Program {
  const build = new GraphBuilder();
  const x = build.input("x", ["batch", 8, 8, 1]);
  const moves = { window: 4, strides: 2, padding: "same" } as const;
  const first = conv2d(build, x, { name: "down0", filters: 6, activation: "relu", ...moves });
  const second = conv2d(build, first, { name: "down1", filters: 12, activation: "relu", ...moves });
  const code = dense(build, build.reshape(second, ["batch", 48]), { name: "code", units: 48, activation: "relu" });
  const third = conv2dTranspose(build, build.reshape(code, ["batch", 2, 2, 12]), {
    name: "up0",
    filters: 6,
    activation: "relu",
    ...moves,
  });
  const logits = conv2dTranspose(build, third, { name: "up1", filters: 1, ...moves });
  const loss = build.mean(build.sigmoidCrossEntropy(logits, x));
  const spec = build.stateSpec;
  const parameters = Object.fromEntries(
    Object.entries(spec).map(([name, tensor]) => [name, build.state(name, tensor)]),
  );
  const slopes = vjp(build, [loss], Object.values(parameters), [build.scalar(1)]);
  const gradients = Object.fromEntries(Object.keys(parameters).map((name, i) => [name, slopes[i]!]));
  return build.program({ outputs: { loss }, updates: adam(build, parameters, gradients) });
}
