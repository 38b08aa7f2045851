import { interpret } from "@isthmus/graph";
import { vae, type ModelDefinition } from "@isthmus/models";
import { initialise, type StoredTensor } from "@isthmus/graph";
import { itemSize } from "@isthmus/data";
import { describe, expect, it } from "vitest";
import { evaluate } from "../src/index.ts";
import { byteDataset, engines, tinyAe, tinyVae } from "./support.ts";

const dataset = byteDataset();

function firstParameters({ parameters }: ModelDefinition): Record<string, StoredTensor> {
  const values = Object.entries(initialise(parameters, 9));
  return Object.fromEntries(values.map(([name, data]) => [name, { shape: parameters[name]!.shape, data }]));
}

/** The means in float64, straight from the interpreter: batch b is drawn with step 2^52 + b. */
function expectedMeans(definition: ModelDefinition, seed: number, batchSize: number): Record<string, number> {
  const { evaluation } = definition;
  const parameters = firstParameters(definition);
  const state = Object.fromEntries(Object.entries(parameters).map(([name, { data }]) => [name, data as Float32Array]));
  const size = itemSize(dataset);
  const sums: Record<string, number> = {};
  for (let start = 0, b = 0; start < dataset.items; start += batchSize, b++) {
    const x = Float32Array.from(
      dataset.values.subarray(start * size, (start + batchSize) * size),
      (v) => v * dataset.scale,
    );
    const all = { x, seed: Int32Array.of(seed, 0), step: Int32Array.of(b, 2 ** 20) };
    const inputs = Object.fromEntries(Object.entries(all).filter(([name]) => name in evaluation.inputs));
    const { outputs } = interpret(evaluation, { inputs, state, batch: x.length / size });
    for (const [name, { data }] of Object.entries(outputs)) sums[name] = data.reduce((a, v) => a + v, sums[name] ?? 0);
  }
  return Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / dataset.items]));
}

describe.each(engines)("evaluate on the %s engine", (_, makeEngine) => {
  it.each([
    ["vae", tinyVae],
    ["vae, dynamic", vae({ ...tinyVae.config, binarize: "dynamic" })],
    ["vae, gaussian", vae({ ...tinyVae.config, likelihood: { kind: "gaussian" } })],
    ["ae", tinyAe],
  ])("%s: means over items, whatever the last batch holds", async (__, definition) => {
    const engine = await makeEngine();
    for (const batchSize of [1, 5, 8, 22, 100]) {
      const means = await evaluate(definition, firstParameters(definition), dataset, { engine, seed: 3, batchSize });
      const expected = expectedMeans(definition, 3, batchSize);
      expect(Object.keys(means).sort()).toEqual(Object.keys(expected).sort());
      // Each item's figure is rounded to float32 after sums of at most 8 terms.
      for (const [name, mean] of Object.entries(expected)) {
        expect(Math.abs(means[name]! - mean)).toBeLessThan(16 * 2 ** -24 * Math.max(1, Math.abs(mean)));
      }
    }
    engine.dispose();
  });

  it("is the same for every batch size where nothing is drawn", async () => {
    const engine = await makeEngine();
    const definition = tinyAe;
    const at = (batchSize: number) => evaluate(definition, firstParameters(definition), dataset, { engine, batchSize });
    const whole = await at(22);
    for (const batchSize of [5, 8, 21]) {
      const { reconstruction } = await at(batchSize);
      // Sums of at most 8 float32 terms per item, in whatever order: 4 nats within 16 roundings.
      expect(Math.abs(reconstruction! - whole["reconstruction"]!)).toBeLessThan(16 * 2 ** -24 * 4);
    }
    engine.dispose();
  });

  it("draws z: another seed, another reconstruction, the same KL", async () => {
    const engine = await makeEngine();
    const at = (seed: number) => evaluate(tinyVae, firstParameters(tinyVae), dataset, { engine, seed });
    const [one, again, two] = [await at(1), await at(1), await at(2)];
    expect(again).toEqual(one);
    expect(two["kl"]).toBe(one["kl"]);
    expect(two["reconstruction"]).not.toBe(one["reconstruction"]);
    engine.dispose();
  });
});

describe("what evaluate refuses", () => {
  it("parameters that are missing, of another type or of another shape", async () => {
    const engine = await engines[0]![1]();
    const { "encoder.mu.bias": bias, ...rest } = firstParameters(tinyVae);
    await expect(evaluate(tinyVae, rest, dataset, { engine })).rejects.toThrow(
      /float32 tensor "encoder.mu.bias", got none/,
    );
    const integers = { ...rest, "encoder.mu.bias": { ...bias!, data: new Int32Array(2) } };
    await expect(evaluate(tinyVae, integers, dataset, { engine })).rejects.toThrow(/"encoder.mu.bias", got Int32Array/);
    const short = { ...rest, "encoder.mu.bias": { shape: [1], data: new Float32Array(1) } };
    await expect(evaluate(tinyVae, short, dataset, { engine })).rejects.toThrow(RangeError);
  });

  it("an aborted signal, with its reason", async () => {
    const engine = await engines[0]![1]();
    const signal = AbortSignal.abort(new Error("no"));
    await expect(evaluate(tinyVae, firstParameters(tinyVae), dataset, { engine, signal })).rejects.toThrow("no");
  });
});
