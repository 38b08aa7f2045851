import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readModelFile, writeModelFile } from "@isthmus/graph";
import { probe } from "@isthmus/kernels";
import { describe, expect, it } from "vitest";
import { complaint, isthmus, report } from "./support/cli.ts";
import { DIGITS, SMALL } from "./support/data.ts";
import { sharedFolder } from "./support/folder.ts";

const folder = await sharedFolder();
const file = (name: string): string => join(folder, name);
const trained = async (name: string, ...options: readonly string[]): Promise<Buffer> => {
  await report("train", "vae", ...SMALL, ...options, "-o", file(name));
  return readFile(file(name));
};

describe("the model file", () => {
  it("is the same bytes for the same seed, wherever it is written", async () => {
    await mkdir(file("below"));
    const first = await trained("one.safetensors");
    expect((await trained("below/another name.safetensors")).equals(first)).toBe(true);
  });

  it("is the same bytes for any number of threads", async () => {
    const wide = ["--hidden", "200", "--threads"];
    const first = await trained("one.safetensors", ...wide, "1");
    for (const threads of ["3", "auto"]) {
      expect((await trained("other.safetensors", ...wide, threads)).equals(first)).toBe(true);
    }
    expect(await complaint("train", "vae", ...SMALL, ...wide, "0", "-o", file("none.safetensors"))).toContain(
      "--threads",
    );
  });

  it("is another for another seed, order of batches or learning rate", async () => {
    const first = await trained("one.safetensors");
    for (const options of [
      ["--seed", "2"],
      ["--batch", "64"],
      ["--lr", "2e-3"],
    ]) {
      expect((await trained("other.safetensors", ...options)).equals(first)).toBe(false);
    }
  });
});

it("--build simd128 is used, recorded, and where relaxed SIMD is missing also chosen", async () => {
  const plain = await trained("simd128.safetensors", "--build", "simd128");
  expect(readModelFile(plain).provenance["engine"]).toEqual({ name: "wasm", build: "simd128" });
  if (probe().relaxedSimd) {
    await trained("relaxed.safetensors", "--build", "relaxed");
  } else {
    expect((await trained("auto.safetensors")).equals(plain)).toBe(true);
    const line = await complaint(
      ...["train", "vae", ...SMALL, "--build", "relaxed", "-o", file("relaxed.safetensors")],
    );
    expect(line).toContain("[WASM_NO_RELAXED_SIMD]");
  }
});

