// What users of other learned codecs filed, each as a test of ours; packages/codec/README.md says which is which.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import {
  codeLengthBits,
  decodeLatents,
  decodeLossless,
  dequantise,
  encodeLatents,
  encodeLossless,
  fitFrequencyTables,
  frequencyTable,
  quantise,
  uniformQuantiser,
  unpackTables,
} from "@isthmus/codec";
import {
  decodeItems,
  decodeStreamLatents,
  encodeStream,
  fitCoding,
  fitLossless,
  inferLatents,
  openLossless,
  readLosslessFile,
  writeLosslessFile,
} from "@isthmus/compress";
import { batches, syntheticDigits } from "@isthmus/data";
import { calibrate, lowerNetwork, quantiseNetwork } from "@isthmus/deploy";
import {
  type Engine,
  GraphBuilder,
  initialise,
  type Model,
  modelHashes,
  readModelFile,
  referenceEngine,
  type StateSpec,
  writeModelFile,
} from "@isthmus/graph";
import { configToJson, vae } from "@isthmus/models";
import { createTfjsEngine } from "@isthmus/tfjs";
import { createWasmEngine } from "@isthmus/wasm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../lib/paths.mjs";
import type { DeviceAnswer, DeviceTask } from "./support/device.ts";

const PIXELS = 784;
const digits = syntheticDigits({ items: 60, seed: 2 });
const inBatches = (batchSize = 20) => batches(digits, { batchSize });
const trunk = { kind: "dense", hidden: [32] } as const;
const definition = vae({ trunk, latent: 6 });
const parameters = initialised(definition.parameters);
const folder = mkdtempSync(join(tmpdir(), "isthmus-peers-bugs-"));

const engines = new Map<string, Engine>();
let model: Model;
const streams = new Map<string, Uint8Array>();

function initialised(spec: StateSpec): Model["parameters"] {
  return Object.fromEntries(
    Object.entries(initialise(spec, 1)).map(([name, data]) => [name, { shape: spec[name]!.shape, data }]),
  );
}

beforeAll(async () => {
  engines.set("the float64 interpreter", referenceEngine());
  engines.set("WebAssembly, one thread", await createWasmEngine({ build: "simd128" }));
  engines.set("WebAssembly, two threads", await createWasmEngine({ build: "simd128", threads: 2 }));
  engines.set("TensorFlow.js on plain JavaScript", await createTfjsEngine({ backend: "cpu" }));
  const { kind, config, encoder, decoder } = definition;
  const base = { kind, config: configToJson(config), encoder, decoder, parameters, provenance: {}, metrics: {} };
  const latents = await inferLatents(engines.get("the float64 interpreter")!, base, inBatches());
  model = { ...base, coding: fitCoding(latents, { stepScale: 0.01 }) };
  for (const [name, engine] of engines) streams.set(name, await encodeStream(engine, model, inBatches()));
});

afterAll(() => {
  for (const engine of engines.values()) engine.dispose();
  rmSync(folder, { recursive: true, force: true });
});

describe("a picture full of black squares, as the other side's network is on another device (CompressAI #279)", () => {
  it("every engine's stream gives every side the same latents, and every engine's decoder the same items", async () => {
    for (const stream of streams.values()) {
      // No engine takes part in decoding to latents; a second time, it is from nothing that the first one left.
      const latents = decodeStreamLatents(model, stream);
      expect(decodeStreamLatents(readModelFile(writeModelFile(model)), stream).values).toEqual(latents.values);
      const exact = await decodeItems(engines.get("the float64 interpreter")!, model, latents);
      for (const [name, engine] of engines) {
        const items = await decodeItems(engine, model, latents);
        const apart = items.reduce((most, value, i) => Math.max(most, Math.abs(value - exact[i]!)), 0);
        // 16 u, as compress/test/engines.test.ts derives it for this decoder.
        expect(apart, name).toBeLessThan(2 ** -20);
      }
    }
  });
});

