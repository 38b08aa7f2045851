import { dense, GraphBuilder, initialise, interpret, type Node, type Program, trainingStep, vjp } from "@isthmus/graph";
import {
  doublyReparameterisedSurrogate,
  gaussianLogProb,
  importanceWeightedBound,
  reparameterise,
  stopParameterGradients,
} from "@isthmus/math";
import { categoricalVae, iwae, type IwaeConfig, type ModelDefinition } from "@isthmus/models";
import { describe, expect, it } from "vitest";

type Gradients = Readonly<Record<string, readonly number[]>>;

const SHARE = 1 - 0.9;

/** The gradients of a definition's loss in float64: ten times Adam's first moments after a first step. */
function gradientsOf(
  { parameters, phases: [phase] }: ModelDefinition,
  inputs: Readonly<Record<string, Float32Array | Int32Array>>,
  batch: number,
): Gradients {
  const program = trainingStep(phase!.loss, phase!.parameters);
  const adam = { "adam.stepSize": Float32Array.of(1e-3), "adam.secondScale": Float32Array.of(31) };
  const { updates } = interpret(program, {
    inputs: { ...inputs, ...adam },
    state: initialise(program.state, 1),
    batch,
  });
  return Object.fromEntries(
    Object.keys(parameters).map((name) => [name, Array.from(updates[`opt.adam.m.${name}`]!.data, (m) => m / SHARE)]),
  );
}

const features = 5;
const noise = (step: number) => ({ seed: Int32Array.of(3, 0), step: Int32Array.of(step, 0) });
const pixels = (batch: number) =>
  Float32Array.from({ length: batch * features }, (_, i) => [1, 0, 0, 1, 1][i % features]!);

describe("doubly reparameterised gradients", () => {
  const config = { inputShape: [features], trunk: { kind: "dense", hidden: [] }, latent: 2, samples: 4 } as const;
  const model = (estimator: IwaeConfig["estimator"]) => iwae({ ...config, estimator });
  const isEncoder = (name: string) => name.startsWith("encoder.");

  /** The model again, by hand, with the surrogate of math as its loss. */
  function surrogate(): Program {
    const build = new GraphBuilder();
    const x = build.input("x", ["batch", features]);
    const source = { seed: build.input("seed", [2], "i32"), step: build.input("step", [2], "i32") };
    const q = {
      mu: dense(build, x, { name: "encoder.mu", units: 2 }),
      logVar: dense(build, x, { name: "encoder.logVar", units: 2 }),
    };
    const held = stopParameterGradients(build, q);
    const logWeight = (k: number): Node => {
      const z = reparameterise(build, q, build.randomNormal(q.mu.shape, { ...source, stream: `eps.${k}` }));
      const logits = dense(build, z, { name: "decoder.output", units: features });
      const joint = build.sub(
        gaussianLogProb(build, z, { mu: build.scalar(0), variance: 1 }),
        build.sum(build.sigmoidCrossEntropy(logits, x), { axes: [-1] }),
      );
      return build.expandDims(build.sub(joint, gaussianLogProb(build, z, held)), -1);
    };
    const weights = build.concat([0, 1, 2, 3].map(logWeight), -1);
    const value = build.mean(doublyReparameterisedSurrogate(build, weights));
    const bound = build.mean(importanceWeightedBound(build, weights));
    return build.program({ outputs: { loss: build.neg(value), bound } });
  }

  it("are those of the surrogate in the encoder and those of the bound in the decoder, draw by draw", () => {
    const inputs = { x: pixels(3), ...noise(5) };
    const [bound, double] = (["iwae", "dreg"] as const).map((estimator) => gradientsOf(model(estimator), inputs, 3));
    const program = surrogate();
    const phases = [{ name: "surrogate", loss: program, parameters: Object.keys(program.state) }];
    const expected = gradientsOf({ ...model("dreg"), phases }, inputs, 3);
    for (const [name, values] of Object.entries(double!)) {
      const wanted = isEncoder(name) ? expected[name]! : bound![name]!;
      values.forEach((value, i) => expect(value).toBeCloseTo(wanted[i]!, 12));
    }
    expect(double!["encoder.mu.kernel"]).not.toEqual(bound!["encoder.mu.kernel"]);
  });

  it("leave the loss what it is", () => {
    const inputs = { x: pixels(3), ...noise(5) };
    const [one, other] = (["iwae", "dreg"] as const).map((estimator) => {
      const { phases, parameters } = model(estimator);
      return interpret(phases[0]!.loss, { inputs, state: initialise(parameters, 1), batch: 3 }).outputs["loss"]!
        .data[0]!;
    });
    expect(other).toBeCloseTo(one!, 12);
  });

  it("have the same mean as the bound's, with less variance in the encoder", () => {
    const [runs, batch] = [40, 500];
    const all = (["iwae", "dreg"] as const).map((estimator) =>
      Array.from({ length: runs }, (_, step) =>
        gradientsOf(model(estimator), { x: pixels(batch), ...noise(step) }, batch),
      ),
    );
    const spreads = [0, 0];
    for (const name of Object.keys(all[0]![0]!).filter(isEncoder)) {
      for (let i = 0; i < all[0]![0]![name]!.length; i++) {
        const [a, b] = all.map((gradients) => moments(gradients.map((gradient) => gradient[name]![i]!)));
        // Six standard errors: two entries in a billion lie further out.
        expect(Math.abs(a!.mean - b!.mean)).toBeLessThan(6 * Math.hypot(a!.error, b!.error) + 1e-12);
        spreads[0]! += a!.error ** 2;
        spreads[1]! += b!.error ** 2;
      }
    }
    expect(spreads[1]!).toBeLessThan(spreads[0]! / 2);
  });
});

