import { interpret } from "@isthmus/graph";
import { describe, expect, it } from "vitest";
import {
  betaVae,
  categoricalVae,
  conditionalVae,
  iwae,
  type Likelihood,
  linearVae,
  type ModelDefinition,
  vae,
} from "../src/index.ts";
import { expectCentralDifferences } from "./support/central-differences.ts";
import { feeds, isSurrogate, items, run, stateOf, stepOf, vaeFamily } from "./support/vae-family.ts";

const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0) / values.length;

/** The standard error of a mean. */
function errorOfMean(values: ArrayLike<number>): number {
  const centre = mean(values);
  return Math.sqrt(mean(Array.from(values, (value) => (value - centre) ** 2)) / (values.length - 1));
}

describe.each(vaeFamily(7))("%s", (name, definition) => {
  const { config, evaluation } = definition;

  const why = isSurrogate(name) ? " (skipped: a surrogate's gradient is another; estimators.test.ts has it)" : "";
  it.skipIf(isSurrogate(name))(
    `steps each parameter down its central difference on the first step of Adam${why}`,
    () => {
      const program = stepOf(definition);
      const state = stateOf(definition, program.state);
      const x = items(definition, 3);
      const inputs = feeds(definition, program, { x });
      const loss = (): number => interpret(program, { inputs, state, batch: 3 }).outputs["loss"]!.data[0]!;
      // At t = 1 Adam's first moment is a tenth of the gradient.
      const { updates } = interpret(program, { inputs, state, batch: 3 });
      for (const parameter of Object.keys(definition.parameters)) {
        const tensor = state[parameter]!;
        const moments = updates[`opt.adam.m.${parameter}`]!.data;
        const indices = new Set([0, tensor.length >> 1, tensor.length - 1]);
        expectCentralDifferences(tensor, indices, loss, (index) => moments[index]! / 0.1);
      }
    },
  );

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
  const draws = 10_000;
  const one = items(definition, 1).map((value) => (config.binarize === "none" ? value : Math.round(value)));
  const many = Float32Array.from({ length: draws * one.length }, (_, i) => one[i % one.length]!);
  const sameLabel = (inputs: ReturnType<typeof feeds>) =>
    "label" in inputs ? { ...inputs, label: new Int32Array(draws).fill(1) } : inputs;
  const state = stateOf(definition, definition.parameters, 2);
  // Locations inside [0, 1], where the reconstruction tells them.
  if (config.likelihood.kind === "discretisedLogistic") {
    state["decoder.output.kernel"] = state["decoder.output.kernel"]!.map((value) => value / 10);
    state["decoder.output.bias"]!.fill(0.5);
  }
  const inputsOf = (program: typeof evaluation, step: number) =>
    sameLabel(feeds(definition, program, { x: many, step }));

  it("draws from its posterior what the encoder says of it: mean and variance", () => {
    const { posterior, encoder } = definition;
    const { z } = run(posterior!, inputsOf(posterior!, 11), state, draws);
    const { mu, logVar } = run(encoder, inputsOf(encoder, 1), state, draws);
    expect(z!.shape[0]).toBe(draws);
    if (!mu || !logVar) return expect(z!.data.every((value) => value === 0 || value === 1)).toBe(true);
    for (let latent = 0; latent < config.latent; latent++) {
      const column = Array.from({ length: draws }, (_, row) => z!.data[row * config.latent + latent]!);
      const squares = column.map((value) => (value - mu.data[latent]!) ** 2);
      expect(Math.abs(mean(column) - mu.data[latent]!)).toBeLessThan(5 * errorOfMean(column));
      expect(Math.abs(mean(squares) - Math.exp(logVar.data[latent]!))).toBeLessThan(5 * errorOfMean(squares));
    }
  });

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
    const plain = Array.from({ length: draws }, (_, row) => logLikelihoodOfRow(decoded, one, row, definition));
    const shift = Math.max(...plain);
    const [weights, direct] = [logWeight!.data, plain].map((logs) => Array.from(logs, (log) => Math.exp(log - shift)));
    const difference = Math.abs(mean(weights!) - mean(direct!));
    expect(difference).toBeLessThan(5 * Math.hypot(errorOfMean(weights!), errorOfMean(direct!)));
    // Not so wide that anything passes.
    expect(errorOfMean(direct!) / mean(direct!)).toBeLessThan(0.1);
  });
});

