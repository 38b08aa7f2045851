import { AdamSchedule, initialise, interpret, serialiseProgram } from "@isthmus/graph";
import { afterEach, describe, expect, it, vi } from "vitest";
import { defineModel, denseAutoencoder, denseVae, type ModelDefinition } from "../src/index.ts";

const small = { inputShape: [7], hidden: [5], latent: 2 } as const;

function feeds(definition: ModelDefinition, x: Float32Array) {
  const schedule = new AdamSchedule();
  schedule.advance();
  const stepSize = new Float32Array(1);
  const secondScale = new Float32Array(1);
  schedule.write(1e-3, stepSize, secondScale);
  const all = {
    x,
    seed: Int32Array.of(3, 0),
    step: Int32Array.of(5, 0),
    "adam.stepSize": stepSize,
    "adam.secondScale": secondScale,
  };
  const wanted = definition.phases[0]!.program.inputs;
  return Object.fromEntries(Object.entries(all).filter(([name]) => name in wanted));
}

const x = Float32Array.from({ length: 21 }, (_, i) => (((i * 37) % 11) / 10 > 1 ? 1 : ((i * 37) % 11) / 10));

describe.each([
  ["ae bernoulli", denseAutoencoder(small)],
  ["ae gaussian", denseAutoencoder({ ...small, likelihood: "gaussian" })],
  ["vae bernoulli", denseVae(small)],
  ["vae gaussian", denseVae({ ...small, likelihood: "gaussian" })],
  ["vae threshold", denseVae({ ...small, binarize: "threshold" })],
  ["vae dynamic", denseVae({ ...small, binarize: "dynamic" })],
] as const)("%s", (_, definition) => {
  const program = definition.phases[0]!.program;
  const state = {
    ...initialise(program.state, 1),
  } as Record<string, Float32Array | Float64Array>;
  for (const name of Object.keys(definition.parameters)) state[name] = Float64Array.from(state[name]!);
  const loss = () => interpret(program, { inputs: feeds(definition, x), state, batch: 3 }).outputs["loss"]!.data[0]!;

  it("steps each parameter down its central difference on the first step of Adam", () => {
    // At t = 1 Adam moves a parameter by lr g / (|g| + eps): its sign is the gradient's, and its first moment is 0.1 g.
    const { updates } = interpret(program, { inputs: feeds(definition, x), state, batch: 3 });
    for (const name of Object.keys(definition.parameters)) {
      const tensor = state[name]!;
      for (const index of [0, tensor.length - 1]) {
        const h = 1e-5;
        const before = tensor[index]!;
        tensor[index] = before + h;
        const above = loss();
        tensor[index] = before - h;
        const below = loss();
        tensor[index] = before;
        const gradient = updates[`opt.adam.m.${name}`]!.data[index]! / 0.1;
        // Truncation h^2 f''' and rounding eps |f| / h are both below 1e-7 of values near 10 (near 1e4 for the Gaussian).
        expect(Math.abs(gradient - (above - below) / (2 * h))).toBeLessThan(1e-8 * Math.max(10, Math.abs(above)));
      }
    }
  });

  it("reports per-example metrics that average to the training loss", () => {
    const { evaluation } = definition;
    const given = Object.fromEntries(
      Object.entries(feeds(definition, x)).filter(([name]) => name in evaluation.inputs),
    );
    const { outputs } = interpret(evaluation, { inputs: given, state, batch: 3 });
    const perExample = (outputs["negElbo"] ?? outputs["reconstruction"])!;
    expect(perExample.shape).toEqual([3]);
    expect(perExample.data.reduce((a, b) => a + b) / 3).toBeCloseTo(loss(), 10);
  });

  it("decodes what it encodes to the data's shape", () => {
    const { outputs } = interpret(definition.encoder, { inputs: { x }, state, batch: 3 });
    const z = (outputs["mu"] ?? outputs["z"])!;
    expect(z.shape).toEqual([3, 2]);
    const decoded = interpret(definition.decoder, { inputs: { z: z.data }, state, batch: 3 });
    expect(decoded.outputs["reconstruction"]!.shape).toEqual([3, 7]);
  });
});

describe("graphs", () => {
  afterEach(() => vi.restoreAllMocks());

  // So that the same configuration is the same training everywhere: engines may round these differently.
  it.each(["log", "exp", "log1p", "expm1", "pow", "tanh"] as const)("hold no number that Math.%s made", (name) => {
    const graphs = () =>
      (["bernoulli", "gaussian"] as const).flatMap((likelihood) =>
        ["ae", "vae"].flatMap((kind) => {
          const { encoder, decoder, evaluation, phases } = defineModel(kind, { ...small, likelihood });
          return [encoder, decoder, evaluation, ...phases.map(({ program }) => program)].map(serialiseProgram);
        }),
      );
    const before = graphs();
    const exact = Math[name] as (...numbers: number[]) => number;
    vi.spyOn(Math, name).mockImplementation((...numbers: number[]) => exact(...numbers) * (1 + 2 ** -52));
    expect(graphs()).toEqual(before);
  });
});

describe("the VAE's ELBO", () => {
  it("is -(reconstruction + kl), with a drawn z: another step gives another value", () => {
    const { evaluation, parameters } = denseVae(small);
    const state = initialise(parameters, 1);
    const at = (step: number) =>
      interpret(evaluation, { inputs: { x, seed: Int32Array.of(1, 0), step: Int32Array.of(step, 0) }, state, batch: 3 })
        .outputs;
    const { negElbo, reconstruction, kl } = at(1);
    negElbo!.data.forEach((value, i) => expect(value).toBeCloseTo(reconstruction!.data[i]! + kl!.data[i]!, 12));
    expect(at(2)["reconstruction"]!.data).not.toEqual(reconstruction!.data);
    expect(at(2)["kl"]!.data).toEqual(kl!.data);
  });
});

describe("configuration", () => {
  it("counts the parameters of the published 784-400-20 network", () => {
    const { parameters } = denseVae();
    const count = Object.values(parameters).reduce((n, { shape }) => n + shape.reduce((a, b) => a * b, 1), 0);
    expect(count).toBe(652_824);
  });

  it("names the field that is wrong", () => {
    expect(() => denseVae({ latent: 0 })).toThrow(/"latent" expected positive integers, got \[0\]/);
    expect(() => denseVae({ likelihood: "poisson" as never })).toThrow(/"likelihood" expected bernoulli or gaussian/);
    expect(() => denseVae({ variance: -1 })).toThrow(/"variance"/);
    expect(() => defineModel("gan")).toThrow(/"kind" expected ae or vae, got gan/);
    expect(() => defineModel("constructor")).toThrow(RangeError);
  });
});
