/** The sample in a file: what it holds, who passes it, and who does not. */
import { interpret } from "@isthmus/graph";
import { describe, expect, test } from "vitest";
import {
  calibrate,
  checkOnnx,
  describeOnnx,
  type ExportableModel,
  exportModelPart,
  goldenSample,
  type GoldenSample,
  importOnnx,
  partReference,
  readOnnxMetadata,
  reducePrecision,
  type RunSample,
  selfTest,
  withGoldenSample,
} from "../src/index.ts";
import { sampleRunners } from "./support/golden.ts";
import { denseModel, sizes } from "./support/models.ts";
import * as onnx from "./support/onnx-models.ts";
import { exportable, fewModels, imageModels, partsOf } from "./support/zoo.ts";

const model = denseModel(sizes["odd"]!);
const state = ({ parameters }: Pick<ExportableModel, "parameters">) =>
  Object.fromEntries(Object.entries(parameters).map(([name, { data }]) => [name, data as Float32Array]));

/** What the file makes of a sample by our own reading of it. */
const byInterpreter =
  (bytes: Uint8Array): RunSample =>
  async (inputs) => {
    const { program, parameters } = importOnnx(bytes);
    const fed = Object.fromEntries(Object.entries(inputs).map(([name, { data }]) => [name, data as Float32Array]));
    const { outputs } = interpret(program, { inputs: fed, state: state({ parameters }), batch: 1 });
    return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data]));
  };

describe.each(Object.entries(sampleRunners))("%s passes", (_, runner) => {
  test.each(fewModels)("%s, every part", async (__, definition) => {
    const made = exportable(definition);
    for (const { part, sample } of partsOf(definition)) {
      const bytes = exportModelPart(made, part, { sample });
      checkOnnx(bytes);
      const { share, perOutput } = await selfTest(bytes, runner(bytes));
      expect(share).toBeLessThanOrEqual(1);
      expect(Object.keys(perOutput).length).toBeGreaterThan(0);
    }
  });

  test("bytes, either layout, a fixed batch, other operator sets", async () => {
    const made = exportable(imageModels[0]![1]);
    for (const options of [
      { layout: "nchw", uint8: true },
      { layout: "nhwc", uint8: true, opset: 13 },
      { layout: "nchw", batch: 3, opset: 21, profile: "compact" },
    ] as const) {
      const bytes = exportModelPart(made, "autoencoder", options);
      expect((await selfTest(bytes, runner(bytes))).share).toBeLessThanOrEqual(1);
    }
  });
});

