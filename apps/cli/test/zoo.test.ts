import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readModelFile } from "@isthmus/graph";
import { modelKinds } from "@isthmus/models";
import { describe, expect, it } from "vitest";
import { complaint, isthmus, report } from "./support/cli.ts";
import { DIGITS } from "./support/data.ts";
import { sharedFolder } from "./support/folder.ts";

const folder = await sharedFolder();
const file = (name: string): string => join(folder, name);
const QUICK = [...DIGITS, "--limit", "200", "--latent", "5", "--epochs", "1"];

describe.each(modelKinds.map(({ kind }) => kind))("%s", (kind) => {
  const path = file(`${kind}.safetensors`);

  it("is trained from its defaults, measured and shown", async () => {
    const { model, test } = await report("train", kind, ...QUICK, "-o", path);
    expect(model).toBe(kind);
    expect(test.reconstruction ?? test.objective).toBeGreaterThan(0);
    const { kind: shown, config } = await report("inspect", path);
    expect(shown).toBe(kind);
    expect(config).toMatchObject({ latent: 5, inputShape: [28, 28, 1] });
    const { stdout } = await isthmus(["eval", path, ...DIGITS, "--range", "0:200"]);
    expect(stdout).toContain("data convention: ");
  });

  it("is exported: onnxruntime agrees with our engine on both halves", async () => {
    for (const part of ["encoder", "decoder"]) {
      const { parity, items } = await report("export", path, "--part", part, "-o", file("part.onnx"));
      expect({ parity, items }).toEqual({ parity: "onnxruntime-node", items: 100 });
    }
  });

  it("compresses, or says that its codes cannot be", async () => {
    const stream = file("x.isth");
    if (kind === "conditional-vae") {
      const line = await complaint("encode", path, ...DIGITS, "--range", "0:9", "-o", stream);
      return expect(line).toContain("[MODEL_NO_CODING]");
    }
    await report("encode", path, ...DIGITS, "--range", "0:9", "-o", stream);
    expect((await report("decode", path, stream, "-o", file("r.npy"))).items).toBe(9);
  });
});

it.each([
  ["dense", []],
  ["convolutions", ["--channels", "2,3", "--hidden", "8"]],
])("a predicted variance goes the whole way beside the mean, %s", async (_, options) => {
  const path = file("predicted.safetensors");
  const likelihood = ["--likelihood", "gaussian", "--variance", "predicted"];
  const { test } = await report("train", "vae", ...QUICK, ...likelihood, ...options, "-o", path);
  const { stdout } = await isthmus(["eval", path, ...DIGITS, "--range", "0:200"]);
  expect(stdout).toContain("Gaussian likelihood, a variance predicted for each feature of each item");
  expect(Number.isFinite(test.negElbo)).toBe(true);
  const { parity, perOutput } = await report("export", path, "--part", "decoder", "-o", file("predicted.onnx"));
  expect([parity, Object.keys(perOutput).toSorted()]).toEqual(["onnxruntime-node", ["logVar", "reconstruction"]]);
  await report("encode", path, ...DIGITS, "--range", "0:9", "-o", file("predicted.isth"));
  expect((await report("decode", path, file("predicted.isth"), "-o", file("r.npy"))).items).toBe(9);
});

it("train --help names every kind, its sizes and its own options with their defaults", async () => {
  const { stdout } = await isthmus(["train", "--help"]);
  for (const { kind, summary } of modelKinds) {
    const line = stdout.split("\n").find((text) => text.startsWith(`  ${kind} `));
    expect(line).toContain(`${summary}; `);
    expect(line).toMatch(/; .*code \d+, [a-z-]+$/);
  }
  const words = stdout.replaceAll(/\s+/g, " ");
  expect(words).toContain("--rho <x> kl: mean activation aimed at (sparse-ae: 0.05)");
  expect(words).toContain("--noise <gaussian|masking|salt-and-pepper>");
  expect(words).toContain("(denoising-ae: sigmoid, contractive-ae: sigmoid)");
});

it.each([
  ["linear-ae", ["--bias", "off"], { bias: false }],
  ["sparse-ae", ["--sparsity", "kl", "--rho", "0.1", "--sparsity-weight", "3"], { rho: 0.1, sparsityWeight: 3 }],
  ["denoising-ae", ["--noise", "salt-and-pepper", "--noise-level", "0.4"], { noise: "saltAndPepper", noiseLevel: 0.4 }],
  ["contractive-ae", ["--jacobian", "sampled", "--tied", "off"], { jacobian: "sampled", tied: false }],
  ["learned-codec", ["--lambda", "20", "--qualities", "3", "--gdn", "on"], { lambda: 20, qualities: 3, gdn: true }],
])("%s %j", async (kind, options, config) => {
  await report("train", kind, ...QUICK, ...options, "-o", file("own.safetensors"));
  expect(readModelFile(await readFile(file("own.safetensors"))).config).toMatchObject(config);
});

it.each([
  ["vae", ["--rho", "0.1"], "--rho goes with sparse-ae only"],
  ["ae", ["--code-activation", "relu"], "--code-activation goes with denoising-ae and contractive-ae only"],
  ["sparse-ae", ["--rho", "1"], '--rho expected a number from 0.0001 to 0.9999, got "1"'],
  ["sparse-ae", ["--rho", ""], "--rho expected a number from 0.0001 to 0.9999, got "],
  ["sparse-ae", ["--sparsity", "l2"], '--sparsity expected l1 or kl, got "l2"'],
  ["denoising-ae", ["--noise", "saltAndPepper"], "--noise expected gaussian or masking or salt-and-pepper, got"],
  ["linear-ae", ["--bias", "maybe"], '--bias expected on or off, got "maybe"'],
  ["linear-ae", ["--hidden", "400"], '"trunk" expected no hidden layers'],
  ["learned-codec", ["--likelihood", "bernoulli"], '"likelihood" expected gaussian of a fixed variance'],
  ["learned-codec", ["--step-scale", "2"], "--step-scale: learned-codec learns its bins"],
  ["contractive-ae", ["--hidden", "400"], '"jacobian" expected exact or sampled unless'],
])("%s %j is refused in one line", async (kind, options, message) => {
  const line = await complaint("train", kind, ...QUICK, ...options, "-o", file("never"));
  expect(line).toContain(message);
});