describe("a beta-VAE", () => {
  const small = { inputShape: [7], trunk: { kind: "dense", hidden: [5] }, latent: 2 } as const;
  const plain = vae(small);

  it.each([
    ["reconstruction", { klWeight: 0 }],
    ["kl", { klWeight: 1, reconstruction: false }],
    ["loss", { klWeight: 1 }],
  ] as const)("minimises the %s of a VAE with %j, and tells what a VAE tells", (name, loss) => {
    const definition = betaVae({ ...small, ...loss });
    const [step, theirs] = [definition, plain].map((one) => {
      const program = stepOf(one);
      const inputs = feeds(one, program, { x: items(one, 3) });
      return interpret(program, { inputs, state: stateOf(one, program.state, 2), batch: 3 });
    });
    expect(step!.outputs["loss"]).toEqual(theirs!.outputs[name]);
    for (const part of ["reconstruction", "kl"]) expect(step!.outputs[part]).toEqual(theirs!.outputs[part]);
    const moved = (update: (typeof step & object)["updates"], side: string): boolean =>
      Object.entries(update).some(([key, { data }]) => key.startsWith(`opt.adam.m.${side}`) && data.some(Boolean));
    // The KL knows no decoder.
    expect(moved(step!.updates, "encoder.")).toBe(true);
    expect(moved(step!.updates, "decoder.")).toBe(name !== "kl");
  });
});

