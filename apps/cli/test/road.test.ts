import { deflateSync } from "node:zlib";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readFrames } from "@isthmus/codec";
import { decodeItems, decodeStreamLatents } from "@isthmus/compress";
import { parseNpy, syntheticDigits, take } from "@isthmus/data";
import { type Model, readModelFile, referenceEngine } from "@isthmus/graph";
import { checkOnnx } from "@isthmus/onnx";
import { decode as decodePng } from "fast-png";
import { beforeAll, describe, expect, it } from "vitest";
import { isthmus, report } from "./support/cli.ts";
import { DIGITS } from "./support/data.ts";
import { sharedFolder } from "./support/folder.ts";

const folder = await sharedFolder();
const file = (name: string): string => join(folder, name);
const size = async (name: string): Promise<number> => (await stat(file(name))).size;

const LIMIT = 1500;
const BATCH = 40;
const HIDDEN = 24;
const LATENT = 4;
const RANGE = { from: 30, to: 130 };
const ITEMS = RANGE.to - RANGE.from;

/** What the engine, float32, may differ by from the float64 interpreter or onnxruntime, float32 in another order. */
const FLOAT32 = 1e-5;

const said: Record<string, any> = {};
let model: Model;

beforeAll(async () => {
  const m = file("m.safetensors");
  const network = ["--hidden", `${HIDDEN}`, "--latent", `${LATENT}`, "--batch", `${BATCH}`, "--lr", "3e-3"];
  said["train"] = await report(
    ...["train", "vae", ...DIGITS, "--limit", `${LIMIT}`, ...network, "--epochs", "3", "-o", m],
  );
  said["eval"] = await report("eval", m, ...DIGITS, "--range", `0:${LIMIT}`);
  said["encode"] = await report("encode", m, ...DIGITS, "--range", `${RANGE.from}:${RANGE.to}`, "-o", file("x.isth"));
  said["encoder"] = await report("export", m, "--part", "encoder", "-o", file("encoder.onnx"));
  said["decoder"] = await report("export", m, "--part", "decoder", "-o", file("decoder.onnx"));
  said["npy"] = await report("decode", m, file("x.isth"), "-o", file("r.npy"));
  said["png"] = await report("decode", m, file("x.isth"), "-o", file("r.png"));
  said["onnx"] = await report("decode", m, file("x.isth"), "--onnx", file("decoder.onnx"), "-o", file("o.npy"));
  said["sample"] = await report("sample", m, "-n", "7", "--seed", "5", "-o", file("s.png"));
  said["samples"] = await report("sample", m, "-n", "7", "--seed", "5", "-o", file("s.npy"));
  model = readModelFile(await readFile(m));
});

async function array(name: string): Promise<{ shape: readonly number[]; values: Float32Array }> {
  const { shape, values } = parseNpy(await readFile(file(name)));
  expect(values).toBeInstanceOf(Float32Array);
  return { shape, values: values as Float32Array };
}

function maxAbsDifference(one: Float32Array, other: Float32Array): number {
  expect(one.length).toBe(other.length);
  return one.reduce((most, value, index) => Math.max(most, Math.abs(value - other[index]!)), 0);
}

