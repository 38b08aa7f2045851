import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openNetwork } from "@isthmus/compress";
import { gather, parseNpy, syntheticDigits } from "@isthmus/data";
import { loadMnist } from "@isthmus/data/node";
import { type Engine, type Model, readModelFile } from "@isthmus/graph";
import { randomNormal } from "@isthmus/math";
import { createWasmEngine } from "@isthmus/wasm";
import * as native from "onnxruntime-node";
import * as web from "onnxruntime-web/wasm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { report } from "./support/cli.ts";
import { sharedFolder } from "./support/folder.ts";
import { MNIST_FOLDER } from "./support/mnist.ts";

type Outputs = Readonly<Record<string, Float32Array>>;

web.env.wasm.numThreads = 1;
web.env.logLevel = "error";

/** Both packages have the same interface, though not the same types. */
const runtimes: Readonly<Record<string, Pick<typeof native, "InferenceSession" | "Tensor">>> = {
  "onnxruntime-node": native,
  "onnxruntime-web": web as unknown as Pick<typeof native, "InferenceSession" | "Tensor">,
};

const IMAGES = 100;
/** What float32 sums of up to 784 terms, taken in another order, may come to. */
const TOLERANCE = 1e-5;
/** The same for logits, which are not bounded: relative to the largest. */
const RELATIVE = 1e-6;

/** The real digits where they lie on this machine, drawn ones elsewhere; no network is asked. */
const DATA = MNIST_FOLDER ? ["--data", "mnist", "--data-dir", MNIST_FOLDER] : ["--data", "synthetic"];

const folder = await sharedFolder();
const file = (name: string): string => join(folder, name);
let model: Model;
let engine: Engine;
let images: Float32Array;

beforeAll(async () => {
  const training = "--limit 4000 --hidden 400 --latent 20 --epochs 1 --seed 3".split(" ");
  await report("train", "vae", ...DATA, ...training, "-o", file("m.safetensors"));
  for (const part of ["encoder", "decoder"]) {
    await report("export", file("m.safetensors"), "--part", part, "-o", file(`${part}.onnx`));
  }
  model = readModelFile(await readFile(file("m.safetensors")));
  engine = await createWasmEngine();
  images = await testImages();
});
afterAll(() => engine?.dispose());

async function testImages(): Promise<Float32Array> {
  const set = MNIST_FOLDER
    ? await loadMnist({ dataDir: MNIST_FOLDER, split: "test" })
    : syntheticDigits({ items: IMAGES, split: "test" });
  const values = new Float32Array(IMAGES * 784);
  gather(set, [...Array(IMAGES).keys()], values);
  return values;
}

/** A part's outputs for `rows` [100, width], `batch` at a time, joined again. */
async function inBatches(
  rows: Float32Array,
  batch: number,
  run: (x: Float32Array, size: number) => Promise<Outputs>,
): Promise<Outputs> {
  const width = rows.length / IMAGES;
  const parts: Outputs[] = [];
  for (let from = 0; from < IMAGES; from += batch) {
    const size = Math.min(batch, IMAGES - from);
    parts.push(await run(rows.slice(from * width, (from + size) * width), size));
  }
  const join = (name: string): Float32Array => Float32Array.from(parts.flatMap((part) => [...part[name]!]));
  return Object.fromEntries(Object.keys(parts[0]!).map((name) => [name, join(name)]));
}

async function ofEngine(part: "encoder" | "decoder", rows: Float32Array, batch: number): Promise<Outputs> {
  const network = await openNetwork(engine, model[part], model.parameters);
  const [input] = Object.keys(model[part].inputs);
  try {
    return await inBatches(rows, batch, (x) => network.run({ [input!]: x }));
  } finally {
    network.dispose();
  }
}

async function ofRuntime(
  name: string,
  part: "encoder" | "decoder",
  rows: Float32Array,
  batch: number,
): Promise<Outputs> {
  const { InferenceSession, Tensor } = runtimes[name]!;
  const session = await InferenceSession.create(await readFile(file(`${part}.onnx`)), { logSeverityLevel: 3 });
  const [input] = session.inputNames;
  try {
    return await inBatches(rows, batch, async (x, size) => {
      const outputs = await session.run({ [input!]: new Tensor("float32", x, [size, x.length / size]) });
      return Object.fromEntries(Object.entries(outputs).map(([output, { data }]) => [output, data as Float32Array]));
    });
  } finally {
    await session.release();
  }
}

const largest = (values: Float32Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

function expectEqual(name: string, actual: Float32Array | undefined, expected: Float32Array): void {
  expect(actual, name).toHaveLength(expected.length);
  const bound = name === "logits" ? Math.max(TOLERANCE, RELATIVE * largest(expected)) : TOLERANCE;
  expect(largest(expected.map((value, index) => value - actual![index]!)), name).toBeLessThanOrEqual(bound);
  expect(expected.every(Number.isFinite), name).toBe(true);
}

describe.each(Object.keys(runtimes))("%s and our engine agree on a trained 784-400-20 network", (runtime) => {
  it.each([1, 3, 100])("encoder, batch %d", async (batch) => {
    const ours = await ofEngine("encoder", images, batch);
    const theirs = await ofRuntime(runtime, "encoder", images, batch);
    expect(Object.keys(ours).toSorted()).toEqual(["logVar", "mu"]);
    expect(ours["mu"]).toHaveLength(IMAGES * 20);
    for (const [name, values] of Object.entries(ours)) expectEqual(name, theirs[name], values);
  });

  it.each([1, 3, 100])("decoder on the images' own codes, batch %d", async (batch) => {
    const { mu } = await ofEngine("encoder", images, IMAGES);
    const ours = await ofEngine("decoder", mu!, batch);
    const theirs = await ofRuntime(runtime, "decoder", mu!, batch);
    expect(Object.keys(ours).toSorted()).toEqual(["logits", "reconstruction"]);
    expect(ours["reconstruction"]).toHaveLength(IMAGES * 784);
    for (const [name, values] of Object.entries(ours)) expectEqual(name, theirs[name], values);
  });

  it("decoder on draws from the prior", async () => {
    const z = new Float32Array(IMAGES * 20);
    randomNormal(z, { seed: 5, stream: "test.prior" });
    const ours = await ofEngine("decoder", z, IMAGES);
    const theirs = await ofRuntime(runtime, "decoder", z, IMAGES);
    for (const [name, values] of Object.entries(ours)) expectEqual(name, theirs[name], values);
  });
});

it("decode --onnx draws what decode does", async () => {
  const decoded = async (...options: readonly string[]): Promise<Float32Array> => {
    await report("decode", file("m.safetensors"), file("x.isth"), ...options, "-o", file("r.npy"));
    return parseNpy(await readFile(file("r.npy"))).values as Float32Array;
  };
  await report("encode", file("m.safetensors"), ...DATA, "--range", "0:100", "-o", file("x.isth"));
  const ours = await decoded();
  expectEqual("reconstruction", await decoded("--onnx", file("decoder.onnx")), ours);
});