it.each([
  [
    [],
    { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    1e-3,
    "adam (beta1 0.9, beta2 0.999, epsilon 1e-8), learning rate 0.001",
  ],
  [
    ["--optimiser", "sgd", "--momentum", "0.9", "--nesterov", "--lr", "0.01", "--clip-norm", "5"],
    { kind: "sgd", momentum: 0.9, nesterov: true },
    0.01,
    "sgd (momentum 0.9, nesterov true), learning rate 0.01, gradients clipped at 5",
  ],
  [
    ["--optimiser", "adamw", "--weight-decay", "0.5", "--schedule", "cosine", "--lr-floor", "1e-4", "--warm-up", "2"],
    { kind: "adamW", beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.5 },
    { kind: "cosine", rate: 1e-3, epochs: 1, floor: 1e-4, warmUp: 2 },
    "learning rate cosine (rate 0.001, epochs 1, floor 0.0001, warmUp 2)",
  ],
  [
    ["--optimiser", "rmsprop", "--schedule", "step", "--lr-epochs", "2"],
    { kind: "rmsProp", decay: 0.99, epsilon: 1e-8 },
    { kind: "step", rate: 1e-3, epochs: 2, factor: 0.1, warmUp: 0 },
    "rmsProp (decay 0.99, epsilon 1e-8), learning rate step (rate 0.001, factor 0.1, epochs 2, warmUp 0)",
  ],
] as const)("how parameters move is told, recorded and used: %j", async (options, optimiser, lr, words) => {
  const out = file("moved.safetensors");
  const { code, stdout, stderr } = await isthmus(["train", "vae", ...SMALL, ...options, "--json", "-o", out]);
  expect(code, stderr).toBe(0);
  expect(stderr).toContain(words);
  expect(JSON.parse(stdout)).toMatchObject({ optimiser, lr });
  const { provenance, parameters } = readModelFile(await readFile(out));
  expect(provenance["training"]).toMatchObject({ optimiser, lr });
  const plain = readModelFile(await trained("plain.safetensors")).parameters;
  const [bias, adamBias] = [parameters, plain].map((tensors) => [...tensors["encoder.mu.bias"]!.data]);
  expect(JSON.stringify(bias) === JSON.stringify(adamBias)).toBe(options.length === 0);
});

it.each([
  ["none", []],
  ["8", [8]],
  ["8,6,5", [8, 6, 5]],
])("--hidden %s", async (text, hidden) => {
  const { config, parameters } = readModelFile(await trained("hidden.safetensors", "--hidden", text));
  expect(config["trunk"]).toEqual({ kind: "dense", hidden, activation: "relu" });
  const widths = [784, ...hidden].slice(0, -1).map((width, layer) => [width, hidden[layer]]);
  const kernels = hidden.map((_, layer) => parameters[`encoder.dense${layer}.kernel`]!.shape);
  expect(kernels).toEqual(widths);
});

it("--step-scale widens the bins: fewer bytes", async () => {
  const bytes: number[] = [];
  for (const scale of ["0.01", "0.1", "1"]) {
    await trained("scaled.safetensors", "--step-scale", scale);
    const { bytes: size } = await report(
      ...["encode", file("scaled.safetensors"), ...DIGITS, "--range", "0:100", "-o", file("scaled.isth")],
    );
    bytes.push(size);
  }
  expect(bytes).toEqual(bytes.toSorted((a, b) => b - a));
  expect(new Set(bytes).size).toBe(3);
});

describe("what the likelihood takes the data to be is said in words", () => {
  it.each([
    [[], "real-valued pixels as Bernoulli probabilities"],
    [["--binarize", "dynamic"], "dynamic binarisation, Bernoulli likelihood"],
    [["--binarize", "threshold"], "threshold at 0.5, Bernoulli likelihood"],
    [["--likelihood", "gaussian"], "Gaussian likelihood, variance 0.01, values in [0, 1]"],
    [
      ["--likelihood", "gaussian", "--binarize", "dynamic"],
      "Gaussian likelihood, variance 0.01, values binarised dynamically",
    ],
  ])("%j", async (options, convention) => {
    const out = file("convention.safetensors");
    const { code, stdout, stderr } = await isthmus(["train", "vae", ...SMALL, ...options, "--seed", "5", "-o", out]);
    expect(code).toBe(0);
    expect(stderr).toContain(`; ${convention}\n`);
    expect(stdout).toContain(`data convention: ${convention}\n`);
    expect(stdout).toContain("negative ELBO (z drawn from q)");
    const again = await report("eval", out, ...DIGITS, "--range", "0:300");
    expect(again).toMatchObject({ convention, seed: 5 });
    const { metrics } = readModelFile(await readFile(out));
    expect(again).toMatchObject(metrics["test"] as object);
  });
});

describe("an autoencoder", () => {
  const ae = file("ae.safetensors");

  it("reports no ELBO and no KL", async () => {
    const { test } = await report("train", "ae", ...SMALL, "-o", ae);
    expect(Object.keys(test).toSorted()).toEqual(["convention", "items", "reconstruction", "squaredError"]);
    const { stdout } = await isthmus(["eval", ae, ...DIGITS, "--range", "0:300"]);
    expect(stdout).not.toMatch(/ELBO|KL/);
  });

  it("encodes, decodes and exports like a VAE", async () => {
    await report("encode", ae, ...DIGITS, "--range", "0:10", "-o", file("ae.isth"));
    await report("export", ae, "--part", "decoder", "-o", file("ae.onnx"));
    const { perOutput } = await report("export", ae, "--part", "encoder", "-o", file("ae-encoder.onnx"));
    expect(Object.keys(perOutput)).toEqual(["z"]);
    const decoded = await report(...["decode", ae, file("ae.isth"), "--onnx", file("ae.onnx"), "-o", file("ae.png")]);
    expect(decoded.items).toBe(10);
  });

  it("has no prior to sample from", async () => {
    expect(await complaint("sample", ae, "-o", file("never.png"))).toBe(
      `${ae} is of kind "ae", which has no prior to sample from; train a vae`,
    );
  });
});

it("a learning rate that blows the loss up is told in one line, and no file is written", async () => {
  const line = await complaint("train", "vae", ...SMALL, "--lr", "1000", "--epochs", "3", "-o", file("never"));
  expect(line).toContain("[TRAIN_NON_FINITE]");
});

describe("the network", () => {
  const configOf = async (kind: string, ...options: readonly string[]): Promise<Record<string, unknown>> => {
    const out = file("network.safetensors");
    await report("train", kind, ...SMALL, ...options, "-o", out);
    const shown = await isthmus(["inspect", out]);
    return { shown: shown.stdout, ...readModelFile(await readFile(out)).config };
  };

  it("has convolutions where they are asked for, and inspect shows them", async () => {
    const { trunk, shown } = await configOf("vae", "--channels", "2,3", "--kernel", "3", "--activation", "tanh");
    expect(trunk).toEqual({ kind: "conv", channels: [2, 3], kernel: 3, stride: 2, hidden: [16], activation: "tanh" });
    expect(shown).toContain("    channels: [2, 3]\n");
  });

  it("has another decoder where it is asked for", async () => {
    const { trunk, decoder } = await configOf("ae", "--decoder-hidden", "8,9");
    expect([trunk, decoder]).toMatchObject([{ hidden: [16] }, { kind: "dense", hidden: [8, 9] }]);
  });

  it.each([
    [["--likelihood", "gaussian", "--variance", "per-feature", "--variance-value", "0.1"], "perFeature", 0.1],
    [["--likelihood", "gaussian", "--variance", "shared"], "shared", 0.01],
    [["--likelihood", "gaussian", "--variance", "predicted"], "predicted", 0.01],
  ])("has the likelihood of %j", async (options, variance, value) => {
    expect(await configOf("vae", ...options)).toMatchObject({ likelihood: { kind: "gaussian", variance, value } });
  });

  it("has a mixture of discretised logistics", async () => {
    const { likelihood } = await configOf(
      "vae",
      "--likelihood",
      "logistic-mixture",
      "--levels",
      "16",
      "--logistics",
      "2",
    );
    expect(likelihood).toEqual({ kind: "logisticMixture", levels: 16, logistics: 2 });
  });

  it("has a discretised logistic likelihood with levels", async () => {
    const { likelihood } = await configOf("ae", "--likelihood", "discretised-logistic", "--levels", "16");
    expect(likelihood).toEqual({ kind: "discretisedLogistic", levels: 16 });
  });

  it.each([
    [["--variance", "shared"], "--variance goes with --likelihood gaussian only"],
    [["--logistics", "4"], "--logistics goes with --likelihood logistic-mixture only"],
    [["--levels", "4"], "--levels goes with --likelihood discretised-logistic or logistic-mixture only"],
    [["--kernel", "3"], "--kernel goes with --channels only"],
    [["--activation", "cosine"], "Allowed choices are relu, tanh, sigmoid, softplus."],
  ])("%j is refused in one line", async (options, message) => {
    expect(await complaint("train", "vae", ...SMALL, ...options, "-o", file("never"))).toContain(message);
  });
});

describe("the VAE family", () => {
  const configOf = async (kind: string, ...options: readonly string[]): Promise<Record<string, unknown>> => {
    const out = file("family.safetensors");
    await report("train", kind, ...SMALL, ...options, "-o", out);
    return readModelFile(await readFile(out)).config as Record<string, unknown>;
  };

  it.each([
    ["linear:0:4:2", { kind: "linear", from: 0, to: 4, epochs: 2 }],
    ["cyclical:0:1:8", { kind: "cyclical", from: 0, to: 1, epochs: 8, cycles: 4, ramp: 0.5 }],
    ["cyclical:0:1:8:2:0.25", { kind: "cyclical", from: 0, to: 1, epochs: 8, cycles: 2, ramp: 0.25 }],
    ["0.5", 0.5],
  ])("--kl-weight %s", async (text, klWeight) => {
    expect(await configOf("beta-vae", "--kl-weight", text)).toMatchObject({ klWeight });
  });

  it.each([
    ["beta-vae", ["--kl-weight", "sine:0:1:2"], "--kl-weight expected a number or a schedule"],
    ["beta-vae", ["--kl-weight", "linear:0:1"], "--kl-weight expected a number or a schedule"],
    ["beta-vae", ["--kl-weight", "linear:0:-1:2"], '"klWeight.to" expected a finite number of at least 0, got -1'],
    ["beta-vae", ["--free-bits", "1", "--capacity", "5"], '"freeBits" expected 0 beside a capacity'],
    ["categorical-vae", ["--temperature", "0"], '"temperature" expected a finite number above 0, got 0'],
    ["vae", ["--kl-weight", "2"], "--kl-weight goes with beta-vae and mixture-prior-vae and vamp-prior-vae only"],
    [
      "linear-vae",
      ["--hidden", "none", "--likelihood", "bernoulli"],
      '"likelihood.kind" expected gaussian for a linear model',
    ],
    ["vae", ["--components", "4"], "--components of vae goes with --posterior mixture only"],
    ["vae", ["--components", "4", "--posterior", "full"], "--components of vae goes with --posterior mixture only"],
    ["vae", ["--posterior", "full", "--latent", "1"], '"latent" expected at least 2 for a full covariance, got 1'],
  ])("%s %j is refused in one line", async (kind, options, message) => {
    expect(await complaint("train", kind, ...SMALL, ...options, "-o", file("never"))).toContain(message);
  });

  it("shows components where there are some", async () => {
    expect(await configOf("vae", "--posterior", "mixture", "--components", "2")).toMatchObject({ components: 2 });
    expect(await configOf("mixture-prior-vae", "--components", "4")).toMatchObject({ components: 4 });
    expect(await configOf("vae")).not.toHaveProperty("components");
    const { config } = await report("inspect", file("family.safetensors"));
    expect(config).not.toHaveProperty("components");
  });

  it("opens a file from when every vae had a number of components", async () => {
    const out = file("new.safetensors");
    const { test } = await report("train", "vae", ...SMALL, "-o", out);
    const model = readModelFile(await readFile(out));
    await writeFile(file("old.safetensors"), writeModelFile({ ...model, config: { ...model.config, components: 3 } }));
    const again = await report("eval", file("old.safetensors"), ...DIGITS, "--range", "0:300");
    expect(again.negElbo).toBe(test.negElbo);
  });

  it("a model that is told labels trains, is measured and has no frequency tables", async () => {
    const out = file("conditional.safetensors");
    const { test } = await report("train", "conditional-vae", ...SMALL, "--prior", "learned", "-o", out);
    expect(readModelFile(await readFile(out)).coding).toBeUndefined();
    const again = await report("eval", out, ...DIGITS, "--range", "0:300");
    expect(again.negElbo).toBe(test.negElbo);
    expect(await complaint("encode", out, ...DIGITS, "-o", file("never.isth"))).toContain("[MODEL_NO_CODING]");
    for (const part of ["encoder", "decoder"]) {
      const { maxAbsError } = await report("export", out, "--part", part, "-o", file("conditional.onnx"));
      // The bound that export itself holds logits and codes to.
      expect(maxAbsError === null || maxAbsError < 1e-4).toBe(true);
    }
  });

  it("--patience keeps the best epoch, and --resume goes on counting", async () => {
    const out = file("patient.safetensors");
    const options = [...SMALL, "--lr", "0.05", "--patience", "2"];
    const whole = await report("train", "vae", ...options, "--epochs", "30", "-o", out);
    const bytes = await readFile(out);
    expect(whole.epochs).toBe(whole.best.epoch + 2);
    expect(whole.test.negElbo).toBe(whole.best.value);
    await report("train", "vae", ...options, "--epochs", "2", "-o", out);
    const resumed = await report("train", "vae", ...options, "--epochs", "30", "--resume", "-o", out);
    expect(resumed.best).toEqual(whole.best);
    expect(Buffer.compare(await readFile(out), bytes)).toBe(0);
  });
});