describe("the family's configurations", () => {
  it.each([
    [() => betaVae({ klWeight: -1 }), /"klWeight" expected a finite number of at least 0, got -1/],
    [
      () => betaVae({ klWeight: 0, reconstruction: false }),
      /"reconstruction" expected true beside a klWeight of 0, or nothing is minimised, got false/,
    ],
    [() => betaVae({ capacity: 5, freeBits: 0.1 }), /"freeBits" expected 0 beside a capacity.*, got 0.1/],
    [() => conditionalVae({ classes: 0 }), /"classes" expected a whole number from 1/],
    [() => conditionalVae({ prior: "flat" as never }), /"prior" expected standard or learned, got flat/],
    [() => conditionalVae({ condition: "middle" as never }), /"condition" expected label or left or .*, got middle/],
    [() => conditionalVae({ condition: "left", inputShape: [7] }), /"inputShape" expected \[height, .*, got \[7\]/],
    [() => conditionalVae({ condition: "top", inputShape: [1, 9, 1] }), /"inputShape" expected two rows or columns/],
    [() => conditionalVae({ condition: "downscaled", downscaling: 3 }), /"downscaling" expected a divisor .*, got 3/],
    [() => conditionalVae({ downscaling: 1 }), /"downscaling" expected a whole number from 2/],
    [() => iwae({ samples: 1.5 }), /"samples" expected a whole number from 1 to 1000, got 1.5/],
    [() => categoricalVae({ categories: 1 }), /"categories" expected a whole number from 2/],
    [
      () => categoricalVae({ temperature: { kind: "decay", from: 1, to: 0, factor: 0.5, epochs: 1 } }),
      /"temperature.to"/,
    ],
    [() => vae({ posterior: "full", latent: 1 }), /"latent" expected at least 2 for a full covariance, got 1/],
    [() => linearVae({ trunk: { kind: "dense", hidden: [3] } }), /"trunk" expected dense without hidden layers/],
    [() => linearVae({ likelihood: { kind: "bernoulli" } }), /"likelihood.kind" expected gaussian for a linear model/],
  ])("%o is refused", (define, message) => {
    expect(define).toThrow(RangeError);
    expect(define).toThrow(message);
  });

  it("hold their schedules with every option, and feed only those that change", () => {
    const cyclical = { kind: "cyclical", from: 0, to: 1, epochs: 8 } as const;
    const { config, schedules, phases, evaluation } = betaVae({ klWeight: cyclical });
    expect(config.klWeight).toEqual({ ...cyclical, cycles: 4, ramp: 0.5 });
    expect(schedules).toEqual({ klWeight: config.klWeight });
    expect(Object.keys(phases[0]!.loss.inputs)).toContain("klWeight");
    expect(Object.keys(evaluation.inputs)).not.toContain("klWeight");
    expect(Object.keys(betaVae({ klWeight: 3 }).phases[0]!.loss.inputs)).not.toContain("klWeight");
  });
});

describe("special cases are one another", () => {
  const sizes = { inputShape: [7], trunk: { kind: "dense", hidden: [5] }, latent: 2 } as const;
  const lossOf = (definition: ModelDefinition, step = 5): number => {
    const { loss } = definition.phases[0]!;
    const inputs = feeds(definition, loss, { x: items(definition, 3), step });
    return run(loss, inputs, stateOf(definition), 3)["loss"]!.data[0]!;
  };
  const plain = lossOf(vae(sizes));

  it("beta = 1, and free bits that no latent reaches, are the VAE", () => {
    expect(lossOf(betaVae({ ...sizes, klWeight: 1 }))).toBeCloseTo(plain, 12);
    expect(lossOf(betaVae({ ...sizes, klWeight: 1, freeBits: 1e-12 }))).toBeCloseTo(plain, 10);
  });

  it("free bits that every latent is below cost what they are", () => {
    const free = betaVae({ ...sizes, klWeight: 1, freeBits: 50 });
    const { loss } = free.phases[0]!;
    const { reconstruction } = run(loss, feeds(free, loss, { x: items(free, 3) }), stateOf(free), 3);
    expect(lossOf(free)).toBeCloseTo(reconstruction!.data[0]! + 2 * 50, 10);
  });

  it("a capacity of twice the KL costs what the KL does", () => {
    const { kl } = run(
      vae(sizes).phases[0]!.loss,
      feeds(vae(sizes), vae(sizes).phases[0]!.loss, { x: items(vae(sizes), 1) }),
      stateOf(vae(sizes)),
      1,
    );
    const one = (definition: ModelDefinition): number => {
      const { loss } = definition.phases[0]!;
      return run(loss, feeds(definition, loss, { x: items(definition, 1) }), stateOf(definition), 1)["loss"]!.data[0]!;
    };
    expect(one(betaVae({ ...sizes, klWeight: 1, capacity: 2 * kl!.data[0]! }))).toBeCloseTo(one(vae(sizes)), 10);
  });

  it("a full covariance that is diagonal has the diagonal one's KL and marginal variances", () => {
    const full = vae({ ...sizes, posterior: "full" });
    const state = stateOf(full);
    for (const name of ["encoder.below.kernel", "encoder.below.bias"]) state[name]!.fill(0);
    const twice = (name: string) => state[`encoder.logDiagonal.${name}`]!.map((value) => 2 * value);
    const same = { ...state, "encoder.logVar.kernel": twice("kernel"), "encoder.logVar.bias": twice("bias") };
    const x = items(full, 3);
    const [a, b] = [full, vae(sizes)].map((model, i) => ({
      ...run(model.evaluation, feeds(model, model.evaluation, { x }), i === 0 ? state : same, 3),
      ...run(model.encoder, feeds(model, model.encoder, { x }), i === 0 ? state : same, 3),
    }));
    for (const name of ["kl", "negElbo", "logVar"]) {
      a![name]!.data.forEach((value, i) => expect(value).toBeCloseTo(b![name]!.data[i]!, 12));
    }
  });

  it("one draw of an importance-weighted bound is a sampled ELBO, and more draws are a tighter one", () => {
    const bound = (samples: number): number => {
      const model = iwae({ ...sizes, samples });
      const x = Float32Array.from({ length: 7 * 4000 }, (_, i) => items(model, 1)[i % 7]!);
      const { negBound, negElbo } = run(
        model.evaluation,
        feeds(model, model.evaluation, { x }),
        stateOf(model, model.parameters, 2),
        4000,
      );
      if (samples === 1) {
        const gap = Math.abs(mean(negBound!.data) - mean(negElbo!.data));
        expect(gap).toBeLessThan(5 * Math.hypot(errorOfMean(negBound!.data), errorOfMean(negElbo!.data)));
      }
      return mean(negBound!.data);
    };
    const [one, three, ten] = [bound(1), bound(3), bound(10)];
    expect(three).toBeLessThan(one);
    expect(ten).toBeLessThan(three);
  });
});

type Outputs = ReturnType<typeof run>;

/** log p(x | z) from the decoder's outputs, written out. */
function logLikelihoodOfRow(outputs: Outputs, x: ArrayLike<number>, row: number, definition: ModelDefinition): number {
  const { condition, config } = definition;
  const likelihood: Likelihood = config.likelihood;
  const at = (name: string, i: number): number => outputs[name]!.data[row * x.length + i]!;
  return Array.from({ length: x.length }, (_, i) => {
    if (condition?.isExact && condition.toldBy[i]! >= 0) return 0;
    const value = x[i]!;
    if (likelihood.kind === "bernoulli") {
      const l = at("logits", i);
      return value * l - Math.log1p(Math.exp(-Math.abs(l))) - Math.max(l, 0);
    }
    if (likelihood.kind === "gaussian") {
      const logVar = likelihood.variance === "fixed" ? Math.log(likelihood.value) : at("logVar", i);
      return -(Math.log(2 * Math.PI) + logVar + (value - at("reconstruction", i)) ** 2 / Math.exp(logVar)) / 2;
    }
    const { levels } = likelihood;
    if (likelihood.kind === "discretisedLogistic") {
      return Math.log(levelMass(value, at("reconstruction", i), at("logScale", i), levels));
    }
    const components = Array.from({ length: likelihood.logistics }, (_, k) => ({
      share: k === 0 ? 1 : Math.exp(at(`logShare${k}`, i)),
      mass: levelMass(value, at(`loc${k}`, i), at(`logScale${k}`, i), levels),
    }));
    const total = components.reduce((sum, { share }) => sum + share, 0);
    return Math.log(components.reduce((sum, { share, mass }) => sum + (share / total) * mass, 0));
  }).reduce((a, b) => a + b, 0);
}

/** What a logistic gives to one of `levels` equal steps from 0 to 1, the ends taking what falls outside. */
function levelMass(value: number, loc: number, logScale: number, levels: number): number {
  const half = 0.5 / (levels - 1);
  const below = (edge: number): number => 1 / (1 + Math.exp((loc - edge) / Math.exp(logScale)));
  return (value > 1 - half ? 1 : below(value + half)) - (value < half ? 0 : below(value - half));
}
