import { interpret } from "@isthmus/graph";
import { describe, expect, it } from "vitest";
import type { Likelihood } from "../src/index.ts";
import { feeds, isSurrogate, items, run, stateOf, stepOf, vaeFamily } from "./support/vae-family.ts";

const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0) / values.length;

/** The standard error of a mean. */
function errorOfMean(values: ArrayLike<number>): number {
  const centre = mean(values);
  return Math.sqrt(mean(Array.from(values, (value) => (value - centre) ** 2)) / (values.length - 1));
}

describe.each(vaeFamily(7))("%s", (name, definition) => {
  const { config, evaluation } = definition;

  it.skipIf(isSurrogate(name))("steps each parameter down its central difference on the first step of Adam", () => {
    const program = stepOf(definition);
    const state = stateOf(definition, program.state);
    const x = items(definition, 3);
    const inputs = feeds(definition, program, { x });
    const loss = (): number => interpret(program, { inputs, state, batch: 3 }).outputs["loss"]!.data[0]!;
    // At t = 1 Adam's first moment is a tenth of the gradient.
    const { updates } = interpret(program, { inputs, state, batch: 3 });
    for (const parameter of Object.keys(definition.parameters)) {
      const tensor = state[parameter]!;
      for (const index of new Set([0, tensor.length >> 1, tensor.length - 1])) {
        const h = 1e-5;
        const before = tensor[index]!;
        tensor[index] = before + h;
        const above = loss();
        tensor[index] = before - h;
        const below = loss();
        tensor[index] = before;
        const gradient = updates[`opt.adam.m.${parameter}`]!.data[index]! / 0.1;
        // Truncation h^2 f''' and rounding eps |f| / h are both below 1e-7 of values near 10.
        expect(Math.abs(gradient - (above - below) / (2 * h))).toBeLessThan(1e-8 * Math.max(10, Math.abs(above)));
      }
    }
  });

  it("measures an ELBO per example: negElbo = reconstruction + kl, and no KL in closed form is negative", () => {
    const outputs = run(evaluation, feeds(definition, evaluation, { x: items(definition, 3) }), stateOf(definition), 3);
    const { negElbo, reconstruction, kl } = outputs;
    for (const metric of Object.values(outputs)) expect(metric.shape).toEqual([3]);
    negElbo!.data.forEach((value, i) => expect(value).toBeCloseTo(reconstruction!.data[i]! + kl!.data[i]!, 12));
  });

  it("decodes a draw of its prior, and its own codes, to the data's shape", () => {
    const state = stateOf(definition);
    const { prior, encoder, decoder } = definition;
    const x = items(definition, 3);
    const drawn = run(prior!, feeds(definition, prior!, { x }), state, 3)["z"]!;
    const outputs = run(encoder, feeds(definition, encoder, { x }), state, 3);
    const code = (outputs["mu"] ?? outputs["z"])!;
    expect(drawn.shape).toEqual(code.shape);
    if (outputs["logVar"]) expect(outputs["logVar"].shape).toEqual([3, config.latent]);
    for (const z of [drawn, code]) {
      const inputs = { ...feeds(definition, decoder, { x }), z: z.data };
      const { reconstruction } = run(decoder, inputs, state, 3);
      expect(reconstruction!.data).toHaveLength(x.length);
      expect(reconstruction!.data.every(Number.isFinite)).toBe(true);
    }
  });

  // One item, many times over: its draws are independent. Weights of twice the usual size make a posterior that is far from
  // the prior, and a prior, where it is learned, far from N(0, I).
  const draws = 20_000;
  const one = items(definition, 1).map((value) => (config.binarize === "none" ? value : Math.round(value)));
  const many = Float32Array.from({ length: draws * one.length }, (_, i) => one[i % one.length]!);
  const sameLabel = (inputs: Record<string, Float32Array | Int32Array>) =>
    "label" in inputs ? { ...inputs, label: new Int32Array(draws).fill(1) } : inputs;
  const state = stateOf(definition, definition.parameters, 2);
  // Locations inside [0, 1], where the reconstruction tells them.
  if (config.likelihood.kind === "discretisedLogistic") {
    state["decoder.output.kernel"] = state["decoder.output.kernel"]!.map((value) => value / 10);
    state["decoder.output.bias"]!.fill(0.5);
  }
  const inputsOf = (program: typeof evaluation, step: number) =>
    sameLabel(feeds(definition, program, { x: many, step }));

  it("has importance weights whose mean logarithm is the ELBO", () => {
    const importance = definition.importance!;
    const { logWeight } = run(importance, inputsOf(importance, 7), state, draws);
    const { negElbo } = run(evaluation, inputsOf(evaluation, 8), state, draws);
    const difference = mean(logWeight!.data) + mean(negElbo!.data);
    expect(Math.abs(difference)).toBeLessThan(
      5 * Math.hypot(errorOfMean(logWeight!.data), errorOfMean(negElbo!.data)) + 1e-9,
    );
  });

  it("has importance weights whose mean is p(x), as drawing from the prior and decoding finds it", () => {
    const { importance, prior, decoder } = definition;
    const { logWeight } = run(importance!, inputsOf(importance!, 7), state, draws);
    const { z } = run(prior!, inputsOf(prior!, 9), state, draws);
    const decoded = run(decoder, { ...inputsOf(decoder, 1), z: z!.data }, state, draws);
    const plain = Array.from({ length: draws }, (_, row) => logLikelihoodOfRow(decoded, one, row, config.likelihood));
    const shift = Math.max(...plain);
    const [weights, direct] = [logWeight!.data, plain].map((logs) => Array.from(logs, (log) => Math.exp(log - shift)));
    const difference = Math.abs(mean(weights!) - mean(direct!));
    expect(difference).toBeLessThan(5 * Math.hypot(errorOfMean(weights!), errorOfMean(direct!)));
    // Not so wide that anything passes.
    expect(errorOfMean(direct!) / mean(direct!)).toBeLessThan(0.1);
  });
});

type Outputs = ReturnType<typeof run>;

/** log p(x | z) from the decoder's outputs, written out. */
function logLikelihoodOfRow(outputs: Outputs, x: ArrayLike<number>, row: number, likelihood: Likelihood): number {
  const at = (name: string, i: number): number => outputs[name]!.data[row * x.length + i]!;
  return Array.from({ length: x.length }, (_, i) => {
    const value = x[i]!;
    if (likelihood.kind === "bernoulli") {
      const l = at("logits", i);
      return value * l - Math.log1p(Math.exp(-Math.abs(l))) - Math.max(l, 0);
    }
    if (likelihood.kind === "gaussian") {
      const logVar = likelihood.variance === "fixed" ? Math.log(likelihood.value) : at("logVar", i);
      return -(Math.log(2 * Math.PI) + logVar + (value - at("reconstruction", i)) ** 2 / Math.exp(logVar)) / 2;
    }
    const half = 0.5 / (likelihood.levels - 1);
    const below = (edge: number): number =>
      1 / (1 + Math.exp((at("reconstruction", i) - edge) / Math.exp(at("logScale", i))));
    const lower = value < half ? 0 : below(value - half);
    const upper = value > 1 - half ? 1 : below(value + half);
    return Math.log(upper - lower);
  }).reduce((a, b) => a + b, 0);
}
