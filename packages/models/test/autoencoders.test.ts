import { initialise, interpret, type Program } from "@isthmus/graph";
import { describe, expect, it } from "vitest";
import {
  contractiveAutoencoder,
  type ContractiveAutoencoderConfig,
  denoisingAutoencoder,
  linearAutoencoder,
  type ModelDefinition,
  sparseAutoencoder,
} from "../src/index.ts";

const plain = { inputShape: [7], latent: 4 } as const;

function uniform(length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => ((i * 37 + 5) % 101) / 101);
}

/** A program's outputs in float64 for rows of `x`, with the model's first values. */
function run(program: Program, { parameters }: ModelDefinition, x: Float32Array, step = 1) {
  const all = { x, seed: Int32Array.of(3, 0), step: Int32Array.of(step, 0) };
  const inputs = Object.fromEntries(Object.entries(all).filter(([name]) => name in program.inputs));
  return interpret(program, { inputs, state: initialise(parameters, 2), batch: x.length / 7 }).outputs;
}

const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0) / values.length;

describe("the linear autoencoder", () => {
  it("is x W and z V, with biases or without", () => {
    const definition = linearAutoencoder({ ...plain, bias: false });
    expect(Object.keys(definition.parameters).toSorted()).toEqual(["decoder.output.kernel", "encoder.z.kernel"]);
    const x = uniform(7);
    const w = initialise(definition.parameters, 2)["encoder.z.kernel"]!;
    const z = run(definition.encoder, definition, x)["z"]!.data;
    z.forEach((value, j) => expect(value).toBeCloseTo(mean([...x].map((xi, i) => 7 * xi * w[i * 4 + j]!)), 12));
    expect(Object.keys(linearAutoencoder(plain).parameters)).toHaveLength(4);
  });

  it("has squared error and a constant for its loss", () => {
    const definition = linearAutoencoder(plain);
    const { reconstruction, squaredError } = run(definition.evaluation, definition, uniform(14));
    reconstruction!.data.forEach((value, i) =>
      expect(value - squaredError!.data[i]!).toBeCloseTo(3.5 * Math.log(Math.PI), 12),
    );
  });

  it("refuses what is not linear", () => {
    expect(() => linearAutoencoder({ trunk: { kind: "dense", hidden: [3] } })).toThrow(/"trunk" expected no hidden/);
    expect(() => linearAutoencoder({ decoder: { kind: "conv" } })).toThrow(/"decoder" expected no hidden/);
    expect(() => linearAutoencoder({ bias: 1 as never })).toThrow(/"bias" expected true or false, got 1/);
  });
});

describe("the sparse autoencoder", () => {
  const x = uniform(21);
  const codes = (definition: ModelDefinition) => run(definition.encoder, definition, x)["z"]!.data;
  const lossOf = (definition: ModelDefinition) => run(definition.phases[0]!.loss, definition, x);

  it("adds the weighted mean of the codes' sums under l1", () => {
    const definition = sparseAutoencoder({ ...plain, sparsityWeight: 0.5 });
    const { loss, reconstruction, sparsity } = lossOf(definition);
    expect(sparsity!.data[0]).toBeCloseTo(0.5 * 4 * mean(codes(definition)), 12);
    expect(loss!.data[0]).toBeCloseTo(reconstruction!.data[0]! + sparsity!.data[0]!, 12);
  });

  it("adds KL(rho || mean activation), summed over the units, under kl", () => {
    const rho = 0.2;
    const definition = sparseAutoencoder({ ...plain, sparsity: "kl", sparsityWeight: 3, rho, latent: 9 });
    const z = codes(definition);
    const means = Array.from({ length: 9 }, (_, j) => mean([z[j]!, z[9 + j]!, z[18 + j]!]));
    const kl = means.map((q) => rho * Math.log(rho / q) + (1 - rho) * Math.log((1 - rho) / (1 - q)));
    expect(lossOf(definition)["sparsity"]!.data[0]).toBeCloseTo(3 * 9 * mean(kl), 12);
  });

  it("measures mean activation and Hoyer's sparsity per example", () => {
    const definition = sparseAutoencoder({ ...plain, sparsity: "kl" });
    const { meanActivation, hoyerSparsity } = run(definition.evaluation, definition, x);
    const rows = [0, 4, 8].map((from) => [...codes(definition).slice(from, from + 4)]);
    rows.forEach((z, i) => {
      expect(meanActivation!.data[i]).toBeCloseTo(mean(z), 12);
      expect(hoyerSparsity!.data[i]).toBeCloseTo(2 - (4 * mean(z)) / Math.hypot(...z), 12);
    });
  });

  it("names a rho that is no probability", () => {
    expect(() => sparseAutoencoder({ rho: 1 })).toThrow(/"rho" expected a number from 0.0001 to 0.9999, got 1/);
    expect(() => sparseAutoencoder({ sparsity: "l2" as never })).toThrow(/"sparsity" expected l1 or kl, got l2/);
  });
});