describe("train", () => {
  it("says what it did", () => {
    const { test, seconds, ...rest } = said["train"];
    const heads = 2 * (HIDDEN * LATENT + LATENT);
    const params = 784 * HIDDEN + HIDDEN + heads + LATENT * HIDDEN + HIDDEN + HIDDEN * 784 + 784;
    expect(rest).toEqual({
      model: "vae",
      data: "synthetic-digits",
      optimiser: { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
      lr: 3e-3,
      engine: expect.stringMatching(/^wasm:(simd128|relaxed)$/),
      epochs: 3,
      steps: 3 * Math.ceil(LIMIT / BATCH),
      params,
      out: file("m.safetensors"),
    });
    expect(seconds).toBeGreaterThan(0);
    expect(test.items).toBe(LIMIT);
    expect(test.convention).toBe("real-valued pixels as Bernoulli probabilities");
  });

  it("reports an ELBO that is the sum of its parts", () => {
    const { negElbo, reconstruction, kl } = said["train"].test;
    // Each example's sum is rounded to float32 once: half a unit in the last place of a few hundred nats.
    expect(Math.abs(negElbo - reconstruction - kl)).toBeLessThan(512 * 2 ** -24);
    expect(kl).toBeGreaterThan(0);
  });

  it("stores its figures and the run in the model file", () => {
    const { negElbo, reconstruction, kl, squaredError } = said["train"].test;
    expect(model.metrics["test"]).toEqual({ negElbo, reconstruction, kl, squaredError });
    const { history } = model.metrics as any;
    expect(history.map(({ epoch }: any) => epoch)).toEqual([1, 2, 3]);
    expect(history.at(-1).test).toEqual(model.metrics["test"]);
    expect(Object.keys(history[0])).toEqual(["epoch", "test", "train"]);
    expect(history[0].train.loss).toBeGreaterThan(history[2].train.loss);
    expect(model.provenance["training"]).toMatchObject({ epochs: 3, batch: BATCH, lr: 3e-3, seed: 1 });
    expect(JSON.stringify(model.provenance)).not.toContain(folder);
  });
});

describe("eval", () => {
  it("repeats train's figures to the last bit with train's seed", () => {
    const { items, convention, ...metrics } = said["train"].test;
    const about = { model: "vae", data: "synthetic-digits", split: "test", seed: 1 };
    expect(said["eval"]).toEqual({ ...about, ...metrics, items, convention });
  });

  it("draws other noise with another seed: the KL stays, the rest moves", async () => {
    const other = await report("eval", file("m.safetensors"), ...DIGITS, "--range", `0:${LIMIT}`, "--seed", "2");
    expect(other.kl).toBe(said["eval"].kl);
    expect(other.reconstruction).not.toBe(said["eval"].reconstruction);
  });
});

describe("encode", () => {
  it("tells the true sizes beside raw and deflate", async () => {
    const digits = take(syntheticDigits({ items: RANGE.to, split: "test" }), RANGE.from, RANGE.to);
    const bytes = await size("x.isth");
    expect(said["encode"]).toEqual({
      items: ITEMS,
      bytes,
      bitsPerItem: (8 * bytes) / ITEMS,
      rawBytes: digits.values.length,
      deflateBytes: deflateSync(digits.values, { level: 9 }).length,
      out: file("x.isth"),
    });
    expect(digits.values.length).toBe(ITEMS * 784);
  });

  it("writes frames that hold the items", async () => {
    const frames = [...readFrames(await readFile(file("x.isth")))];
    expect(frames.reduce((count, { items }) => count + items, 0)).toBe(ITEMS);
    expect(frames.at(-1)!.last).toBe(true);
  });
});

describe("a stream of several payloads", () => {
  it("decodes without what is lost, if it is told to", async () => {
    const split = ["--range", `${RANGE.from}:${RANGE.to}`, "--payloads", "4"];
    const encoded = await report("encode", file("m.safetensors"), ...DIGITS, ...split, "-o", file("p.isth"));
    const bytes = await readFile(file("p.isth"));
    expect(encoded.bytes).toBe(bytes.length);
    await writeFile(file("cut.isth"), bytes.subarray(0, -1));
    const { frames } = await report("inspect", file("cut.isth"));
    expect(frames[0].payloads.map(({ state }: any) => state)).toEqual(["whole", "whole", "whole", "cut off"]);
    const decode = ["decode", file("m.safetensors"), file("cut.isth"), "-o", file("c.npy")];
    expect(await isthmus(decode)).toMatchObject({ code: 2, stderr: expect.stringContaining("BITSTREAM_TRUNCATED") });
    const { lost } = await report(...decode, "--lost", "replace");
    expect(lost).toEqual([{ frame: 0, payload: 3, channels: [3, 4], state: "cut off" }]);
    const [whole, rest] = [await array("r.npy"), await array("c.npy")];
    expect(rest.shape).toEqual(whole.shape);
    expect(rest.values).not.toEqual(whole.values);
  });

  it.each([
    ["--payloads", "5", /--payloads 5: .+ has 4 channels/],
    ["--quality", "1", /--quality 1: .+ has one quality, 0/],
  ])("refuses %s %s", async (option, value, message) => {
    const wrong = await isthmus(["encode", file("m.safetensors"), ...DIGITS, option, value, "-o", file("no.isth")]);
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringMatching(message) });
  });
});

describe("decode", () => {
  it("writes float32 [items, ...shape] that the float64 interpreter makes of the same stream", async () => {
    const { shape, values } = await array("r.npy");
    const { out, ...rest } = said["npy"];
    expect(rest).toEqual({ items: ITEMS, shape: [ITEMS, 28, 28, 1], runtime: "wasm" });
    expect(out).toBe(file("r.npy"));
    expect(shape).toEqual([ITEMS, 28, 28, 1]);
    const latents = decodeStreamLatents(model, await readFile(file("x.isth")));
    expect(maxAbsDifference(values, await decodeItems(referenceEngine(), model, latents))).toBeLessThan(FLOAT32);
  });

  it("gives the same with onnxruntime-node", async () => {
    expect(said["onnx"]).toMatchObject({ items: ITEMS, runtime: "onnxruntime-node" });
    const [ours, theirs] = [await array("r.npy"), await array("o.npy")];
    expect(theirs.shape).toEqual(ours.shape);
    expect(maxAbsDifference(ours.values, theirs.values)).toBeLessThan(FLOAT32);
  });

  it("draws the same values as a grid", async () => {
    const { values } = await array("r.npy");
    const { width, data } = decodePng(await readFile(file("r.png")));
    // Ten by ten images, four times magnified, one white pixel around each.
    const tile = 4 * 28 + 1;
    expect(width).toBe(10 * tile + 1);
    const pixel = (item: number, row: number, column: number): number => {
      const [x, y] = [(item % 10) * tile + 1 + 4 * column, Math.floor(item / 10) * tile + 1 + 4 * row];
      return data[y * width + x]!;
    };
    for (const [item, row, column] of [
      [0, 0, 0],
      [0, 14, 14],
      [37, 9, 20],
      [99, 27, 27],
    ] as const) {
      expect(pixel(item, row, column)).toBe(Math.round(255 * values[(item * 28 + row) * 28 + column]!));
    }
  });

  it("comes back closer to the items than their mean does", async () => {
    const { values } = await array("r.npy");
    const digits = take(syntheticDigits({ items: RANGE.to, split: "test" }), RANGE.from, RANGE.to);
    const pixels = Float32Array.from(digits.values, (value) => value / 255);
    const mean = pixels.reduce((sum, value) => sum + value, 0) / pixels.length;
    const error = (of: (index: number) => number): number =>
      pixels.reduce((sum, value, index) => sum + (value - of(index)) ** 2, 0);
    expect(error((index) => values[index]!)).toBeLessThan(error(() => mean));
  });
});