describe("damaged blocks now and then, on one machine (CompressAI #320)", () => {
  it("the same items are the same bytes, in batches of any size, again and again, and at the same time", async () => {
    const engine = engines.get("WebAssembly, two threads")!;
    const sizes = [1, 7, 20, 60, 20, 20, 7, 20];
    const made: Uint8Array[] = [];
    for (const size of sizes) made.push(await encodeStream(engine, model, inBatches(size)));
    const others = ["WebAssembly, one thread", "WebAssembly, two threads"].map((name) => engines.get(name)!);
    made.push(...(await Promise.all(others.map((one) => encodeStream(one, model, inBatches())))));
    for (const bytes of made) expect(bytes).toEqual(streams.get("WebAssembly, one thread"));
  });
});

describe("compress and decompress in two programs on two devices (CompressAI #216, #287, #296, #299, #309)", () => {
  let answers: Record<DeviceTask["kernels"], DeviceAnswer>;
  let items: Uint8Array;
  let integers: Model;

  beforeAll(async () => {
    items = Uint8Array.from(digits.values);
    const network = { program: definition.encoder, parameters };
    const outputs = { mu: { steps: [0.01] } };
    const seen = Array.from(inBatches(), ({ values }) => values.slice());
    const ranges = await calibrate(network, { outputs: ["mu"], batches: seen });
    const plan = lowerNetwork(quantiseNetwork(network, { ranges, outputs }));
    const coding = { ...model.coding!, steps: new Float32Array(6).fill(0.01), offsets: new Float32Array(6) };
    integers = { ...model, coding };
    const { id: modelId } = modelHashes(integers);
    const lossless = await losslessTask();
    const answer = (kernels: DeviceTask["kernels"]): Promise<DeviceAnswer> =>
      inWorker({ plan, kernels, tables: coding.tables, modelId, items, lossless });
    answers = { wasm: await answer("wasm"), javascript: await answer("javascript") };
  });

  async function losslessTask(): Promise<DeviceTask["lossless"]> {
    const {
      encoder,
      decoder,
      parameters: spec,
      config,
    } = vae({
      ...{ trunk, latent: 4 },
      likelihood: { kind: "logisticMixture", logistics: 1 },
    });
    const source = { encoder, decoder, parameters: initialised(spec), config: configToJson(config) };
    const fitted = await fitLossless(referenceEngine(), source, inBatches());
    const { posterior, likelihood, tables, modelId } = readLosslessFile(writeLosslessFile(fitted));
    const coder = { model: await openLossless(fitted), modelId };
    const stream = encodeLossless(items, coder);
    return { stream, modelId, model: { pixels: PIXELS, tables }, posterior, likelihood };
  }

  it("the device's bytes are the same from WebAssembly and plain JavaScript, in a thread of its own", () => {
    expect(answers.javascript.stream).toEqual(answers.wasm.stream);
  });

  it("the server decodes them with a model file and the interpreter's codes are within a bin or two", async () => {
    const { values, items: count } = decodeStreamLatents(integers, answers.wasm.stream);
    expect(count).toBe(60);
    const { values: floats } = await inferLatents(referenceEngine(), integers, inBatches());
    const spread = Math.sqrt(floats.reduce((sum, x) => sum + x * x, 0) / floats.length);
    const error = Math.sqrt(floats.reduce((sum, x, i) => sum + (x - values[i]!) ** 2, 0) / floats.length);
    // Two layers of int8: weights and values of some 7 bits, each of them off by a half of the last.
    expect(error).toBeLessThan(spread / 32);
  });

  it("the device needs two packages, which know of no model, no engine and no Node", () => {
    const source = readFileSync(fileURLToPath(new URL("support/device.ts", import.meta.url)), "utf8");
    const imported = [...source.matchAll(/from "(@isthmus\/[\w-]+)"/g)].map(([, name]) => name);
    expect(new Set(imported)).toEqual(new Set(["@isthmus/codec", "@isthmus/edge"]));
    for (const name of ["codec", "edge"]) {
      const { dependencies } = JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8")) as {
        dependencies: Record<string, string>;
      };
      expect(Object.keys(dependencies).filter((one) => !/\/(math|kernels)$/.test(one))).toEqual([]);
    }
  });

  it("what was coded without loss on one side is there again on the other, on either kernels", () => {
    expect(answers.wasm.values).toEqual(items);
    expect(answers.javascript.values).toEqual(items);
  });
});

