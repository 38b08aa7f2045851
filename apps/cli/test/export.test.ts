/** `isthmus export`: every part in every shape, compared with our engine as it is written. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { checkOnnx, describeOnnx, type OnnxPort } from "@isthmus/onnx";
import { beforeAll, describe, expect, it } from "vitest";
import { complaint, isthmus, report } from "./support/cli.ts";
import { SMALL } from "./support/data.ts";
import { sharedFolder } from "./support/folder.ts";

const folder = await sharedFolder();
const file = (name: string): string => join(folder, name);
const model = file("m.safetensors");
const table = file("table.safetensors");

beforeAll(async () => {
  await report("train", "vae", ...SMALL, "-o", model);
  await report("train", "conditional-vae", ...SMALL, "-o", file("told.safetensors"));
  await report("train", "categorical-vae", ...SMALL, "-o", file("categorical.safetensors"));
  const rows = Array.from(
    { length: 60 },
    (_, i) => `${20 + Math.sin(i)},${i % 3 === 0 ? "on" : "off"},${1000 + 7 * i}`,
  );
  await writeFile(file("t.csv"), ["temperature,state,count", ...rows].join("\n"));
  const training = "--categorical state --latent 2 --hidden 8 --epochs 1".split(" ");
  await report("train", "vae", "--data", file("t.csv"), ...training, "-o", table);
});

/** What `export` writes, sound. */
async function exported(
  of: string,
  ...options: readonly string[]
): Promise<Record<"inputs" | "outputs", readonly OnnxPort[]>> {
  const { parity } = await report("export", of, ...options, "-o", file("part.onnx"));
  expect(parity).toBe("onnxruntime-node");
  const bytes = await readFile(file("part.onnx"));
  checkOnnx(bytes);
  return describeOnnx(bytes);
}

const names = (ports: readonly OnnxPort[]): string[] => ports.map(({ name }) => name);

describe("a part", () => {
  it.each([
    ["encoder", [], ["x"], ["mu", "logVar"]],
    ["encoder", ["--sample"], ["x", "eps"], ["mu", "logVar", "z"]],
    ["encoder", ["--outputs", "mu"], ["x"], ["mu"]],
    ["decoder", [], ["z"], ["logits", "reconstruction"]],
    ["autoencoder", ["--sample"], ["x", "eps"], ["mu", "logVar", "z", "logits", "reconstruction"]],
    ["autoencoder", ["--sample", "--outputs", "reconstruction,mu"], ["x", "eps"], ["mu", "reconstruction"]],
    ["prior", [], ["sample"], ["z"]],
  ])("%s %j", async (part, options, inputs, outputs) => {
    const described = await exported(model, "--part", part, ...options);
    expect([names(described.inputs), names(described.outputs)]).toEqual([inputs, outputs]);
  });

  it.each(["13", "17", "21"])(
    "in operator set %s, in both layouts and profiles, as numbers and as bytes",
    async (opset) => {
      for (const layout of ["nhwc", "nchw"]) {
        const shape = layout === "nhwc" ? [28, 28, 1] : [1, 28, 28];
        for (const more of [["--profile", "compact"], ["--uint8-io"]]) {
          const asked = ["--part", "autoencoder", "--opset", opset, "--layout", layout, ...more];
          const { inputs, outputs } = await exported(model, ...asked);
          const dtype = more[0] === "--uint8-io" ? "uint8" : "float32";
          expect(inputs[0]).toEqual({ name: "x", dtype, shape: ["batch", ...shape] });
          expect(outputs.at(-1)).toEqual({ name: "reconstruction", dtype, shape: ["batch", ...shape] });
        }
      }
    },
  );

  it("has a fixed batch where one is asked for", async () => {
    const { items } = await report("export", model, "--part", "decoder", "--batch", "2", "-o", file("two.onnx"));
    expect(items).toBe(2);
    expect(describeOnnx(await readFile(file("two.onnx"))).inputs[0]!.shape).toEqual([2, 3]);
  });

  it("of a conditional model takes labels, of a categorical one uniform noise", async () => {
    const told = await exported(file("told.safetensors"), "--part", "decoder");
    expect(told.inputs).toContainEqual({ name: "label", dtype: "int32", shape: ["batch"] });
    await exported(file("told.safetensors"), "--part", "autoencoder", "--sample");
    await exported(file("categorical.safetensors"), "--part", "encoder", "--sample");
  });

  it("of a table is in its own units on request", async () => {
    for (const part of ["encoder", "decoder", "autoencoder"]) {
      await exported(table, "--part", part, "--data-units");
      const { metadata } = describeOnnx(await readFile(file("part.onnx")));
      expect(metadata["isthmus.values"]).toBe("data units");
    }
  });
});

