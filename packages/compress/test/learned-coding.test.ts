import { batches, syntheticDigits } from "@isthmus/data";
import { initialise, interpret, type Model, readModelFile, type StoredTensor, writeModelFile } from "@isthmus/graph";
import { configToJson, learnedCodec } from "@isthmus/models";
import { createWasmEngine, type WasmEngine } from "@isthmus/wasm";
import { afterAll, beforeAll, expect, it } from "vitest";
import { decodeStreamLatents, encodeStream, inferLatents, learnedCoding } from "../src/index.ts";

const ITEMS = 1000;
const digits = syntheticDigits({ items: ITEMS, seed: 3 });
const all = () => batches(digits, { batchSize: 250 });
const definition = learnedCodec({
  inputShape: [28, 28, 1],
  trunk: { kind: "conv", channels: [4], kernel: 4, hidden: [] },
  latent: 3,
  qualities: 3,
  lambdaSpan: 9,
});

let engine: WasmEngine;
let model: Model;
beforeAll(async () => {
  engine = await createWasmEngine({ build: "simd128" });
  const values = initialise(definition.parameters, 4);
  // Layers as they start make narrow codes: three times as strong they fill bins, and stay out of tails, which integer tables floor.
  const parameters: Record<string, StoredTensor> = Object.fromEntries(
    Object.entries(definition.parameters).map(([name, { shape }]) => {
      const data = values[name]!.map((value) => (name.startsWith("encoder.z") ? 3 * value : value));
      return [name, { shape, data }];
    }),
  );
  const { kind, config, encoder, decoder, prior } = definition;
  const coding = await learnedCoding(engine, definition.quantisation!, parameters);
  const parts = { kind, config: configToJson(config), encoder, decoder, prior: prior!, parameters, coding };
  model = { ...parts, provenance: {}, metrics: {} };
});
afterAll(() => engine.dispose());

/** Bits of an item, by the prior, at each quality. */
function estimates(): number[] {
  const { evaluation } = definition;
  const state = Object.fromEntries(
    Object.keys(evaluation.state).map((name) => [name, model.parameters[name]!.data as Float32Array]),
  );
  const sums = [0, 0, 0];
  for (const { size, values } of all()) {
    const { outputs } = interpret(evaluation, { inputs: { x: values }, state, batch: size });
    sums.forEach((_, quality) => outputs[`rate${quality}`]!.data.forEach((bits) => (sums[quality]! += bits / ITEMS)));
  }
  return sums;
}

it("makes files within one per cent of what the prior says, at every quality", async () => {
  const expected = estimates();
  expect(expected[2]!).toBeGreaterThan(100);
  for (const quality of [0, 1, 2]) {
    const { length } = await encodeStream(engine, model, all(), { quality });
    expect(Math.abs((8 * length) / ITEMS / expected[quality]! - 1)).toBeLessThan(0.01);
  }
});

it("comes back within half a bin of its quality, from a model file too", async () => {
  const read = readModelFile(writeModelFile(model));
  expect(read.coding).toEqual(model.coding);
  const { values } = await inferLatents(engine, model, all());
  for (const quality of [0, 2]) {
    const back = decodeStreamLatents(read, await encodeStream(engine, model, all(), { quality })).values;
    back.forEach((middle, i) => {
      const step = model.coding!.steps[3 * quality + (i % 3)]!;
      // Half a bin, and what float32 rounds.
      expect(Math.abs(middle - values[i]!)).toBeLessThanOrEqual(step / 2 + 2 ** -22 * Math.abs(middle));
    });
  }
});