async function inWorker(task: DeviceTask): Promise<DeviceAnswer> {
  const program = new URL("support/device.ts", import.meta.url);
  const [tsx, started] = [import.meta.resolve("tsx/esm/api"), program.href].map((url) => JSON.stringify(url));
  const source = `import(${tsx}).then(({ register }) => { register(); return import(${started}); })`;
  const worker = new Worker(source, { eval: true, workerData: task, execArgv: ["--conditions=@isthmus/source"] });
  try {
    return await new Promise<DeviceAnswer>((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
      worker.once("exit", (code) => reject(new Error(`the worker ended with exit code ${code}`)));
    });
  } finally {
    await worker.terminate();
  }
}

describe("decoding throws on another system with the same packages (hific #58, L3C-PyTorch #7, CA_Entropy_Model #14)", () => {
  it("another process gives the very latents of a stream", async () => {
    const file = join(folder, "m.safetensors");
    writeFileSync(file, writeModelFile(model));
    const program = join(root, "packages/compress/test/programs/decode.ts");
    const args = ["--import", import.meta.resolve("tsx"), "--conditions=@isthmus/source", program, file];
    const stream = streams.get("TensorFlow.js on plain JavaScript")!;
    writeFileSync(join(folder, "x.isth"), stream);
    const { stdout } = await promisify(execFile)(process.execPath, [...args, join(folder, "x.isth")]);
    expect(stdout).toBe(await sha256(decodeStreamLatents(model, stream).values));
  });

  async function sha256(values: Float32Array): Promise<string> {
    return Buffer.from(await crypto.subtle.digest("SHA-256", values.slice())).toString("hex");
  }
});

describe("tables that were made again on one side only (CompressAI's update(force), TensorFlow Compression #41, #44)", () => {
  it("are another model's: its streams are refused by name, not decoded to something else", async () => {
    const engine = referenceEngine();
    const again = fitCoding(await inferLatents(engine, model, batches(digits, { batchSize: 10 })), {
      stepScale: 0.0101,
    });
    const renewed = { ...model, coding: { ...model.coding!, tables: again.tables } };
    expect(again.tables).not.toEqual(model.coding!.tables);
    for (const stream of streams.values()) {
      expect(() => decodeStreamLatents(renewed, stream)).toThrow(expect.objectContaining({ code: "BITSTREAM_MODEL" }));
    }
  });

  it("and so are weights that were: no part of a model can be renewed alone", () => {
    const name = Object.keys(model.parameters).find((one) => one.startsWith("decoder."))!;
    const { shape, data } = model.parameters[name]!;
    const nudged = data.slice();
    nudged[0]! += 2 ** -10;
    const renewed = { ...model, parameters: { ...model.parameters, [name]: { shape, data: nudged } } };
    const [stream] = streams.values();
    expect(() => decodeStreamLatents(renewed, stream!)).toThrow(expect.objectContaining({ code: "BITSTREAM_MODEL" }));
  });
});

describe("a probability that is off by its last digit on another machine (encodec PR 95)", () => {
  it("is in nothing that decodes: coders made on two engines have two names, and neither takes the other's stream", async () => {
    const { encoder, decoder, parameters: spec, config } = vae({ trunk, latent: 4, binarize: "dynamic" });
    const source = { encoder, decoder, parameters: initialised(spec), config: configToJson(config) };
    const nudged = Object.fromEntries(
      Object.entries(source.parameters).map(([name, { shape, data }]) => [
        name,
        { shape, data: data.map((x: number) => x * (1 + 2 ** -12)) },
      ]),
    );
    const items = Uint8Array.from(digits.values.subarray(0, 3 * PIXELS), (value) => (value > 127 ? 1 : 0));
    const coders = [];
    for (const parameters of [source.parameters, nudged]) {
      const file = readLosslessFile(
        writeLosslessFile(await fitLossless(referenceEngine(), { ...source, parameters }, inBatches())),
      );
      coders.push({ model: await openLossless(file), modelId: file.modelId });
    }
    const [one, other] = coders as [(typeof coders)[0], (typeof coders)[0]];
    const stream = encodeLossless(items, one);
    expect(decodeLossless(stream, one).values).toEqual(items);
    expect(() => decodeLossless(stream, other)).toThrow(expect.objectContaining({ code: "BITSTREAM_MODEL" }));
  });

  it("and a symbol of probability 0, or a table that falls, is refused when it is made, not decoded wrongly", () => {
    const refused = expect.objectContaining({ code: "TABLE_INVALID" });
    expect(() => frequencyTable(12, 0, [4095, 0, 1])).toThrow(refused);
    expect(() => frequencyTable(12, 0, [5000, -905, 1])).toThrow(refused);
    const tables = fitFrequencyTables(Int32Array.of(0, 0, 0, 1), 1);
    const modelId = new Uint8Array(8);
    const never = Int32Array.of(0, 77, -(2 ** 31), 2 ** 31 - 1);
    const stream = encodeLatents(never, { tables, modelId });
    expect(decodeLatents(stream, { tables, modelId }).symbols).toEqual(never);
  });
});

