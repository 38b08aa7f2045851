import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { readModelFile } from "@isthmus/graph";
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
  ["none", []],
  ["8", [8]],
  ["8,6,5", [8, 6, 5]],
])("--hidden %s", async (text, hidden) => {
  const { config, parameters } = readModelFile(await trained("hidden.safetensors", "--hidden", text));
  expect(config["hidden"]).toEqual(hidden);
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
