/** `isthmus export --precision` and `isthmus onnx quantise`: smaller files, with what they cost. */
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeNpy } from "@isthmus/data";
import { checkOnnx, describeOnnx, lintFor } from "@isthmus/onnx";
import { beforeAll, describe, expect, it } from "vitest";
import { complaint, isthmus, report } from "./support/cli.ts";
import { SMALL } from "./support/data.ts";
import { sharedFolder } from "./support/folder.ts";

const folder = await sharedFolder();
const file = (name: string): string => join(folder, name);
const model = file("m.safetensors");
const torch = fileURLToPath(new URL("../../../packages/onnx/test/fixtures/torch-decoder-17.onnx", import.meta.url));
const CALIBRATED: readonly string[] = ["--calibrate", "synthetic", "--items", "32"];

beforeAll(async () => {
  await report("train", "vae", ...SMALL, "-o", model);
  await report("train", "conditional-vae", ...SMALL, "-o", file("told.safetensors"));
});

/**
 * The least SNR, in dB, of two or three dense layers: a half is within 2^-11 of its number, 66 dB; a byte of weights off by
 * step / sqrt(12) of 127 steps to the largest of its row, 41 dB where that is four times the root mean square; six for a bit
 * less; twelve for several errors to one side.
 */
const least: Readonly<Record<string, number>> = { float16: 54, "float16-compute": 54, "int8-weights": 29, int8: 23 };

type Costs = Readonly<Record<string, { readonly snr: number; readonly maxAbsError: number }>>;

function expectCheap(outputs: Costs, precision: string): void {
  expect(Object.keys(outputs).length).toBeGreaterThan(0);
  for (const { snr, maxAbsError } of Object.values(outputs)) {
    expect(snr).toBeGreaterThanOrEqual(least[precision]!);
    expect(maxAbsError).toBeGreaterThan(0);
  }
}

describe("export --precision", () => {
  it.each([
    ["encoder", "float16", []],
    ["decoder", "float16-compute", []],
    ["autoencoder", "int8-weights", ["--weight-bits", "7"]],
    ["encoder", "int8", CALIBRATED],
    ["decoder", "int8", [...CALIBRATED, "--activations", "uint8"]],
    ["autoencoder", "int8", [...CALIBRATED, "--layout", "nchw", "--uint8-io"]],
    ["autoencoder", "int8", [...CALIBRATED, "--batch", "5"]],
  ])("%s in %s %j", async (part, precision, options) => {
    const out = file("part.onnx");
    const told = await report("export", model, "--part", part, "--precision", precision, ...options, "-o", out);
    const bytes = await readFile(out);
    checkOnnx(bytes);
    expect(describeOnnx(bytes).metadata["isthmus.precision"]).toBe(precision);
    expect(told).toMatchObject({ precision, bytes: bytes.length, measuredBy: "onnxruntime-node" });
    // Half of four bytes for each number, or a quarter, where a model this small has as much again in scales and biases.
    const { elements, bytes: stored } = describeOnnx(bytes).initialisers;
    expect(stored / (4 * elements)).toBeLessThan(0.55);
    expect(told.bytes).toBeLessThan(told.float32Bytes);
    expectCheap(told.outputs, precision);
    await report("onnx", "selftest", out);
    const isMeasured = options.includes("--calibrate") && part !== "encoder";
    expect(told.squaredError !== undefined).toBe(isMeasured);
  });

  it("tells what reconstructions lose, on other items than were calibrated with", async () => {
    const args = ["--part", "autoencoder", "--precision", "int8", ...CALIBRATED, "-o", file("part.onnx")];
    const { stdout, code } = await isthmus(["export", model, ...args]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^int8: [\d,]+ bytes of [\d,]+ \(\d+\.\d %\)$/m);
    expect(stdout).toMatch(/^SNR on 32 items of synthetic \(onnxruntime-node\): mu \d+\.\d dB .*reconstruction \d/m);
    expect(stdout).toMatch(/^squared error per item: [\d.]+ in float32, [\d.]+ \([+-][\d.]+ %\); items are /m);
  });

  it("of all parts: a prior is calibrated on the noise that it is fed", async () => {
    const { parts } = await report("export", model, "--all", "--precision", "int8", ...CALIBRATED, "-o", file("all"));
    expect(parts.map(({ part, measuredOn }: any) => [part, measuredOn])).toEqual([
      ["encoder", "items of synthetic"],
      ["decoder", "items of synthetic"],
      ["autoencoder", "items of synthetic"],
      ["prior", "drawn inputs"],
    ]);
  });

  it("float32 is what there was before", async () => {
    const written = async (...options: readonly string[]) => {
      await report("export", model, "--part", "decoder", ...options, "-o", file("part.onnx"));
      return await readFile(file("part.onnx"));
    };
    expect(await written("--precision", "float32")).toEqual(await written());
  });

  it.each([
    [["--precision", "int8"], /needs --calibrate/],
    [["--precision", "float16", "--weight-bits", "7"], /--weight-bits goes with --precision int8/],
    [["--precision", "int8-weights", "--activations", "uint8"], /--activations goes with --precision int8/],
    [["--calibrate", "synthetic"], /--calibrate goes with a --precision below float32/],
    [["--precision", "int8-weights", "--weight-bits", "9"], /expected 7 or 8/],
    [["--precision", "int8", "--calibrate", "nowhere.npy"], /--calibrate: expected .*nowhere\.npy/],
  ])("%j is refused in one line", async (options, words) => {
    expect(await complaint("export", model, "--part", "decoder", ...options, "-o", file("no.onnx"))).toMatch(words);
    await expect(stat(file("no.onnx"))).rejects.toThrow(/ENOENT/);
  });

  it("codes that depend on more than items are asked for as a whole", async () => {
    const args = ["--part", "decoder", "--precision", "int8", ...CALIBRATED, "-o", file("no.onnx")];
    expect(await complaint("export", file("told.safetensors"), ...args)).toMatch(/label.*--part autoencoder/);
  });
});

