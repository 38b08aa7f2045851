import { interpret } from "@isthmus/graph";
import { describe, expect, it } from "vitest";
import { defineModel, learnedCodec, linearVae, type ModelDefinition, modelKinds, vae } from "../src/index.ts";
import { feeds, items, run, type State, stateOf } from "./support/vae-family.ts";

const FEATURES = 6;
const predicted = { kind: "gaussian", variance: "predicted", value: 0.25 } as const;
const dense = { inputShape: [FEATURES], trunk: { kind: "dense", hidden: [5], activation: "tanh" }, latent: 2 } as const;
const conv = {
  inputShape: [3, 2, 1],
  trunk: { kind: "conv", channels: [2, 3], kernel: 3, hidden: [4], activation: "tanh" },
  latent: 2,
} as const;

const likelihoodOf = (likelihood: object, given: object = dense): ModelDefinition =>
  defineModel("vae", { ...given, likelihood });

/** What `z` decodes to, in float64. */
const decoded = (definition: ModelDefinition, state: State, z: readonly number[]) =>
  run(definition.decoder, { z: Float32Array.from(z) }, state, z.length / 2);

describe.each([
  ["dense", dense],
  ["convolutions", conv],
])("a Gaussian whose variance the decoder predicts, %s", (_, given) => {
  const definition = vae({ ...given, likelihood: predicted });
  const state = stateOf(definition, definition.parameters, 3);

  it("has another variance for each feature of each item", () => {
    const { reconstruction, logVar } = decoded(definition, state, [0.5, -1, 2, 0.3]);
    expect([reconstruction!.shape, logVar!.shape]).toEqual([
      [2, FEATURES],
      [2, FEATURES],
    ]);
    expect(new Set(logVar!.data).size).toBe(2 * FEATURES);
  });

  it("has the log-density of these means and variances", () => {
    const x = items(definition, 4);
    const { z } = run(definition.posterior!, feeds(definition, definition.posterior!, { x }), state, 4);
    const p = interpret(definition.decoder, { inputs: { z: z!.data }, state, batch: 4 }).outputs;
    const logProbs = Array.from({ length: 4 }, (__, item) => {
      let sum = 0;
      for (let i = item * FEATURES; i < (item + 1) * FEATURES; i++) {
        const [mean, logVar] = [p["reconstruction"]!.data[i]!, p["logVar"]!.data[i]!];
        sum -= 0.5 * (Math.log(2 * Math.PI) + logVar + (x[i]! - mean) ** 2 / Math.exp(logVar));
      }
      return sum;
    });
    const { reconstruction } = run(definition.evaluation, feeds(definition, definition.evaluation, { x }), state, 4);
    reconstruction!.data.forEach((value, item) => expect(value).toBeCloseTo(-logProbs[item]!, 10));
  });

  it("moves neither the mean nor its first values", () => {
    const fixed = likelihoodOf({ kind: "gaussian" }, given);
    const first = stateOf(fixed);
    for (const [name, values] of Object.entries(first)) expect(stateOf(definition)[name]).toEqual(values);
    const z = [0.5, -1, 2, 0.3];
    expect(decoded(definition, state, z)["reconstruction"]!.data).toEqual(
      decoded(fixed, state, z)["reconstruction"]!.data,
    );
  });

  it("starts at the given variance and does not fall below that of rounding to 8 bits", () => {
    const at = (w: number): Float64Array => {
      const flat = Object.entries(state).map(([name, values]) => {
        if (!name.startsWith("decoder.logVar.")) return [name, values] as const;
        return [name, values.map(() => (name.endsWith(".bias") ? w : 0))] as const;
      });
      return decoded(definition, Object.fromEntries(flat), [0.5, -1])["logVar"]!.data as Float64Array;
    };
    // 1e-6 beside it: float32 constants of the graph carry 2^-24 of themselves.
    for (const logVar of at(0)) expect(logVar).toBeCloseTo(Math.log(0.25 + 1e-6), 6);
    for (const logVar of at(-100)) expect(logVar).toBeCloseTo(Math.log(1e-6), 6);
  });
});

it("every kind but the linear VAE and the codec takes it, and they say why", () => {
  for (const { kind, defaults } of modelKinds.filter((one) => !["linear-vae", "learned-codec"].includes(one.kind))) {
    const hidden = defaults.trunk?.hidden?.length === 0 ? [] : [5];
    const { decoder } = defineModel(kind, { ...dense, trunk: { kind: "dense", hidden }, likelihood: predicted });
    expect(Object.keys(decoder.outputs), kind).toEqual(["reconstruction", "logVar"]);
    expect(Object.keys(decoder.state), kind).toContain("decoder.logVar.kernel");
  }
  expect(() => learnedCodec({ likelihood: predicted })).toThrow('"likelihood" expected gaussian of a fixed variance');
  expect(() => linearVae({ likelihood: predicted })).toThrow(
    new RangeError(
      '"likelihood.variance" expected fixed, shared or perFeature where it may not depend on the code, got predicted',
    ),
  );
});