describe("how is a model of one's own compressed with (CompressAI #337)", () => {
  it("by its two graphs and what any model is given: tables fitted on codes, a file, a stream", async () => {
    const encoder = new GraphBuilder();
    const x = encoder.input("x", ["batch", PIXELS]);
    const down = encoder.state("mine.down", { shape: [PIXELS, 5], init: { kind: "uniform", limit: 0.1 } });
    const z = encoder.tanh(encoder.matmul(x, down));
    const decoder = new GraphBuilder();
    const up = decoder.state("mine.up", { shape: [5, PIXELS], init: { kind: "uniform", limit: 0.1 } });
    const back = decoder.sigmoid(decoder.matmul(decoder.input("z", ["batch", 5]), up));
    const programs = {
      encoder: encoder.program({ outputs: { z } }),
      decoder: decoder.program({ outputs: { reconstruction: back } }),
    };
    const state = { ...programs.encoder.state, ...programs.decoder.state };
    const base = { kind: "mine", config: {}, ...programs, parameters: initialised(state), provenance: {}, metrics: {} };
    const engine = engines.get("WebAssembly, one thread")!;
    const mine: Model = { ...base, coding: fitCoding(await inferLatents(engine, base, inBatches())) };
    const file = writeModelFile(mine);
    const stream = await encodeStream(engine, readModelFile(file), inBatches());
    const latents = decodeStreamLatents(readModelFile(file), stream);
    const { values } = await inferLatents(engine, mine, inBatches());
    latents.values.forEach((value, i) => {
      // Half a bin, and the rounding of q * step + offset to float32.
      expect(Math.abs(value - values[i]!)).toBeLessThanOrEqual(mine.coding!.steps[i % 5]! / 2 + 2 ** -23);
    });
    expect((await decodeItems(engine, mine, latents)).length).toBe(60 * PIXELS);
  });
});

describe("the real file is larger than the likelihoods say (CompressAI #68, #236)", () => {
  it("a thousand items are within 1 % of them, header and all", () => {
    const codes = Float32Array.from({ length: 8000 }, (_, i) => 3 * Math.sin(i * i) * (1 + (i % 8)));
    const quantiser = uniformQuantiser(new Float32Array(8).fill(0.5));
    const symbols = quantise(codes, quantiser);
    const tables = fitFrequencyTables(symbols, 8, { precision: 15 });
    const bits = 8 * encodeLatents(symbols, { tables, modelId: new Uint8Array(8) }).length;
    const estimate = codeLengthBits(symbols, tables);
    expect(bits).toBeGreaterThan(estimate);
    expect(bits).toBeLessThan(1.01 * estimate);
  });
});

describe("codes that were rounded before the median was taken off, or after (CompressAI #97)", () => {
  it("what is decoded is what quantising and back again makes, halves and offsets too, exactly", async () => {
    const { steps, offsets, tables } = model.coding!;
    const quantiser = uniformQuantiser(steps, offsets);
    const { values } = await inferLatents(engines.get("WebAssembly, one thread")!, model, inBatches());
    const decoded = decodeStreamLatents(model, streams.get("WebAssembly, one thread")!);
    expect(decoded.values).toEqual(dequantise(quantise(values, quantiser), quantiser));
    const edges = Float32Array.from(
      { length: 60 },
      (_, i) => offsets[i % 6]! + (Math.floor(i / 6) - 4.5) * steps[i % 6]!,
    );
    const coding = { tables: unpackTables(tables), modelId: new Uint8Array(8) };
    const { symbols } = decodeLatents(encodeLatents(quantise(edges, quantiser), coding), coding);
    expect(dequantise(symbols, quantiser)).toEqual(dequantise(quantise(edges, quantiser), quantiser));
  });
});
