import { readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeStreamLatents, encodeStream } from "@isthmus/compress";
import { syntheticDigits } from "@isthmus/data";
import { javascriptEncoder, loadEncoder, readBundle } from "@isthmus/edge";
import { modelHashes, readModelFile, referenceEngine } from "@isthmus/graph";
import { beforeAll, describe, expect, it } from "vitest";
import { complaint, report } from "./support/cli.ts";
import { sharedFolder } from "./support/folder.ts";

const folder = await sharedFolder();
const at = (name: string): string => join(folder, name);
const digits = (items: number): Uint8Array => syntheticDigits({ items, split: "test" }).values as Uint8Array;
const int8 = ["--int8", "--calibrate", "synthetic", "--items", "200"];

beforeAll(async () => {
  const sizes = ["--limit", "500", "--epochs", "1", "--hidden", "24", "--latent", "4"];
  await report("train", "vae", "--data", "synthetic", ...sizes, "-o", at("m.safetensors"));
  await report("bundle", at("m.safetensors"), ...int8, "-o", at("e.isthb"));
});

describe("bundle", () => {
  it("writes what devices encode with, and any reader of the model decodes", async () => {
    const model = readModelFile(readFileSync(at("m.safetensors")));
    const bytes = new Uint8Array(readFileSync(at("e.isthb")));
    const x = digits(20);
    const stream = (await loadEncoder(bytes)).encode(x);
    expect(javascriptEncoder(bytes).encode(x)).toEqual(stream);
    const decoded = decodeStreamLatents(model, stream);
    expect([decoded.items, decoded.dims]).toEqual([20, 4]);
    expect(readBundle(bytes).modelId).toEqual(modelHashes(model).id);
  });

  it("tells the size of each section, as inspect does", async () => {
    const bytes = readFileSync(at("e.isthb"));
    const inspected = await report("inspect", at("e.isthb"));
    expect(inspected).toMatchObject({ kind: "isthmus encoder bundle", samples: 784, dims: 4, weights: "int8" });
    const sizes = Object.values(inspected.sections as Record<string, number>);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(bytes.length);
    expect(inspected.calls).toEqual(["conv2d", "conv2d"]);
  });

  it("writes float32 without --int8, which the decoder reads as it reads what the model itself encodes", async () => {
    const told = await report("bundle", at("m.safetensors"), "-o", at("f.isthb"));
    expect(told).toMatchObject({ weights: "float32", samples: 784, dims: 4 });
    expect(told.calls).toEqual(["floatConv2d", "maximum", "floatConv2d"]);
    expect(await report("inspect", at("f.isthb"))).toMatchObject({ weights: "float32", calls: told.calls });
    const bytes = new Uint8Array(readFileSync(at("f.isthb")));
    const x = digits(20);
    const stream = (await loadEncoder(bytes)).encode(x);
    expect(javascriptEncoder(bytes).encode(x)).toEqual(stream);
    const model = readModelFile(readFileSync(at("m.safetensors")));
    const items = [{ size: 20, values: Float32Array.from(x, (byte) => byte / 255) }];
    const whole = await encodeStream(referenceEngine(), model, items);
    const [of, wanted] = [stream, whole].map((made) => decodeStreamLatents(model, made).values) as [
      Float32Array,
      Float32Array,
    ];
    // Engines add up in other orders: a number on the border of two symbols may be the next one.
    expect(of.filter((value, i) => value !== wanted[i]).length).toBeLessThanOrEqual(1);
  });

  it("refuses what it cannot do in one line", async () => {
    const calibrate = ["--calibrate", "synthetic"];
    expect(await complaint("bundle", at("m.safetensors"), ...calibrate, "-o", at("x.isthb"))).toMatch(
      /--calibrate goes with --int8 only/,
    );
    expect(await complaint("bundle", at("m.safetensors"), "--int8", "-o", at("x.isthb"))).toMatch(/needs --calibrate/);
    const quality = ["--quality", "3"];
    expect(await complaint("bundle", at("m.safetensors"), ...int8, ...quality, "-o", at("x.isthb"))).toMatch(
      /"quality" expected an integer 0 to 0, got 3/,
    );
    expect(await complaint("bundle", at("m.safetensors"), ...int8, "-o", at("m.safetensors"))).toMatch(/would replace/);
    expect(await complaint("bundle", at("e.isthb"), ...int8, "-o", at("x.isthb"))).toMatch(
      /looks like an .isthb bundle/,
    );
  });
});

describe("export --to c", () => {
  it("writes the same header of a model and of its bundle, and tells the memory it takes", async () => {
    const calibrated = ["--to", "c", "--calibrate", "synthetic", "--items", "200", "-o", at("model.h")];
    const told = await report("export", at("m.safetensors"), ...calibrated);
    expect(told).toMatchObject({ samples: 784, dims: 4, bytes: readFileSync(at("model.h")).length });
    await report("export", at("e.isthb"), "--to", "c", "-o", at("bundle.h"));
    expect(readFileSync(at("bundle.h"))).toEqual(readFileSync(at("model.h")));
    // 784 samples and 24 hidden numbers in bytes, four symbols of the plan and as many of the frame; the weights of both layers.
    expect(told.ramBytes).toBeGreaterThan(784 + 24 + 2 * 4 * 4);
    expect(told.flashBytes).toBeGreaterThan(784 * 24 + 24 * 4);
    // Of packets: model id, quality and the field of the dimensions; a message of four symbols of 32 bits, and its head.
    expect(told.sessions).toEqual({ flashBytes: 8 + 1 + 3, ramBytes: 8 + 4 * 4 });
  });

  it("refuses what a header does not have in one line", async () => {
    const to = (...args: readonly string[]) => complaint("export", ...args, "--to", "c", "-o", at("x.h"));
    expect(await to(at("m.safetensors"))).toMatch(/needs --calibrate/);
    await report("bundle", at("m.safetensors"), "-o", at("floats.isthb"));
    expect(await to(at("floats.isthb"))).toMatch(/expected an encoder in int8, got one in float32/);
    expect(await to(at("m.safetensors"), "--part", "decoder")).toMatch(/writes encoders, not --part decoder/);
    expect(await to(at("m.safetensors"), "--uint8-io")).toMatch(/--uint8-io goes with --to onnx only/);
    for (const ofOnnx of [
      ["--opset", "17"],
      ["--profile", "portable"],
      ["--external-data", "never"],
    ]) {
      expect(await to(at("m.safetensors"), ...ofOnnx)).toBe(`${ofOnnx[0]} goes with --to onnx only`);
    }
    expect(await to(at("e.isthb"), "--build", "simd128")).toMatch(/--build goes with a model/);
    expect(await to(at("m.safetensors"), "--precision", "float32")).toMatch(/writes int8, not --precision float32/);
    expect(await to(at("m.safetensors"), "--precision", "float16")).toMatch(/writes int8, not --precision float16/);
    expect(await to(at("e.isthb"), "--calibrate", "synthetic")).toMatch(/--calibrate goes with a model/);
    expect(await to(at("e.isthb"), "--batch", "5000")).toMatch(/"maxItems" expected an integer 1 to 4096, got 5000/);
  });
});