describe("onnx quantise", () => {
  it("makes a PyTorch decoder smaller, calibrated on codes of a file", async () => {
    const codes = Float32Array.from({ length: 40 * 6 }, (_, i) => Math.sin(i * i));
    await writeFile(file("codes.npy"), writeNpy({ shape: [40, 6], values: codes }));
    const out = file("small.onnx");
    for (const precision of ["float16", "float16-compute", "int8-weights", "int8"]) {
      const told = await report(
        ...["onnx", "quantise", torch, "--precision", precision],
        ...["--calibrate", file("codes.npy"), "-o", out],
      );
      expect(told).toMatchObject({ precision, items: 20, measuredBy: "onnxruntime-node" });
      expectCheap(told.outputs, precision);
      const bytes = await readFile(out);
      checkOnnx(bytes);
      expect(describeOnnx(bytes).producer.name).toBe("pytorch");
      if (precision === "int8") expect(lintFor("tensorrt", bytes)).toEqual([]);
      await report("onnx", "parity", out);
    }
  });

  it.each(["float16-compute", "int8"])("%s agrees with our engine but for what either rounds", async (precision) => {
    const calibrated = precision === "int8" ? CALIBRATED : [];
    const args = ["--part", "autoencoder", "--precision", precision, ...calibrated, "-o", file("rounded.onnx")];
    await report("export", model, ...args);
    expect((await isthmus(["onnx", "parity", file("rounded.onnx")])).code).toBe(0);
  });

  it("knows what items an exported file takes", async () => {
    await report("export", model, "--part", "autoencoder", "--layout", "nchw", "-o", file("full.onnx"));
    const args = ["--precision", "int8", ...CALIBRATED, "-o", file("small.onnx")];
    const { stdout, code, stderr } = await isthmus(["onnx", "quantise", file("full.onnx"), ...args]);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^squared error per item: .* items are numbers in \[0, 1\]$/m);
  });

  it.each([
    [["-o", "x.onnx"], /required option '--precision <name>' not specified/],
    [["--precision", "int8", "-o", "x.onnx"], /needs --calibrate/],
    [
      ["--precision", "int8", "--calibrate", "synthetic", "-o", "x.onnx"],
      /--calibrate: .* items of shape \[6\].* takes codes/,
    ],
  ])("%j is refused in one line", async (options, words) => {
    expect(await complaint("onnx", "quantise", torch, ...options)).toMatch(words);
  });

  it("does not write over the file it reads", async () => {
    expect(await complaint("onnx", "quantise", torch, "--precision", "float16", "-o", torch)).toMatch(/would replace/);
  });
});
