/** The zoo's own training programs, compiled: what the engine computes beside the interpreter and central differences. */
import { initialise, interpret, optimiserKinds, type Program, trainingStep } from "@isthmus/graph";
import { IsthmusError, randomUniform } from "@isthmus/math";
import { autoencoder, vae, type ModelDefinition } from "@isthmus/models";
import { createWasmEngine, type WasmEngine } from "@isthmus/wasm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { family } from "../../models/test/support/family.ts";
import { isSurrogate, vaeFamily } from "../../models/test/support/vae-family.ts";
import { expectConforms } from "../../graph/test/conformance/conforms.ts";

const small = { inputShape: [13], trunk: { kind: "dense", hidden: [9, 6] }, latent: 3 } as const;
const conv = { kind: "conv", channels: [2, 4], kernel: 3, hidden: [6] } as const;
const models: readonly (readonly [string, ModelDefinition])[] = [
  ["VAE, Bernoulli", vae(small)],
  ["VAE, Gaussian", vae({ ...small, likelihood: { kind: "gaussian" } })],
  ["VAE, dynamic binarisation", vae({ ...small, binarize: "dynamic" })],
  ["VAE, one learned variance", vae({ ...small, likelihood: { kind: "gaussian", variance: "shared" } })],
  ["VAE, a variance for each feature", vae({ ...small, likelihood: { kind: "gaussian", variance: "perFeature" } })],
  ["VAE, discretised logistic", vae({ ...small, likelihood: { kind: "discretisedLogistic" } })],
  ["VAE, convolutions", vae({ ...small, inputShape: [13, 1, 1], trunk: conv })],
  ["VAE, another decoder", vae({ ...small, decoder: { kind: "dense", hidden: [5], activation: "tanh" } })],
  ["autoencoder, Bernoulli", autoencoder(small)],
  ["autoencoder, Gaussian", autoencoder({ ...small, likelihood: { kind: "gaussian" } })],
  ...vaeFamily(13),
  ...family({ inputShape: [13], trunk: { kind: "dense", hidden: [9] }, latent: 4 }),
];

const BATCH = 5;
/** 1 - beta1: from zero, Adam's first moment after one step is this times the gradient. */
const SHARE = 1 - 0.9;

const stepOf = ({ phases: [phase] }: ModelDefinition): Program => trainingStep(phase!.loss, phase!.parameters);

/** A first step: weights as drawn, biases too so that none is 0, pixels in [0, 1]. */
function firstStep(program: Program) {
  const [, features] = program.nodes[program.inputs["x"]!]!.shape;
  const x = new Float32Array(BATCH * (features as number));
  randomUniform(x, { seed: 3, stream: "pixels" });
  const state = initialise(program.state, 3);
  for (const name of Object.keys(state).filter((key) => key.endsWith(".bias") && !key.startsWith("opt."))) {
    randomUniform(state[name]!, { seed: 3, stream: name });
    state[name]!.forEach((value, i, bias) => (bias[i] = value / 4 - 1 / 8));
  }
  const all = {
    x,
    seed: Int32Array.of(3, 0),
    step: Int32Array.of(1, 0),
    label: Int32Array.from({ length: BATCH }, (_, i) => i % 3),
    ...Object.fromEntries(["klWeight", "capacity", "temperature"].map((name) => [name, Float32Array.of(0.75)])),
    "adam.stepSize": Float32Array.of(0.01),
    "adam.secondScale": Float32Array.of(31.6),
  };
  const inputs = Object.fromEntries(Object.entries(all).filter(([name]) => Object.hasOwn(program.inputs, name)));
  return { inputs, state, batch: BATCH };
}

type Gradients = Readonly<Record<string, ArrayLike<number>>>;

const largest = (values: ArrayLike<number>): number => Array.from(values, Math.abs).reduce((a, b) => Math.max(a, b), 0);

/** Largest difference over all tensors, each relative to its largest slope, where it has one: rectified units can rest. */
function distance(got: Gradients, expected: Gradients): number {
  return Object.entries(expected).reduce((worst, [name, values]) => {
    const differences = Array.from(values, (value, i) => got[name]![i]! - value);
    return Math.max(worst, largest(differences) / (largest(values) || 1));
  }, 0);
}

function interpretedGradients(definition: ModelDefinition): Gradients {
  const program = stepOf(definition);
  const { updates } = interpret(program, firstStep(program));
  return Object.fromEntries(
    Object.keys(definition.parameters).map((name) => [name, updates[`opt.adam.m.${name}`]!.data.map((m) => m / SHARE)]),
  );
}

/** (loss(w + h) - loss(w - h)) / 2h for every weight, by the interpreter. */
function centralDifferences({ parameters, phases: [phase] }: ModelDefinition, h: number): Gradients {
  const given = firstStep(phase!.loss);
  const lossAt = (name: string, index: number, shift: number): number => {
    const moved = Float64Array.from(given.state[name]!);
    moved[index]! += shift;
    const { outputs } = interpret(phase!.loss, { ...given, state: { ...given.state, [name]: moved } });
    return outputs["loss"]!.data[0]!;
  };
  const slopesOf = (name: string) =>
    Array.from(given.state[name]!, (_, i) => (lossAt(name, i, h) - lossAt(name, i, -h)) / (2 * h));
  return Object.fromEntries(Object.keys(parameters).map((name) => [name, slopesOf(name)]));
}

