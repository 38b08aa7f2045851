import { AdamSchedule, initialise, interpret, serialiseProgram, trainingStep } from "@isthmus/graph";
import { afterEach, describe, expect, it, vi } from "vitest";
import { autoencoder, defineModel, type GivenLikelihood, type ModelDefinition, modelKinds, vae } from "../src/index.ts";
import { expectCentralDifferences } from "./support/central-differences.ts";
import { family } from "./support/family.ts";

const small = { inputShape: [7], trunk: { kind: "dense", hidden: [5] }, latent: 2 } as const;

const conv = { kind: "conv", channels: [2, 3], kernel: 3, hidden: [4] } as const;

const stepOf = ({ phases: [phase] }: ModelDefinition) => trainingStep(phase!.loss, phase!.parameters);

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
  const wanted = stepOf(definition).inputs;
  return Object.fromEntries(Object.entries(all).filter(([name]) => name in wanted));
}

const x = Float32Array.from({ length: 21 }, (_, i) => (((i * 37) % 11) / 10 > 1 ? 1 : ((i * 37) % 11) / 10));

describe.each([
  ["ae bernoulli", autoencoder(small)],
  ["ae gaussian", autoencoder({ ...small, likelihood: { kind: "gaussian" } })],
  ["vae bernoulli", vae(small)],
  ["vae gaussian", vae({ ...small, likelihood: { kind: "gaussian" } })],
  ["vae gaussian, shared variance", vae({ ...small, likelihood: { kind: "gaussian", variance: "shared" } })],
  ["vae gaussian, variances", vae({ ...small, likelihood: { kind: "gaussian", variance: "perFeature" } })],
  ["ae, predicted variances", autoencoder({ ...small, likelihood: { kind: "gaussian", variance: "predicted" } })],
  ["vae logistic mixture", vae({ ...small, likelihood: { kind: "logisticMixture", levels: 11, logistics: 2 } })],
  ["vae discretised logistic", vae({ ...small, likelihood: { kind: "discretisedLogistic", levels: 11 } })],
  ["vae shallow and deep, tanh", vae({ ...small, decoder: { kind: "dense", hidden: [4, 6], activation: "tanh" } })],
  ["ae convolutions", autoencoder({ inputShape: [1, 7, 1], trunk: conv, latent: 2 })],
  ["vae threshold", vae({ ...small, binarize: "threshold" })],
  ["vae dynamic", vae({ ...small, binarize: "dynamic" })],
  ...family(small),
] as const)("%s", (_, definition) => {
  const program = stepOf(definition);
  const state = {
    ...initialise(program.state, 1),
  } as Record<string, Float32Array | Float64Array>;
  for (const name of Object.keys(definition.parameters)) state[name] = Float64Array.from(state[name]!);
  const outputs = () => interpret(program, { inputs: feeds(definition, x), state, batch: 3 }).outputs;
  const loss = () => outputs()["loss"]!.data[0]!;

  it("steps each parameter down its central difference on the first step of Adam", () => {
    // At t = 1 Adam moves a parameter by lr g / (|g| + eps): its sign is the gradient's, and its first moment is 0.1 g.
    const { updates } = interpret(program, { inputs: feeds(definition, x), state, batch: 3 });
    for (const name of Object.keys(definition.parameters)) {
      const tensor = state[name]!;
      const moments = updates[`opt.adam.m.${name}`]!.data;
      expectCentralDifferences(tensor, [0, tensor.length - 1], loss, (index) => moments[index]! / 0.1);
    }
  });

  it("reports per-example metrics that average to the training loss, penalties left out", () => {
    const { evaluation } = definition;
    const given = Object.fromEntries(
      Object.entries(feeds(definition, x)).filter(([name]) => name in evaluation.inputs),
    );
    const metrics = interpret(evaluation, { inputs: given, state, batch: 3 }).outputs;
    for (const { shape } of Object.values(metrics)) expect(shape).toEqual([3]);
    const { loss: whole, reconstruction, kl } = outputs();
    const wanted = kl ? whole! : (reconstruction ?? whole!);
    const perExample = (metrics["negElbo"] ?? metrics["reconstruction"])!;
    expect(perExample.data.reduce((a, b) => a + b) / 3).toBeCloseTo(wanted.data[0]!, 10);
  });

  it("decodes what it encodes to the data's shape", () => {
    const codes = interpret(definition.encoder, { inputs: { x }, state, batch: 3 }).outputs;
    const z = (codes["mu"] ?? codes["z"])!;
    expect(z.shape).toEqual([3, definition.config.latent]);
    const decoded = interpret(definition.decoder, { inputs: { z: z.data }, state, batch: 3 });
    expect(decoded.outputs["reconstruction"]!.shape).toEqual([3, 7]);
  });
});