describe("the denoising autoencoder", () => {
  const x = uniform(7 * 3000).map((value) => 0.25 + value / 2);
  /** The error of what the encoder saw, per value. */
  const spoilt = (definition: ModelDefinition, step = 1): number =>
    mean(run(definition.evaluation, definition, x, step)["noisySquaredError"]!.data) / 7;

  it.each([
    // E[noise^2], E[level x^2], and half of E[level (x^2 + (1 - x)^2)], with x in [0.25, 0.75].
    ["gaussian", 0.09],
    ["masking", 0.3 * mean(x.map((value) => value ** 2))],
    ["saltAndPepper", 0.15 * mean(x.map((value) => value ** 2 + (1 - value) ** 2))],
  ] as const)("%s noise spoils as much as it should, anew at each step", (noise, wanted) => {
    const definition = denoisingAutoencoder({ ...plain, noise, noiseLevel: 0.3 });
    const first = spoilt(definition);
    // 21,000 draws: the relative standard error is below 0.012 for each kind of noise.
    expect(Math.abs(first / wanted - 1)).toBeLessThan(0.05);
    expect(spoilt(definition, 2)).not.toBe(first);
    expect(spoilt(definition)).toBe(first);
  });

  it.each(["gaussian", "masking", "saltAndPepper"] as const)("%s noise of level 0 spoils nothing", (noise) => {
    expect(spoilt(denoisingAutoencoder({ ...plain, noise, noiseLevel: 0 }))).toBe(0);
  });

  it("tells both errors in dB too, and has no noise in its encoder", () => {
    const definition = denoisingAutoencoder({ ...plain, noise: "gaussian" });
    const { squaredError, noisySquaredError, psnr, noisyPsnr } = run(definition.evaluation, definition, x);
    for (const [error, ratio] of [
      [squaredError, psnr],
      [noisySquaredError, noisyPsnr],
    ]) {
      ratio!.data.forEach((value, i) => expect(value).toBeCloseTo(-10 * Math.log10(error!.data[i]! / 7), 9));
    }
    expect(Object.keys(definition.encoder.inputs)).toEqual(["x"]);
  });

  it("names a share above 1", () => {
    expect(() => denoisingAutoencoder({ noise: "masking", noiseLevel: 1.5 })).toThrow(/"noiseLevel" expected a share/);
    expect(denoisingAutoencoder({ noise: "gaussian", noiseLevel: 1.5 }).config.noiseLevel).toBe(1.5);
  });
});

describe("the contractive autoencoder", () => {
  const x = uniform(35);
  const made = (config: Partial<ContractiveAutoencoderConfig>) => contractiveAutoencoder({ ...plain, ...config });

  it("has the same penalty by its formula and by differentiating the encoder", () => {
    const [analytic, exact] = (["analytic", "exact"] as const).map((jacobian) => {
      const definition = made({ jacobian });
      return run(definition.evaluation, definition, x)["squaredJacobianNorm"]!.data;
    });
    expect(analytic).toHaveLength(5);
    // Both in float64: sums of 28 terms.
    analytic!.forEach((value, i) => expect(Math.abs(value / exact![i]! - 1)).toBeLessThan(1e-13));
  });

  it("has the Frobenius norm of central differences", () => {
    const definition = made({ jacobian: "exact", codeActivation: "softplus" });
    const state = Object.fromEntries(
      Object.entries(initialise(definition.parameters, 2)).map(([name, values]) => [name, Float64Array.from(values)]),
    );
    const item = Float64Array.from(x.subarray(0, 7));
    const code = (moved: Float64Array) =>
      interpret(definition.encoder, { inputs: { x: moved }, state, batch: 1 }).outputs["z"]!.data;
    let squares = 0;
    const h = 1e-5;
    item.forEach((value, i) => {
      const [above, below] = [h, -h].map((shift) => code(item.with(i, value + shift)));
      above!.forEach((z, j) => (squares += ((z - below![j]!) / (2 * h)) ** 2));
    });
    const { squaredJacobianNorm } = interpret(definition.evaluation, { inputs: { x: item }, state, batch: 1 }).outputs;
    // Truncation h^2 f''' / 6 and rounding 2^-53 / h are some 1e-11 of slopes near 0.1.
    expect(Math.abs(squaredJacobianNorm!.data[0]! / squares - 1)).toBeLessThan(1e-8);
  });

  it("has, sampled, the same mean", () => {
    const [sampled, exact] = [made({ jacobian: "sampled" }), made({ jacobian: "exact" })];
    const many = Float32Array.from({ length: 7 * 4000 }, (_, i) => x[i % 7]!);
    const wanted = run(exact.evaluation, exact, x.subarray(0, 7))["squaredJacobianNorm"]!.data[0]!;
    const draws = run(sampled.evaluation, sampled, many)["squaredJacobianNorm"]!.data;
    const centre = mean(draws);
    const error = Math.sqrt(mean(draws.map((value) => (value - centre) ** 2)) / draws.length);
    expect(Math.abs(centre - wanted)).toBeLessThan(4 * error);
    expect(error).toBeLessThan(0.03 * wanted);
  });

  it("decodes with the encoder's weights where they are tied", () => {
    expect(Object.keys(made({}).parameters).toSorted()).toEqual([
      "decoder.output.bias",
      "encoder.z.bias",
      "encoder.z.kernel",
    ]);
    expect(Object.keys(made({ tied: false }).parameters)).toContain("decoder.output.kernel");
  });

  it("says which penalty and which weights go with hidden layers", () => {
    const trunk = { kind: "dense", hidden: [3], activation: "relu" } as const;
    expect(() => made({ trunk })).toThrow(/"jacobian" expected exact or sampled unless/);
    expect(() => made({ codeActivation: "tanh" })).toThrow(/"jacobian" expected exact or sampled unless/);
    expect(() => made({ trunk, jacobian: "sampled" })).toThrow(/"tied" expected false with hidden layers/);
  });
});