describe.each(models.filter(([name]) => !isSurrogate(name)))("the training program of the %s", (_, definition) => {
  it("has, interpreted, the gradients of central differences", () => {
    // With h = 1e-4 truncation h^2 f'''/6 is some 1e-9, up to 1e-8 of the largest slope of a tensor whose slopes are small;
    // rounding, 2^-53 loss / h = 1e-11, is less. Measured: 3.5e-8 at the most, 1e-8 and less in four of the five.
    expect(distance(interpretedGradients(definition), centralDifferences(definition, 1e-4))).toBeLessThan(1e-7);
  });
});

const relaxedRuns = await createWasmEngine({ build: "relaxed" }).then(
  (engine) => (engine.dispose(), true),
  (error: unknown) => {
    if (error instanceof IsthmusError && error.code === "WASM_NO_RELAXED_SIMD") return false;
    throw error;
  },
);
const builds = [
  { build: "simd128", title: "simd128", missing: false },
  {
    build: "relaxed",
    title: relaxedRuns ? "relaxed" : "relaxed (skipped: no relaxed SIMD here)",
    missing: !relaxedRuns,
  },
] as const;

describe.each(builds)("compiled for $title", ({ build, missing }) => {
  let engine: WasmEngine;
  beforeAll(async () => {
    if (!missing) engine = await createWasmEngine({ build });
  });
  afterAll(() => engine?.dispose());

  it.skipIf(missing).each(models)(
    "the %s has the interpreter's outputs, moments and parameters within their error bounds",
    async (_, definition) => {
      const program = stepOf(definition);
      await expectConforms(engine, program, firstStep(program));
    },
  );

  it.skipIf(missing).each(models)("the %s has the interpreter's loss and gradients", async (_, definition) => {
    const program = stepOf(definition);
    const { inputs, ...given } = firstStep(program);
    const state = engine.createState(program.state);
    for (const [name, values] of Object.entries(given.state)) await state.write(name, values);
    const executable = await engine.compile(program, state);
    const { outputs } = await executable.run(inputs);
    const loss = (await outputs["loss"]!.read())[0]!;
    const wanted = interpret(program, { inputs, ...given }).outputs["loss"]!.data[0]!;
    const gradients: Record<string, Float64Array> = {};
    for (const name of Object.keys(definition.parameters)) {
      gradients[name] = Float64Array.from(await state.read(`opt.adam.m.${name}`), (m) => m / SHARE);
    }
    executable.dispose();
    state.dispose();
    // The bounds of the test above assume that all roundings go the same way. They do not: a loss is off by a few 2^-24,
    // a gradient by some tens of 2^-24 of its largest entry. Measured: 2.3 and 14.5 of them, and 105
    // for the small slopes of the VampPrior behind convolutions.
    expect(Math.abs(loss / wanted - 1)).toBeLessThan(8 * 2 ** -24);
    expect(distance(gradients, interpretedGradients(definition))).toBeLessThan(128 * 2 ** -24);
  });
});

it("a training step of 784-400-20 at batch 128 is this much work", async () => {
  const engine = await createWasmEngine({ build: "simd128" });
  const program = stepOf(vae());
  const executable = await engine.compile(program, engine.createState(program.state));
  const { calls, flops } = executable.plan(128);
  const count = (kernel: string): number => calls.filter((call) => call.kernel === kernel).length;
  // Five layers: one product forward, one for the kernel's gradient, one for the input's except the first layer's. The first and the last count zeros
  // of their left operand, which is data and what relu made; the first also counts those of what comes back through its relu.
  expect(count("sparseGemm")).toBe(2 + 2);
  expect(count("countNonZero")).toBe(3);
  expect(count("gemm")).toBe(3 + 3 + 3);
  // Back through the decoder's hidden layer.
  expect(count("gatedGemm")).toBe(1);
  // One for all kernels and biases.
  expect(count("adam")).toBe(1);
  expect(count("copyStrided") + count("copy")).toBe(0);
  // The loss and its gradient in one.
  expect(count("sigmoidCrossEntropyBoth")).toBe(1);
  expect(count("sigmoidCrossEntropy") + count("sigmoidCrossEntropyGrad")).toBe(0);
  expect(calls.length).toBe(63);
  const gemmFlops = 2 * 128 * (784 * 400 * 2 + 400 * 20 * 3) * 3 - 2 * 128 * 784 * 400;
  expect(flops).toBeGreaterThan(gemmFlops);
  expect(flops).toBeLessThan(1.05 * gemmFlops);
  engine.dispose();
});

it.each(optimiserKinds)("%s is one call for all parameters, clipped or not", async (kind) => {
  const engine = await createWasmEngine({ build: "simd128" });
  const [phase] = vae().phases;
  for (const clipping of [{}, { maxGradientNorm: 1 }]) {
    const program = trainingStep(phase!.loss, phase!.parameters, { optimiser: { kind }, ...clipping });
    const { calls } = (await engine.compile(program, engine.createState(program.state))).plan(128);
    expect(calls.filter(({ kernel }) => kernel === kind)).toHaveLength(1);
    expect(calls.some(({ kernel }) => kernel === "euclideanNorm")).toBe("maxGradientNorm" in clipping);
  }
  engine.dispose();
});
