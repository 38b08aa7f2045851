/** What a file says of its model: each key of the README's table, and no other. */
import { readFileSync } from "node:fs";
import type { ModelData } from "@isthmus/graph";
import { vae } from "@isthmus/models";
import { describe, expect, test } from "vitest";
import {
  describeOnnx,
  drawnInputs,
  type ExportableModel,
  exportModelPart,
  type ModelPart,
  type ModelPartOptions,
  readOnnxMetadata,
} from "../src/index.ts";
import { exportable, imageModels } from "./support/zoo.ts";

const coding = { offsets: Float32Array.of(0.5, 0, 1), steps: Float32Array.of(0.1, 0.2, 0.3), tables: Int32Array.of(7) };
const pictures: ModelData = {
  ...{ version: 1, reading: { fit: "crop" }, writing: {}, source: {} },
  item: { kind: "images", width: 6, height: 7, channels: 3 },
};
const provenance = { data: { name: "birds", items: 9 }, training: { epochs: 4, seed: 2 }, license: "CC0-1.0" };
const metrics = { history: [{ epoch: 1 }], test: { negElbo: 1.5 } };
const model: ExportableModel = {
  ...exportable(imageModels.find(([name]) => name === "vae, colours")![1]),
  ...{ kind: "vae", coding, data: pictures, provenance, metrics },
};

const entries = (part: ModelPart, options: ModelPartOptions = {}, of: ExportableModel = model) =>
  readOnnxMetadata(exportModelPart(of, part, options));
const json = (text: string | undefined): unknown => JSON.parse(text!);