describe("a sample", () => {
  test("is one item, drawn by the model's id, with what float64 makes of it", async () => {
    const bytes = exportModelPart(model, "encoder");
    const { inputs, outputs } = goldenSample(bytes)!;
    const x = inputs["x"]!;
    expect(x).toMatchObject({ dtype: "float32", shape: [1, 11] });
    for (const value of x.data) expect(value > 0 && value < 1).toBe(true);
    const { program } = partReference(model, "encoder");
    const made = interpret(program, { inputs: { x: x.data as Float32Array }, state: state(model), batch: 1 }).outputs;
    for (const [name, { data }] of Object.entries(made)) {
      // The file's weights are the model's, so both are the same sums in float64, in another order.
      data.forEach((value, i) => expect(Math.abs((outputs[name]!.data[i] as number) - value)).toBeLessThan(1e-6));
      expect(outputs[name]).toMatchObject({ absolute: 1e-5, relative: 1e-4, shape: [1, 3] });
    }
    expect(exportModelPart(model, "encoder")).toEqual(bytes);
    const other = {
      ...model,
      parameters: { ...model.parameters, "encoder.mu.bias": { shape: [3], data: Float32Array.of(1, 2, 3) } },
    };
    expect(goldenSample(exportModelPart(other, "encoder"))!.inputs["x"]!.data).not.toEqual(x.data);
  });

  test("is one entry of the metadata, little-endian in base64, and nothing else is changed", () => {
    const bare = exportModelPart(model, "decoder", { golden: false });
    const bytes = exportModelPart(model, "decoder");
    expect(goldenSample(bare)).toBeUndefined();
    const { "isthmus.golden": text, ...others } = readOnnxMetadata(bytes);
    expect({ ...describeOnnx(bytes), metadata: others }).toEqual(describeOnnx(bare));
    const stored = JSON.parse(text!) as { inputs: { z: { data: string } } };
    const z = Buffer.from(stored.inputs.z.data, "base64");
    const { data } = goldenSample(bytes)!.inputs["z"]!;
    expect([0, 4, 8].map((at) => z.readFloatLE(at))).toEqual([...data]);
    const behind = withGoldenSample(bare);
    expect(behind.subarray(0, bare.length)).toEqual(bare);
    expect(readOnnxMetadata(behind)["isthmus.golden"]).toBe(text);
  });

  test("is of the caller's inputs, of as many items as they are", () => {
    const z = Float32Array.of(1, -1, 0.5, 2, 0, 0);
    const { inputs, outputs } = goldenSample(exportModelPart(model, "decoder", { golden: { inputs: { z } } }))!;
    expect(inputs["z"]).toEqual({ dtype: "float32", shape: [2, 3], data: z });
    expect(outputs["reconstruction"]!.shape).toEqual([2, 11]);
    const refused = (given: Record<string, readonly number[]>) => () =>
      exportModelPart(model, "decoder", { golden: { inputs: given } });
    expect(refused({ z: [1, 2] })).toThrow(/"inputs" expected numbers of the same whole number of items/);
    expect(refused({ x: [1, 2, 3] })).toThrow(/"inputs" expected z, lacks "z"/);
  });

  test("has the tolerances that are given, and others for bytes", () => {
    const tolerance = { absolute: 0.5, relative: 0.25 };
    expect(goldenSample(exportModelPart(model, "decoder", { golden: { tolerance } }))!.outputs["logits"]).toMatchObject(
      tolerance,
    );
    const bytes = exportModelPart(model, "decoder", { uint8: true });
    expect(goldenSample(bytes)!.outputs["reconstruction"]).toMatchObject({ dtype: "uint8", absolute: 1, relative: 0 });
  });

  test("is left out of what is large unless it is asked for", () => {
    const build = (pixels: number) => denseModel({ pixels, hidden: 1, latent: 1 }, "ae");
    const large = build(2 ** 17);
    expect(goldenSample(exportModelPart(large, "decoder"))).toBeUndefined();
    expect(goldenSample(exportModelPart(large, "decoder", { golden: true }))!.outputs).toHaveProperty("logits");
    expect(goldenSample(exportModelPart(large, "decoder", { outputs: ["logits"] }))).toBeDefined();
  });

  test("can be put into any file that is read, once", async () => {
    const bytes = withGoldenSample(onnx.file([onnx.node("Tanh", ["x"], ["y"])]));
    for (const runner of Object.values(sampleRunners)) await selfTest(bytes, runner(bytes));
    expect(() => withGoldenSample(bytes)).toThrow(expect.objectContaining({ code: "ONNX_GOLDEN" }));
    const infinite = onnx.file([onnx.node("Log", ["z"], ["y"]), onnx.node("Sub", ["x", "x"], ["z"])].reverse());
    expect(() => withGoldenSample(infinite)).toThrow(/output "y" is not finite/);
  });
});

describe("in less precision", () => {
  const wide = denseModel({ pixels: 80, hidden: 60, latent: 20 });
  const whole = exportModelPart(wide, "autoencoder");
  const x = Float32Array.from({ length: 80 * 50 }, (_, i) => ((i * 37) % 101) / 100);

  test.each(["float16", "float16-compute", "int8-weights", "int8"] as const)("%s", async (precision) => {
    const ranges = precision === "int8" && (await calibrate(whole, { batches: [{ x }] }));
    const options = { precision, ...(ranges && { ranges }) };
    const bytes = reducePrecision(whole, options);
    expect(exportModelPart(wide, "autoencoder", options)).toEqual(bytes);
    const [before, after] = [goldenSample(whole)!, goldenSample(bytes)!];
    expect(after.inputs).toEqual(before.inputs);
    expect(after.outputs["mu"]!.data).not.toEqual(before.outputs["mu"]!.data);
    for (const runner of Object.values(sampleRunners)) await selfTest(bytes, runner(bytes));
    const isRounded = precision === "float16-compute" || precision === "int8";
    expect(after.outputs["mu"]!.absolute > 1e-5).toBe(isRounded);
  });
});

