import { adam, conv2d, conv2dTranspose, dense, GraphBuilder, initialise, type Program, vjp } from "@isthmus/graph";
import { randomUniform } from "@isthmus/math";
import { type KernelBuild, probe } from "@isthmus/kernels";
import { createWasmEngine, type WasmEngine } from "@isthmus/wasm";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectConforms } from "./conformance.ts";

function values(n: number, stream: string): Float32Array {
  const out = new Float32Array(n);
  randomUniform(out, { seed: 5, stream });
  return out.map((x) => 2 * x - 1);
}

const pair = (max: number) => fc.tuple(fc.integer({ min: 1, max }), fc.integer({ min: 1, max }));
const pads = fc.tuple(fc.nat(2), fc.nat(2));
const shape = fc.record({
  size: pair(9),
  window: pair(4),
  strides: pair(3),
  dilations: pair(2),
  padding: fc.oneof(fc.constant("same" as const), fc.constant("valid" as const), fc.tuple(pads, pads)),
  inputs: fc.integer({ min: 1, max: 9 }),
  outputs: fc.integer({ min: 1, max: 12 }),
  batch: fc.integer({ min: 1, max: 3 }),
});

type Shapes = typeof shape extends fc.Arbitrary<infer T> ? T : never;
type Made = { readonly program: Program; readonly inputs: Readonly<Record<string, Float32Array>> };

/** An operation and its gradients by everything it takes, when its window fits. */
function withGradients(op: "conv2d" | "conv2dTranspose" | "depthwiseConv2d", of: Shapes): Made | undefined {
  const build = new GraphBuilder();
  const { size, window, inputs, outputs, batch } = of;
  const x = build.input("x", ["batch", ...size, inputs]);
  const last = op === "conv2dTranspose" ? [outputs, inputs] : [inputs, op === "conv2d" ? outputs : 1 + (outputs % 3)];
  const filter = build.input("filter", [...window, ...last]);
  try {
    const y = build[op](x, filter, of);
    const g = build.input("g", y.shape);
    const [dx, df] = vjp(build, [y], [x, filter], [g]);
    const program = build.program({ outputs: { y, dx: dx!, df: df! } });
    const count = (name: string) =>
      program.nodes[program.inputs[name]!]!.shape.reduce<number>((n, dim) => n * (dim === "batch" ? batch : dim), 1);
    return {
      program,
      inputs: Object.fromEntries(["x", "filter", "g"].map((name) => [name, values(count(name), name)])),
    };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

const builds: readonly KernelBuild[] = probe().relaxedSimd ? ["simd128", "relaxed"] : ["simd128"];

describe.each(builds)("%s", (build) => {
  let engine: WasmEngine;
  beforeAll(async () => {
    engine = await createWasmEngine({ build });
  });
  afterAll(() => engine.dispose());

  it.each(["conv2d", "conv2dTranspose", "depthwiseConv2d"] as const)(
    "%s and its gradients agree with the interpreter",
    async (op) => {
      let fitted = 0;
      await fc.assert(
        fc.asyncProperty(shape, async (of) => {
          const made = withGradients(op, of);
          if (!made) return;
          fitted++;
          await expectConforms(engine, made.program, { inputs: made.inputs, batch: of.batch });
        }),
        { numRuns: 120, seed: 20261121 },
      );
      expect(fitted).toBeGreaterThan(60);
    },
  );

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
