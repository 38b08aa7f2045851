// Anomaly detection in small: few recordings, few epochs.
import { decodeStreamLatents } from "@isthmus/compress";
import { javascriptEncoder, loadEncoder } from "@isthmus/edge";
import { initialise, interpret } from "@isthmus/graph";
import { createWasmEngine, type WasmEngine } from "@isthmus/wasm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { int8Bundle, machineData, trainedDetector } from "../reproduce/anomaly-detector.ts";
import { anomalyAutoencoder, foldedAutoencoder, foldedParameters } from "../reproduce/anomaly-network.ts";
import { runAnomaly } from "../reproduce/anomaly.ts";
import { detectionOf } from "../reproduce/detection.ts";
import type { Context } from "../reproduce/harness/reproduction.ts";
import { machineRecordings, WINDOW } from "../reproduce/machine-recordings.ts";

const COUNTS = {
  ...{ machines: 2, seconds: 1, train: 4 },
  validation: { healthy: 2, ofEachFault: 1 },
  test: { healthy: 3, ofEachFault: 1 },
};

let engine: WasmEngine;
let context: Context;

beforeAll(async () => {
  engine = await createWasmEngine({ build: "simd128" });
  const none = () => {
    throw new Error("no files are read here");
  };
  context = { engine, seeds: [1], epochs: () => 3, tell: () => undefined, mnist: none, cifar10: none, sprites: none };
});
afterAll(() => engine.dispose());

it("no two parts share a recording, and each has the faults that it should", () => {
  const { train, validation, test } = machineRecordings(COUNTS);
  const all = [...train, ...validation, ...test];
  expect(new Set(all.map(({ windows }) => windows.slice(0, 64).join())).size).toBe(all.length);
  expect(train.every(({ fault }) => fault === undefined)).toBe(true);
  expect(test.map(({ fault = "none" }) => fault).slice(0, 7)).toEqual([
    ...["none", "none", "none", "bearing", "imbalance", "worn tooth", "missing pulse"],
  ]);
  expect(train[0]!.windows.length / WINDOW).toBe(Math.floor((16_000 - 1024) / 512) + 1 - 4);
});

it("without its normalisations the network makes the same of every item", () => {
  const { parameters, encoder, decoder, phases } = anomalyAutoencoder();
  const drawn = initialise(parameters, 3);
  for (const [name, values] of Object.entries(drawn)) {
    // Statistics and scales that are not those of the start.
    if (name.includes(".norm.")) values.forEach((value, i) => (values[i] = value + 0.3 + 0.2 * Math.sin(i)));
  }
  expect(phases[0]!.parameters.some((name) => /norm\.(mean|variance)/.test(name))).toBe(false);
  const stored = Object.fromEntries(
    Object.entries(drawn).map(([name, data]) => [name, { shape: parameters[name]!.shape, data }] as const),
  );
  const plain = Object.fromEntries(
    Object.entries(foldedParameters(stored)).map(([name, { data }]) => [name, data as Float32Array]),
  );
  const folded = foldedAutoencoder();
  expect(Object.keys(plain).sort()).toEqual(Object.keys(folded.parameters).sort());
  const x = Float64Array.from({ length: 2 * WINDOW }, (_, i) => Math.sin(i * i));
  const code = (program: typeof encoder, state: typeof plain) =>
    interpret(program, { inputs: { x }, state, batch: 2 }).outputs["z"]!.data;
  const [z, same] = [code(encoder, drawn), code(folded.encoder, plain)];
  const back = (program: typeof encoder, state: typeof plain) =>
    interpret(program, { inputs: { z }, state, batch: 2 }).outputs["reconstruction"]!.data;
  const [y, equal] = [back(decoder, drawn), back(folded.decoder, plain)];
  // Weights are rounded to float32 once more: five layers of at most 640 products, 2^-24 each, of values of some ten.
  z.forEach((value, i) => expect(Math.abs(value - same[i]!)).toBeLessThan(1e-3 * (1 + Math.abs(value))));
  y.forEach((value, i) => expect(Math.abs(value - equal[i]!)).toBeLessThan(1e-3 * (1 + Math.abs(value))));
});

describe("in small", () => {
  it("learns, and writes the same streams in WebAssembly and in JavaScript", async () => {
    const data = machineData(COUNTS);
    const { model } = await trainedDetector(context, data, { rate: 3e-3, seed: 1 });
    const bundle = await int8Bundle(context, model, data.train);
    const { windows } = data.test[0]!;
    const stream = (await loadEncoder(bundle)).encode(windows);
    expect(javascriptEncoder(bundle).encode(windows)).toEqual(stream);
    expect(decodeStreamLatents(model, stream)).toMatchObject({ items: windows.length / WINDOW, dims: 8 });
  });

  it("gives every row, and float32 and int8 come out near each other", async () => {
    const { rows, details } = await runAnomaly(context, COUNTS);
    const valueOf = (what: string): number => rows.find((row) => row.what === what)!.runs[0]!.value;
    for (const { runs } of rows) expect(runs.every(({ value }) => Number.isFinite(value))).toBe(true);
    const float = valueOf("area under the ROC curve, float32");
    expect(float).toBeGreaterThanOrEqual(0);
    expect(float).toBeLessThanOrEqual(1);
    // Of so few windows an area has an error of some hundredths; what is wrong with an encoder takes it to a half.
    expect(Math.abs(valueOf("what int8 and the stream lose of it"))).toBeLessThan(0.1);
    expect(valueOf("stream of the int8 encoder")).toBeLessThan(12);
    expect(details!["validation"]).toHaveLength(2);
  });
});

it("areas are of each machine alone", () => {
  const recordings = [0, 1].flatMap((machine) => [
    { machine, windows: new Float32Array(0) },
    { machine, fault: "bearing" as const, windows: new Float32Array(0) },
  ]);
  // The second machine's healthy sound scores above the first one's faulty one.
  const { area, machines, faults } = detectionOf(recordings, [1, 2, 3, 4]);
  expect([area, ...machines]).toEqual([1, 1, 1]);
  expect(faults.bearing).toBe(1);
  expect(detectionOf(recordings, [2, 1, 3, 4]).area).toBe(0.5);
});