function moments(values: readonly number[]): { readonly mean: number; readonly error: number } {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((a, value) => a + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, error: Math.sqrt(variance / values.length) };
}

describe("the Gumbel-softmax estimator on a model that can be enumerated", () => {
  const CATEGORIES = 3;
  const config = {
    inputShape: [features],
    trunk: { kind: "dense", hidden: [] },
    latent: 1,
    categories: CATEGORIES,
  } as const;

  /** The encoder's exact gradient of the mean negative ELBO: every value of z, weighed with its probability. */
  function exact(batch: number): Gradients {
    const build = new GraphBuilder();
    const x = build.input("x", ["batch", features]);
    const logits = dense(build, x, { name: "encoder.logits", units: CATEGORIES });
    const p = build.softmax(logits);
    const terms = [0, 1, 2].map((value) => {
      const oneHot = build.constant(
        [1, CATEGORIES],
        [0, 1, 2].map((k) => (k === value ? 1 : 0)),
      );
      const output = dense(build, oneHot, { name: "decoder.output", units: features });
      const share = build.slice(p, { axis: 1, begin: value, end: value + 1 });
      const loss = build.sum(build.sigmoidCrossEntropy(output, x), { axes: [-1], keepDims: true });
      return build.mul(share, loss);
    });
    const reconstruction = terms.reduce((sum, one) => build.add(sum, one));
    const kl = build.sum(build.mul(p, build.logSoftmax(logits)), { axes: [-1], keepDims: true });
    const loss = build.mean(build.add(reconstruction, kl));
    const names = ["encoder.logits.kernel", "encoder.logits.bias"];
    const slopes = vjp(
      build,
      [loss],
      names.map((name) => build.state(name, build.stateSpec[name]!)),
      [build.scalar(1)],
    );
    const program = build.program({ outputs: Object.fromEntries(names.map((name, i) => [name, slopes[i]!])) });
    const state = initialise(program.state, 1);
    const { outputs } = interpret(program, { inputs: { x: pixels(batch) }, state, batch });
    return Object.fromEntries(names.map((name) => [name, [...outputs[name]!.data]]));
  }

  const wanted = exact(4);

  /** How far the mean gradient is from the exact one, relative to it, and the standard error of that. */
  function biasAt(temperature: number): { readonly bias: number; readonly error: number } {
    const [runs, batch] = [20, 4000];
    const definition = categoricalVae({ ...config, temperature });
    const gradients = Array.from({ length: runs }, (_, step) =>
      gradientsOf(definition, { x: pixels(batch), ...noise(step) }, batch),
    );
    const entries = Object.entries(wanted).flatMap(([name, values]) =>
      values.map((value, i) => ({ value, ...moments(gradients.map((gradient) => gradient[name]![i]!)) })),
    );
    const norm = Math.hypot(...entries.map(({ value }) => value));
    return {
      bias: Math.hypot(...entries.map(({ value, mean }) => mean - value)) / norm,
      error: Math.hypot(...entries.map(({ error }) => error)) / norm,
    };
  }

  it("is biased, less at a lower temperature, where it is noisier", () => {
    const [hot, warm, cold] = [biasAt(1), biasAt(0.5), biasAt(0.1)];
    expect(hot.bias).toBeGreaterThan(warm.bias + 3 * Math.hypot(hot.error, warm.error));
    expect(warm.bias).toBeGreaterThan(cold.bias);
    expect(hot.bias).toBeGreaterThan(10 * hot.error);
    expect(cold.bias).toBeLessThan(5 * cold.error + 0.02);
    expect(cold.error).toBeGreaterThan(2 * hot.error);
  });
});
