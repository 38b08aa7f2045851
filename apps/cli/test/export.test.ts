/** `isthmus export`: every part in every shape, compared with our engine as it is written. */
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readModelFile } from "@isthmus/graph";
import { checkOnnx, describeOnnx, type OnnxPort, readOnnxMetadata } from "@isthmus/onnx";
import { beforeAll, describe, expect, it } from "vitest";
import { Interrupted } from "../src/errors.ts";
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

describe("a file", () => {
  it("says what the model is, and under what license", async () => {
    await report("export", model, "--part", "decoder", "--license", "CC-BY-4.0", "-o", file("said.onnx"));
    const metadata = readOnnxMetadata(await readFile(file("said.onnx")));
    expect(metadata).toMatchObject({
      "isthmus.convention": "real-valued pixels as Bernoulli probabilities",
      "isthmus.kind": "vae",
      "isthmus.latents": "3",
      "isthmus.license": "CC-BY-4.0",
    });
    const stored = readModelFile(await readFile(model));
    const training = JSON.parse(metadata["isthmus.training"]!) as object;
    expect(training).toEqual({ ...stored.provenance, test: stored.metrics["test"] });
    const { stdout } = await isthmus(["onnx", "info", file("said.onnx")]);
    for (const line of [
      /^isthmus\.license: CC-BY-4\.0$/m,
      /^isthmus\.training:\n {2}data:\n {4}items: 300$/m,
      /^ {2}tables: \[\d[\d, ]*/m,
      /^golden sample: z float32 \[1, 3\] -> logits float32 \[1, 784\], reconstruction float32 \[1, 784\] \(/m,
    ]) {
      expect(stdout).toMatch(line);
    }
    await report("export", table, "--part", "decoder", "-o", file("said.onnx"));
    const described = readOnnxMetadata(await readFile(file("said.onnx")));
    expect(described).not.toHaveProperty("isthmus.license");
    expect(described["isthmus.convention"]).toContain("columns as they are standardised");
    expect(JSON.parse(described["isthmus.data"]!)).toEqual(readModelFile(await readFile(table)).data);
  });

  it("tests itself in our engine and in onnxruntime-node, in every shape", async () => {
    for (const options of [[], ["--uint8-io", "--layout", "nchw"], ["--batch", "3", "--opset", "13"]]) {
      await report("export", model, "--part", "autoencoder", "--sample", ...options, "-o", file("tested.onnx"));
      const { engines } = await report("onnx", "selftest", file("tested.onnx"));
      expect(Object.keys(engines)).toEqual(["isthmus", "onnxruntime-node"]);
      for (const { share } of Object.values(engines) as { share: number }[]) expect(share).toBeLessThanOrEqual(1);
      expect((await report("onnx", "parity", file("tested.onnx"))).maxRelError).toBeLessThan(0.01);
    }
    const alone = await report("onnx", "selftest", file("tested.onnx"), "--engine", "isthmus");
    expect(Object.keys(alone.engines)).toEqual(["isthmus"]);
  });

  it("that was damaged does not pass, and the output is named", async () => {
    await report("export", model, "--part", "decoder", "-o", file("whole.onnx"));
    const bytes = await readFile(file("whole.onnx"));
    const stored = readModelFile(await readFile(model)).parameters["decoder.output.bias"]!.data;
    const bias = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
    const at = bytes.indexOf(bias);
    expect(at).toBeGreaterThan(0);
    bytes.writeFloatLE((stored as Float32Array)[5]! + 0.01, at + 4 * 5);
    await writeFile(file("damaged.onnx"), bytes);
    await report("onnx", "check", file("damaged.onnx"));
    expect(await complaint("onnx", "selftest", file("damaged.onnx"))).toMatch(
      /damaged\.onnx: the golden sample and what was run differ in "logits": max abs error 1\.0e-2 .*\[ONNX_PARITY\]$/,
    );
  });

  it("tests itself with its weights in a file of their own", async () => {
    await report("export", model, "--part", "decoder", "--external-data", "always", "-o", file("apart.onnx"));
    const { engines } = await report("onnx", "selftest", file("apart.onnx"));
    expect(Object.keys(engines)).toEqual(["isthmus", "onnxruntime-node"]);
  });

  it("without a sample says so", async () => {
    await report("export", model, "--part", "encoder", "--no-golden", "-o", file("bare.onnx"));
    expect(await complaint("onnx", "selftest", file("bare.onnx"))).toMatch(/no golden sample \[ONNX_GOLDEN\]$/);
    await report("export", model, "--part", "encoder", "--golden", "-o", file("bare.onnx"));
    await report("onnx", "selftest", file("bare.onnx"));
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

it("tells what bytes differ by as such: the network's are not rounded", async () => {
  const args = ["--part", "decoder", "--uint8-io", "--outputs", "reconstruction"];
  const { stdout } = await isthmus(["export", model, ...args, "-o", file("bytes.onnx")]);
  expect(stdout).toMatch(/max abs error: reconstruction \d\.\de-1 of 255$/m);
});

describe("--external-data", () => {
  const always = ["--part", "decoder", "--external-data", "always"];

  it("always puts the weights beside the model, and every command reads them from there", async () => {
    const inFolder = (name: string): string => file(join("apart", name));
    await mkdir(file("apart"));
    const path = inFolder("decoder.onnx");
    const written = await report("export", model, ...always, "-o", path);
    expect((await readdir(file("apart"))).toSorted()).toEqual(["decoder.onnx", "decoder.onnx.data"]);
    // 16 x 784 weights and 784 biases of 4 bytes, the second at the next multiple of 4096; the rest is short.
    expect(written.data).toEqual({ path: `${path}.data`, bytes: 53_248 + 3136 });
    expect(written).toMatchObject({ parity: "onnxruntime-node", items: 100 });
    expect((await stat(`${path}.data`)).size).toBe(written.data.bytes);
    expect((await stat(path)).size).toBe(written.bytes);

    const one = await report("export", model, "--part", "decoder", "-o", file("one.onnx"));
    expect(one).not.toHaveProperty("data");
    expect(one.maxAbsError).toBe(written.maxAbsError);
    const checked = await report("onnx", "check", path);
    expect({ ...checked, file: "" }).toEqual({ ...(await report("onnx", "check", file("one.onnx"))), file: "" });
    expect((await report("onnx", "parity", path)).maxAbsError).toBeLessThan(1e-5);
    expect(await report("onnx", "lint", path)).toHaveProperty("warnings");
    expect((await isthmus(["onnx", "selftest", path])).code).toBe(0);
    await report("encode", model, "--data", "synthetic", "--range", "0:20", "-o", file("s.isth"));
    for (const [onnx, npy] of [
      [path, "apart.npy"],
      [file("one.onnx"), "one.npy"],
    ] as const) {
      await report("decode", model, file("s.isth"), "--onnx", onnx, "-o", file(npy));
    }
    expect((await readFile(file("apart.npy"))).equals(await readFile(file("one.npy")))).toBe(true);
    await report("import", path, "-o", file("imported.safetensors"));
    await report("import", file("one.onnx"), "-o", file("same.safetensors"));
    const tensorsOf = async (name: string) => readModelFile(await readFile(file(name))).parameters;
    expect(await tensorsOf("imported.safetensors")).toEqual(await tensorsOf("same.safetensors"));
    const { stdout } = await isthmus(["onnx", "info", path]);
    expect(stdout).toMatch(/^of them in decoder\.onnx\.data: 53,312 bytes$/m);

    const lines = (await isthmus(["export", model, "--part", "decoder", "-o", path])).stdout.trimEnd().split("\n");
    expect(lines.at(-1)).toBe(`${path}.data is of an earlier file: ${path} does not read it`);
    await report("export", model, ...always, "-o", path);
    await rm(`${path}.data`);
    expect((await isthmus(["onnx", "info", path])).stdout).toBe(stdout);
    expect(await complaint("onnx", "check", path)).toMatch(/decoder\.onnx\.data.*\[FILE_READ\]$/);
  });

  it("always of every part gives each its own", async () => {
    const { parts } = await report("export", model, "--all", "--external-data", "always", "-o", file("both"));
    const names = parts.flatMap(({ part, data }: { part: string; data?: object }) => {
      return [`${part}.onnx`, ...(data ? [`${part}.onnx.data`] : [])];
    });
    expect((await readdir(file("both"))).toSorted()).toEqual(names.toSorted());
    expect(names).toContain("encoder.onnx.data");
  });

  it("always of a reduced precision puts the reduced weights there", async () => {
    const out = file("half.onnx");
    const { data } = await report("export", model, ...always, "--precision", "float16", "-o", out);
    // 16 x 784 weights and 784 biases of 2 bytes, the second at the next multiple of 4096.
    expect(data.bytes).toBe(28_672 + 1568);
    expect((await report("onnx", "check", out)).parameters).toBeGreaterThan(0);
    expect((await report("onnx", "info", out)).initialisers.external).toEqual({ "half.onnx.data": expect.any(Number) });
  });

  it("is stopped by Control-C with nothing written", async () => {
    const signal = AbortSignal.abort(new Interrupted("stopped"));
    const { code, stderr } = await isthmus(["export", model, ...always, "-o", file("never.onnx")], { signal });
    expect([code, stderr]).toEqual([130, "isthmus: stopped\n"]);
    expect((await readdir(folder)).filter((name) => name.includes("never"))).toEqual([]);
  });

  it("always needs a file to lie beside, and a folder of its name is in the way", async () => {
    expect(await complaint("export", model, ...always, "-o", "/dev/null")).toContain("expected --out to name a file");
    await mkdir(file("way.onnx.data"));
    expect(await complaint("export", model, ...always, "-o", file("way.onnx"))).toContain("it is a folder");
    expect(await complaint("export", model, ...always.with(3, "maybe"), "-o", file("way.onnx"))).toContain(
      "Allowed choices are auto, never, always.",
    );
    expect((await readdir(folder)).filter((name) => name.startsWith("way"))).toEqual(["way.onnx.data"]);
    const { bytes } = await report("export", model, "--part", "decoder", "-o", "/dev/null");
    expect(bytes).toBe((await stat(file("one.onnx"))).size);
  });
});

describe("what cannot be exported is told in one line", () => {
  const out = ["-o", file("never.onnx")];
  it.each([
    [[model], "required option '--part <name>' not specified (or --all)"],
    [[model, "--part", "decoder", "--all"], "--part and --all exclude each other"],
    [[model, "--part", "middle"], "Allowed choices are encoder, decoder, autoencoder, prior."],
    [[model, "--part", "decoder", "--to", "tflite"], "Allowed choices are onnx, c."],
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
