import { describe, expect, it } from "vitest";
import { conditionalVae, type ConditionalVaeConfig, type ModelDefinition } from "../src/index.ts";
import { feeds, items, run, type State, stateOf } from "./support/vae-family.ts";

type Part = Exclude<ConditionalVaeConfig["condition"], "label">;

const small = { trunk: { kind: "dense", hidden: [4], activation: "tanh" }, latent: 2, prior: "learned" } as const;

function told({ condition }: ModelDefinition, x: Float32Array): number[] {
  const { toldBy, program } = condition!;
  return Array.from(run(program, { x }, {}, x.length / toldBy.length)["condition"]!.data);
}

describe("what a model is told of an image", () => {
  // 0 1 2
  // 3 4 5
  const numbered = Float32Array.from({ length: 6 }, (_, i) => i);
  it.each<[Part, number[]]>([
    ["left", [0, 3]],
    ["right", [2, 5]],
    ["top", [0, 1, 2]],
    ["bottom", [3, 4, 5]],
  ])("is its %s half, without the middle", (condition, expected) => {
    const definition = conditionalVae({ ...small, inputShape: [2, 3, 1], condition });
    expect(told(definition, numbered)).toEqual(expected);
    expect(definition.condition!.toldBy.flatMap((by, i) => (by < 0 ? [] : [i]))).toEqual(expected);
    expect(definition.condition!.isExact).toBe(true);
  });

  it("is every channel of the half", () => {
    const definition = conditionalVae({ ...small, inputShape: [2, 2, 3], condition: "right" });
    const image = Float32Array.from({ length: 12 }, (_, i) => i);
    expect(told(definition, image)).toEqual([3, 4, 5, 9, 10, 11]);
    expect(definition.condition!.shape).toEqual([2, 1, 3]);
  });

  it("is its means over blocks", () => {
    const definition = conditionalVae({ ...small, inputShape: [2, 4, 1], condition: "downscaled" });
    expect(told(definition, Float32Array.of(0, 2, 8, 8, 4, 6, 8, 0))).toEqual([3, 6]);
    expect(definition.condition).toMatchObject({ shape: [1, 2, 1], toldBy: [0, 0, 1, 1, 0, 0, 1, 1], isExact: false });
  });

  it("is of what the likelihood sees", () => {
    const sharp = conditionalVae({ ...small, inputShape: [2, 2, 1], condition: "downscaled", binarize: "threshold" });
    expect(told(sharp, Float32Array.of(0.6, 0.4, 0.9, 0.7))).toEqual([0.75]);
  });
});

describe.each<Part>(["left", "right", "top", "bottom"])("a model that is told the %s half", (condition) => {
  const definition = conditionalVae({ ...small, inputShape: [4, 3, 1], condition });
  const state = stateOf(definition, definition.parameters, 3);
  const x = items(definition, 2);
  const { toldBy } = definition.condition!;
  const isTold = (i: number): boolean => toldBy[i % toldBy.length]! >= 0;
  /** Draws of the prior decoded, from an image. */
  const drawn = (image: Float32Array): { z: number[]; outputs: Record<string, number[]> } => {
    const { prior, decoder } = definition;
    const { z } = run(prior!, feeds(definition, prior!, { x: image }), state, 2);
    const outputs = run(decoder, { ...feeds(definition, decoder, { x: image }), z: z!.data }, state, 2);
    const plain = Object.entries(outputs).map(([name, { data }]) => [name, Array.from(data)]);
    return { z: Array.from(z!.data), outputs: Object.fromEntries(plain) };
  };

  it("draws without the hidden half, which only the encoder sees", () => {
    const other = x.map((value, i) => (isTold(i) ? value : 1 - value));
    expect(told(definition, other)).toEqual(told(definition, x));
    expect(drawn(other)).toEqual(drawn(x));
    const { prior, decoder } = definition;
    expect(Object.keys({ ...prior!.inputs, ...decoder.inputs }).sort()).toEqual(["condition", "seed", "step", "z"]);
    const mu = (image: Float32Array) => Array.from(run(definition.encoder, { x: image }, state, 2)["mu"]!.data);
    expect(mu(other)).not.toEqual(mu(x));
  });

  it("draws something else for another half", () => {
    const other = x.map((value, i) => (isTold(i) ? 1 - value : value));
    const [one, two] = [drawn(x), drawn(other)];
    expect(two.z).not.toEqual(one.z);
    expect(two.outputs["reconstruction"]).not.toEqual(one.outputs["reconstruction"]);
  });

  it("reconstructs the whole image, that half as it is", () => {
    const { reconstruction, logits } = drawn(x).outputs;
    x.forEach((value, i) => {
      if (isTold(i)) return expect([reconstruction![i], logits![i]]).toEqual([value, 0]);
      expect(reconstruction![i]).toBeCloseTo(1 / (1 + Math.exp(-logits![i]!)), 14);
    });
  });
});

it.each<[Part, number[], number[]]>([
  ["left", [0, 3], [1, 2, 4, 5]],
  ["bottom", [3, 4, 5], [0, 1, 2]],
])("has the conditional ELBO that loops over weights find: %s half", (condition, known, hidden) => {
  const definition = conditionalVae({ ...small, inputShape: [2, 3, 1], condition });
  const state = stateOf(definition, definition.parameters, 2);
  const x = items(definition, 1);
  const { evaluation, posterior } = definition;
  const metrics = run(evaluation, feeds(definition, evaluation, { x }), state, 1);
  // The same noise as in the evaluation.
  const z = Array.from(run(posterior!, feeds(definition, posterior!, { x }), state, 1)["z"]!.data);
  const c = known.map((i) => x[i]!);
  const tanh = (values: number[]): number[] => values.map(Math.tanh);
  const h = tanh(layer(state, "encoder.dense0", Array.from(x)));
  const g = tanh(layer(state, "prior.dense0", c));
  const q = { mu: layer(state, "encoder.mu", h), logVar: layer(state, "encoder.logVar", h) };
  const p = { mu: layer(state, "prior.mu", g), logVar: layer(state, "prior.logVar", g) };
  const kl = q.mu.map((mu, i) => {
    const ratio = Math.exp(q.logVar[i]! - p.logVar[i]!);
    return (ratio + (mu - p.mu[i]!) ** 2 / Math.exp(p.logVar[i]!) - 1 - Math.log(ratio)) / 2;
  });
  const logits = layer(state, "decoder.output", tanh(layer(state, "decoder.dense0", [...z, ...c])));
  const reconstruction = hidden.map((i, at) => Math.log1p(Math.exp(logits[at]!)) - x[i]! * logits[at]!);
  const squares = hidden.map((i, at) => (x[i]! - 1 / (1 + Math.exp(-logits[at]!))) ** 2);
  // Sums of a few float64 numbers near 1.
  expect(metrics["kl"]!.data[0]).toBeCloseTo(sum(kl), 12);
  expect(metrics["reconstruction"]!.data[0]).toBeCloseTo(sum(reconstruction), 12);
  expect(metrics["negElbo"]!.data[0]).toBeCloseTo(sum(kl) + sum(reconstruction), 12);
  expect(metrics["squaredError"]!.data[0]).toBeCloseTo(sum(squares), 12);
});

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** v W + b, with W [inputs, units]. */
function layer(state: State, name: string, v: readonly number[]): number[] {
  const [kernel, bias] = [state[`${name}.kernel`]!, state[`${name}.bias`]!];
  expect(kernel).toHaveLength(v.length * bias.length);
  return Array.from(bias, (b, unit) =>
    v.reduce((total, value, i) => total + value * kernel[i * bias.length + unit]!, b),
  );
}