test("the keys are those of the README's table", () => {
  const options = { producerVersion: "1.2.3", convention: "in words" };
  const written = new Set([
    ...Object.keys(entries("encoder", { ...options, layout: "nchw" })),
    ...Object.keys(entries("prior", options)),
    ...Object.keys(entries("autoencoder", { uint8: true, precision: "float16" })),
  ]);
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const [, table] = /\n## Metadata\n([^]*?)\n## /.exec(readme)!;
  const rows = table!.split("\n").filter((line) => line.startsWith("| `"));
  const documented = rows.flatMap((row) => [...row.split(" | ")[0]!.matchAll(/`([^`]+)`/g)].map(([, key]) => key!));
  expect(new Set(documented)).toEqual(written);
});

describe("a part", () => {
  test("says what it is and of which model", () => {
    const decoder = entries("decoder", { producerVersion: "1.2.3", convention: "dynamic binarisation" });
    expect(decoder).toMatchObject({
      "isthmus.version": "1.2.3",
      "isthmus.part": "decoder",
      "isthmus.kind": "vae",
      "isthmus.latents": "3",
      "isthmus.convention": "dynamic binarisation",
      "isthmus.license": "CC0-1.0",
    });
    expect(json(decoder["isthmus.training"])).toEqual({ ...provenance, test: { negElbo: 1.5 } });
    expect(json(decoder["isthmus.data"])).toEqual(pictures);
    expect(entries("decoder", { license: "MIT" })["isthmus.license"]).toBe("MIT");
  });

  test("says nothing of what is not known", () => {
    const { encoder, decoder, parameters } = model;
    const bare = { encoder, decoder, parameters };
    const known = Object.keys(entries("decoder", {}, bare)).filter((key) => !/hash|golden|inputs|model_id/.test(key));
    expect(known.sort()).toEqual(["isthmus.latents", "isthmus.part"]);
  });

  test.each(["encoder", "decoder", "autoencoder"] as const)("%s has all that bits are made by", (part) => {
    const stored = json(entries(part)["isthmus.coding"]) as Record<string, number[]>;
    expect(Float32Array.from(stored["offsets"]!)).toEqual(coding.offsets);
    expect(Float32Array.from(stored["steps"]!)).toEqual(coding.steps);
    expect(stored["tables"]).toEqual([7]);
    expect(entries("prior")).not.toHaveProperty("isthmus.coding");
  });
});

describe("what is fed", () => {
  const fed = (part: ModelPart, options: ModelPartOptions = {}, of: ExportableModel = model) =>
    json(entries(part, options, of)["isthmus.inputs"]) as Record<string, Record<string, unknown>>;

  test("is said of items as they are in the file", () => {
    const shape = [7, 6, 3];
    expect(fed("encoder")["x"]).toMatchObject({ what: "items", range: [0, 1], layout: "rows", shape });
    expect(fed("encoder", { layout: "nchw", uint8: true })["x"]).toMatchObject({ range: [0, 255], layout: "nchw" });
    const units = { offsets: [0], scales: [255] };
    expect(fed("encoder", { units })["x"]).toMatchObject({ range: [0, 255], units });
    expect(fed("encoder", { sample: true })["eps"]).toEqual({ what: "noise", values: "standard normal noise" });
    expect(fed("decoder")["z"]).toMatchObject({ what: "code" });
  });

  test("has no range where numbers were standardised", () => {
    const table = { ...pictures, item: { kind: "table", columns: [] } };
    expect(fed("encoder", {}, { ...model, data: table })["x"]).not.toHaveProperty("range");
    const array = { ...pictures, item: { kind: "array", offset: 0, scale: 255 } };
    expect(fed("encoder", {}, { ...model, data: array })["x"]).toHaveProperty("range", [0, 1]);
  });

  test("is what inputs are drawn by", () => {
    const bytes = exportModelPart(model, "encoder", { units: { offsets: [100], scales: [10] }, sample: true });
    const { x, eps } = drawnInputs(bytes, { batch: 50 });
    expect(x!.shape).toEqual([50, 126]);
    expect(Math.min(...x!.data)).toBeGreaterThan(100);
    expect(Math.max(...x!.data)).toBeLessThan(110);
    expect(Math.min(...eps!.data)).toBeLessThan(0);
  });
});

describe("ONNX's own keys of images", () => {
  const image = (options: ModelPartOptions, of: ExportableModel = model) =>
    Object.fromEntries(Object.entries(entries("encoder", options, of)).filter(([key]) => key.startsWith("Image.")));
  const rgb = { "Image.BitmapPixelFormat": "Rgb8", "Image.ColorSpaceGamma": "SRGB" };

  test("are there where items are images of a known format", () => {
    expect(image({ layout: "nchw" })).toEqual({ ...rgb, "Image.NominalPixelRange": "Normalized_0_1" });
    expect(image({ layout: "nhwc", uint8: true })).toEqual({ ...rgb, "Image.NominalPixelRange": "NominalRange_0_255" });
    expect(image({ layout: "nchw", units: { offsets: [0], scales: [255] } })).toMatchObject({
      "Image.NominalPixelRange": "NominalRange_0_255",
    });
    const { encoder, decoder, parameters, config } = model;
    expect(image({ layout: "nchw" }, { encoder, decoder, parameters, config: config! })).toEqual({
      "Image.BitmapPixelFormat": "Rgb8",
      "Image.NominalPixelRange": "Normalized_0_1",
    });
  });

  test("are not there for rows, nor for numbers of another range or order", () => {
    expect(image({})).toEqual({});
    expect(image({ layout: "nchw", units: { offsets: [3], scales: [2] } })).toEqual({});
    const array = { ...pictures, item: { kind: "array", offset: 0, scale: 255 } };
    expect(image({ layout: "nchw" }, { ...model, data: array })).toEqual({});
  });
});

test("metadata are read without the rest of the file", () => {
  const bytes = exportModelPart(
    exportable(vae({ inputShape: [4], latent: 2, trunk: { kind: "dense", hidden: [5] } })),
    "decoder",
  );
  expect(readOnnxMetadata(bytes)).toEqual(describeOnnx(bytes).metadata);
  expect(() => readOnnxMetadata(bytes.subarray(0, 40))).toThrow(expect.objectContaining({ code: "ONNX_INVALID" }));
  expect(() => readOnnxMetadata(new Uint8Array())).toThrow(expect.objectContaining({ code: "ONNX_INVALID" }));
});