describe("a self-test", () => {
  const bytes = exportModelPart(model, "autoencoder");

  test("passes in our own reading", async () => {
    expect((await selfTest(bytes, byInterpreter(bytes))).share).toBeLessThan(0.1);
  });

  test.each(Object.keys(model.parameters))("finds another %s", async (name) => {
    const { data, shape } = model.parameters[name]!;
    const spoiled = (change: (value: number, i: number) => number): RunSample => {
      const changed = { shape, data: (data as Float32Array).map(change) };
      const other = { ...model, parameters: { ...model.parameters, [name]: changed } };
      return sampleRunners["onnxruntime-node"]!(exportModelPart(other, "autoencoder", { golden: false }));
    };
    await selfTest(
      bytes,
      spoiled((value) => value),
    );
    const wrong = { code: "ONNX_PARITY" };
    await expect(
      selfTest(
        bytes,
        spoiled((value) => value + 0.1),
      ),
    ).rejects.toMatchObject(wrong);
    // One weight, unless all that reads it is a ReLU that the sample leaves shut: of the last layers always.
    if (!/bias$/.test(name) || /dense0/.test(name)) return;
    await expect(
      selfTest(
        bytes,
        spoiled((value, i) => value + (i === 2 ? 0.001 : 0)),
      ),
    ).rejects.toMatchObject(wrong);
  });

  test("names what is wrong", async () => {
    const right = await byInterpreter(bytes)(goldenSample(bytes)!.inputs);
    const run = (outputs: object) => selfTest(bytes, async () => ({ ...right, ...outputs }));
    await expect(run({ mu: undefined })).rejects.toThrow(/output "mu" expected 3 values, got no such output/);
    await expect(run({ logVar: [1, 2] })).rejects.toThrow(/output "logVar" expected 3 values, got 2/);
    await expect(run({ mu: [NaN, NaN, NaN] })).rejects.toThrow(/in "mu": values that are not finite/);
    const bare = exportModelPart(model, "encoder", { golden: false });
    await expect(selfTest(bare, async () => ({}))).rejects.toMatchObject({ code: "ONNX_GOLDEN" });
  });

  test("takes elements as runtimes give them", async () => {
    const cast = onnx.node("Cast", ["x"], ["y"], { to: { type: "int", value: 10 } });
    const half = withGoldenSample(onnx.file([cast], { outputs: [onnx.value("y", ["batch", 4], 10)] }));
    expect(goldenSample(half)!.outputs["y"]!.data).toBeInstanceOf(Uint16Array);
    for (const runner of Object.values(sampleRunners)) await selfTest(half, runner(half));
  });
});

test("a sample that is not sound is refused", () => {
  const tensor = { dtype: "float32", shape: [1], data: "AAAAAA==" };
  const output = { ...tensor, absolute: 0, relative: 0 };
  const of = (golden: unknown): (() => GoldenSample | undefined) => {
    const metadata = { "isthmus.golden": typeof golden === "string" ? golden : JSON.stringify(golden) };
    const bytes = onnx.file([onnx.node("Neg", ["x"], ["y"])], {}, { metadata });
    return () => goldenSample(bytes);
  };
  const sound = of({ inputs: { x: tensor }, outputs: { y: output } })();
  expect(sound?.inputs["x"]).toEqual({ dtype: "float32", shape: [1], data: Float32Array.of(0) });
  const broken: readonly unknown[] = [
    ...["no JSON", "[]", {}, { inputs: {} }, { inputs: { x: tensor }, outputs: null }],
    ...[
      { dtype: "text" },
      { shape: [2] },
      { shape: [-1] },
      { shape: "1" },
      { data: "AAAA" },
      { data: "!" },
      { data: 1 },
    ].map((change) => ({ inputs: { x: { ...tensor, ...change } }, outputs: {} })),
    ...[{ absolute: -1 }, { relative: "0" }].map((change) => ({
      inputs: {},
      outputs: { y: { ...output, ...change } },
    })),
  ];
  for (const golden of broken) {
    expect(of(golden), JSON.stringify(golden)).toThrow(expect.objectContaining({ code: "ONNX_INVALID" }));
  }
});