describe("export", () => {
  it.each(["encoder", "decoder"])("writes the %s, sound and equal to the engine's", async (part) => {
    const outputs = part === "encoder" ? ["logVar", "mu"] : ["logits", "reconstruction"];
    const { perOutput, ...rest } = said[part];
    expect(rest).toEqual({
      part,
      out: file(`${part}.onnx`),
      bytes: await size(`${part}.onnx`),
      opset: 17,
      maxAbsError: Math.max(...(Object.values(perOutput) as number[])),
      items: 100,
      parity: "onnxruntime-node",
    });
    expect(Object.keys(perOutput).toSorted()).toEqual(outputs);
    expect(rest.maxAbsError).toBeLessThan(FLOAT32);
    const bytes = await readFile(file(`${part}.onnx`));
    expect(() => checkOnnx(bytes)).not.toThrow();
  });
});

describe("sample", () => {
  it("draws as many as asked, the same in every format", async () => {
    expect(said["sample"]).toEqual({ count: 7, seed: 5, out: file("s.png") });
    const { shape, values } = await array("s.npy");
    expect(shape).toEqual([7, 28, 28, 1]);
    const { width, height, data } = decodePng(await readFile(file("s.png")));
    expect([width, height]).toEqual([3 * 113 + 1, 3 * 113 + 1]);
    // Item 4 is the middle of the grid; its pixel (14, 14) starts at 14 * 4 inside its tile.
    const [x, y] = [113 + 1 + 56, 113 + 1 + 56];
    expect(data[y * width + x]).toBe(Math.round(255 * values[(4 * 28 + 14) * 28 + 14]!));
  });

  it("is a function of the seed", async () => {
    const draw = async (seed: string): Promise<Float32Array> => {
      await report("sample", file("m.safetensors"), "-n", "7", "--seed", seed, "-o", file("again.npy"));
      return (await array("again.npy")).values;
    };
    const { values } = await array("s.npy");
    expect(await draw("5")).toEqual(values);
    expect(await draw("6")).not.toEqual(values);
  });
});

describe("inspect", () => {
  const inspect = async (name: string): Promise<any> => {
    const { file: path, bytes, ...rest } = await report("inspect", file(name));
    expect({ path, bytes }).toEqual({ path: file(name), bytes: await size(name) });
    return rest;
  };

  it("agrees with the other commands about a model and everything made with it", async () => {
    const stored = await inspect("m.safetensors");
    expect(stored).toMatchObject({ kind: "vae", parameterCount: said["train"].params, coding: { dims: LATENT } });
    expect(stored.metrics).toEqual(model.metrics);
    const stream = await inspect("x.isth");
    expect(stream).toMatchObject({ items: ITEMS, bitsPerItem: said["encode"].bitsPerItem });
    expect(stream.frames.map((frame: any) => frame.modelId)).toEqual([stored.modelId]);
    for (const part of ["encoder", "decoder"]) {
      const { metadata, initialisers, inputs } = await inspect(`${part}.onnx`);
      expect(metadata["isthmus.model_id"]).toBe(stored.modelId);
      expect(metadata[`isthmus.${part}_hash`]).toBe(stored.hashes[part]);
      expect(initialisers.bytes).toBeLessThan(said[part].bytes);
      expect(inputs[0].shape).toEqual(["batch", part === "encoder" ? 784 : LATENT]);
    }
  });

  it("tells where a checkpoint stands", async () => {
    const { kind, epoch, step, run } = await inspect("m.checkpoint.safetensors");
    expect({ kind, epoch, step }).toEqual({ kind: "isthmus checkpoint", epoch: 3, step: said["train"].steps });
    expect(run).toMatchObject({ kind: "vae", seed: 1, batchSize: BATCH });
  });

  it("tells type and shape of an array", async () => {
    expect(await inspect("r.npy")).toEqual({ kind: "npy", type: "f32", shape: [ITEMS, 28, 28, 1] });
  });
});