const likelihoods: readonly GivenLikelihood[] = [
  { kind: "bernoulli" },
  { kind: "gaussian" },
  { kind: "gaussian", variance: "shared" },
  { kind: "gaussian", variance: "perFeature" },
  { kind: "gaussian", variance: "predicted" },
  { kind: "discretisedLogistic" },
  { kind: "logisticMixture" },
];

describe("graphs", () => {
  afterEach(() => vi.restoreAllMocks());

  // So that the same configuration is the same training everywhere: engines may round these differently.
  it.each(["log", "exp", "log1p", "expm1", "pow", "tanh"] as const)("hold no number that Math.%s made", (name) => {
    const graphs = () =>
      likelihoods.flatMap((likelihood) =>
        modelKinds.flatMap(({ kind, defaults }) => {
          const known = likelihood.kind === "gaussian" && likelihood.variance !== "predicted";
          if (kind === "linear-vae" && !known) return [];
          const isFixed = likelihood.kind === "gaussian" && likelihood.variance === undefined;
          if (kind === "learned-codec" && !isFixed) return [];
          const trunk = { kind: "dense", hidden: defaults.trunk?.hidden?.length === 0 ? [] : [5] };
          const definition = defineModel(kind, { inputShape: [7], latent: 2, trunk, likelihood });
          const { encoder, decoder, evaluation } = definition;
          return [encoder, decoder, evaluation, stepOf(definition)].map(serialiseProgram);
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
    const { evaluation, parameters } = vae(small);
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
    const { parameters } = vae();
    const count = Object.values(parameters).reduce((n, { shape }) => n + shape.reduce((a, b) => a * b, 1), 0);
    expect(count).toBe(652_824);
  });

  it("has a number of components where its posterior is a mixture, and takes but drops it elsewhere", () => {
    expect(vae({ posterior: "mixture" }).config.components).toBe(3);
    for (const posterior of ["diagonal", "full"] as const) {
      expect(vae({ posterior }).config).not.toHaveProperty("components");
      expect(defineModel("vae", { posterior, components: 5 }).config).toEqual(vae({ posterior }).config);
      expect(() => vae({ posterior, components: 1 })).toThrow(/"components" expected a whole number from 2 to 100/);
    }
  });

  it("has of a condition what that condition has", () => {
    const of = (given: object) => Object.keys(defineModel("conditional-vae", given).config);
    expect(of({})).toEqual(expect.arrayContaining(["condition", "classes"]));
    expect(of({})).not.toContain("downscaling");
    const image = { inputShape: [4, 4, 1] };
    expect(of({ ...image, condition: "downscaled" })).toContain("downscaling");
    for (const condition of ["left", "top", "downscaled"]) expect(of({ ...image, condition })).not.toContain("classes");
  });

  it("names the field that is wrong", () => {
    expect(() => vae({ latent: 0 })).toThrow(/"latent" expected positive integers, got \[0\]/);
    expect(() => vae({ likelihood: { kind: "poisson" } as never })).toThrow(/"likelihood.kind" expected bernoulli or/);
    expect(() => vae({ likelihood: { kind: "gaussian", value: -1 } })).toThrow(
      /"likelihood.value" expected a positive/,
    );
    expect(() => vae({ likelihood: { kind: "gaussian", variance: "free" as never } })).toThrow(/fixed or shared or/);
    expect(() => vae({ likelihood: { kind: "discretisedLogistic", levels: 1 } })).toThrow(/"likelihood.levels"/);
    expect(() => vae({ likelihood: { kind: "logisticMixture", levels: 1 } })).toThrow(/"likelihood.levels"/);
    expect(() => vae({ likelihood: { kind: "logisticMixture", logistics: 17 } })).toThrow(/"likelihood.logistics"/);
    expect(() => vae({ likelihood: { kind: "bernoulli", levels: 2 } as never })).toThrow(/"levels" is no field of/);
    expect(() => vae({ trunk: { kind: "dense", hidden: [0] } })).toThrow(/"trunk.hidden" expected positive integers/);
    expect(() => vae({ trunk: { kind: "dense", activation: "cosine" as never } })).toThrow(/"trunk.activation"/);
    expect(() => vae({ trunk: { kind: "conv", channels: [] } })).toThrow(/"trunk.channels"/);
    expect(() => vae({ decoder: { kind: "conv", stride: 0 } })).toThrow(/"decoder.stride"/);
    expect(() => vae({ trunk: { kind: "dense", kernel: 3 } as never })).toThrow(
      /"kernel" is no field of a dense trunk/,
    );
    expect(() => vae({ inputShape: [7], trunk: { kind: "conv" } })).toThrow(/"inputShape" expected \[height, width/);
    expect(() => vae({ binarize: "often" as never })).toThrow(/"binarize"/);
    expect(() => vae({ latents: 3 } as never)).toThrow(/"latents" is no field of vae; it has inputShape, /);
    expect(() => defineModel("gan")).toThrow(/"kind" expected ae or .*, got gan/);
    expect(() => defineModel("constructor")).toThrow(RangeError);
  });
});