describe("--all", () => {
  it("writes what the model has, each compared, and options where they mean something", async () => {
    const { parts } = await report(
      "export",
      model,
      "--all",
      "--sample",
      "--uint8-io",
      "--layout",
      "nchw",
      "-o",
      file("all"),
    );
    expect(parts.map(({ part }: { part: string }) => part)).toEqual(["encoder", "decoder", "autoencoder", "prior"]);
    const written = await readdir(file("all"));
    expect(written.toSorted()).toEqual(["autoencoder.onnx", "decoder.onnx", "encoder.onnx", "prior.onnx"]);
    for (const part of parts) expect(part).toMatchObject({ parity: "onnxruntime-node", items: 100 });
    const { code, stdout } = await isthmus(["export", model, "--all", "-o", file("all")]);
    expect(code).toBe(0);
    expect(stdout.match(/^parity with onnxruntime-node on 100 drawn inputs, max abs error: /gm)).toHaveLength(4);
  });
});

describe("what cannot be exported is told in one line", () => {
  const out = ["-o", file("never.onnx")];
  it.each([
    [[model], "required option '--part <name>' not specified (or --all)"],
    [[model, "--part", "decoder", "--all"], "--part and --all exclude each other"],
    [[model, "--part", "middle"], "Allowed choices are encoder, decoder, autoencoder, prior."],
    [[model, "--part", "decoder", "--to", "tflite"], "Allowed choices are onnx."],
    [[model, "--part", "decoder", "--opset", "12"], "'12' is invalid. expected a whole number of at least 13."],
    [[model, "--part", "decoder", "--opset", "22"], "expected a whole number of at most 21."],
    [[model, "--part", "decoder", "--profile", "small"], "Allowed choices are portable, compact."],
    [[model, "--part", "decoder", "--layout", "chw"], "Allowed choices are nhwc, nchw."],
    [[model, "--part", "decoder", "--batch", "0"], "expected a whole number of at least 1."],
    [[model, "--part", "decoder", "--outputs", "logits,"], "expected names of outputs such as mu,logVar."],
    [
      [model, "--part", "decoder", "--outputs", "mean"],
      `"outputs" expected some of logits, reconstruction, got "mean"`,
    ],
    [[model, "--part", "decoder", "--sample"], "--sample goes with --part encoder or autoencoder only"],
    [[model, "--part", "prior", "--uint8-io"], "--uint8-io goes with parts that have items only"],
    [[model, "--part", "decoder", "--uint8-io", "--outputs", "logits"], "--outputs logits leaves out"],
    [[model, "--part", "decoder", "--data-units"], "does not describe its data"],
    [[table, "--part", "encoder", "--uint8-io"], "are standardised numbers, not bytes"],
    [[table, "--part", "encoder", "--layout", "nchw"], `"layout" expected items that are images`],
    [[model, "--all", "--outputs", "mu"], "--outputs goes with --part only"],
  ])("%j", async (args, message) => {
    expect(await complaint("export", ...args, ...out)).toContain(message);
    expect(await readdir(folder)).not.toContain("never.onnx");
  });

  it("a folder that is a file", async () => {
    expect(await complaint("export", model, "--all", "-o", model)).toContain("--out expected a folder");
  });
});
