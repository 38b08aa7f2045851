import type { Dataset } from "@isthmus/data";
import { calibrate, lowerNetwork, quantiseNetwork } from "@isthmus/deploy";
import { javascriptExecutor } from "@isthmus/edge";
import { interpret, type StoredTensor } from "@isthmus/graph";
import { autoencoder, betaVae, learnedCodec, type ModelDefinition, vae } from "@isthmus/models";
import { createWasmEngine } from "@isthmus/wasm";
import { expect, test } from "vitest";
import { fineTuneQuantised, fit } from "../src/index.ts";
import { rowsDataset } from "./support.ts";

/** 400 rows of 12 numbers from 3, so that a code of 3 can hold them. */
const rows = Array.from({ length: 400 }, (_, i) =>
  Array.from({ length: 12 }, (__, k) => {
    const [a, b, c] = [Math.sin(i), Math.sin(2.3 * i + 1), Math.sin(3.7 * i + 2)];
    return 0.5 + 0.15 * (a * Math.sin(k) + b * Math.sin(2 * k + 1) + c * Math.sin(3 * k + 2));
  }),
);
const data = rowsDataset(rows);
const base = { inputShape: [12], trunk: { kind: "dense", hidden: [24, 16] }, latent: 3 } as const;

const models: readonly (readonly [string, ModelDefinition, string, number])[] = [
  ["autoencoder", autoencoder({ ...base, likelihood: { kind: "gaussian" } }), "z", 0.02],
  ["vae, whose encoder has a second output", vae({ ...base, likelihood: { kind: "gaussian" } }), "mu", 0.02],
  [
    "beta-vae, whose own loss has a schedule",
    betaVae({
      ...base,
      likelihood: { kind: "gaussian" },
      klWeight: { kind: "linear", from: 0, to: 1, epochs: 3 },
    }),
    "mu",
    0.02,
  ],
  ["learned codec, whose code has a factor", learnedCodec(base), "z", 0.1],
];

type Parameters = Readonly<Record<string, StoredTensor>>;

function floatOutputs({ encoder }: ModelDefinition, parameters: Parameters, output: string): Float64Array {
  const state = Object.fromEntries(
    Object.keys(encoder.state).map((name) => [name, parameters[name]!.data as Float32Array]),
  );
  const { outputs } = interpret(encoder, { inputs: { x: data.values }, state, batch: data.items });
  return Float64Array.from(outputs[output]!.data);
}

test.each(models)(
  "training for integers brings them nearer to floats, and its metrics are the integers' own: %s",
  async (_, definition, output, step) => {
    const engine = await createWasmEngine({ build: "simd128" });
    const shared = { engine, seed: 1, batchSize: 50 } as const;
    const { parameters } = await fit(definition, { train: data }, { ...shared, epochs: 5, learningRate: 3e-3 });
    const outputs = { [output]: { steps: [step], offsets: [0.3 * step] } };
    const network = { program: definition.encoder, parameters };
    const found = await calibrate(network, { outputs: [output], batches: [data.values as Float32Array], engine });
    // Values in the upper half of what hidden ones take are clamped, as they are of items unlike those of calibration.
    const [first] = found.keys();
    const ranges = new Map(
      [...found].map(([id, range]) => [id, id === first ? range : { ...range, max: range.max / 2 }]),
    );
    const wanted = floatOutputs(definition, parameters, output).map((y) => (y - 0.3 * step) / step);
    const executed = (given: Parameters): number[] => {
      const integers = quantiseNetwork({ ...network, parameters: given }, { ranges, outputs });
      const { run } = javascriptExecutor(lowerNetwork(integers));
      return itemsOf(data).flatMap((item) => [...run(item)]);
    };
    const equal = (integers: readonly number[]): number =>
      integers.filter((q, i) => q === Math.round(wanted[i]!)).length / integers.length;
    const distance = (integers: readonly number[]): number =>
      integers.reduce((sum, q, i) => sum + (q - wanted[i]!) ** 2, 0);
    const splits = { train: data, test: data };
    const tuned = await fineTuneQuantised(definition, splits, {
      ...shared,
      parameters,
      ranges,
      outputs,
      epochs: 30,
      learningRate: 3e-4,
    });
    const [before, after] = [executed(parameters), executed(tuned.parameters)];
    // What is clamped is off by whole layers' ranges, and what is rounded by 1 in 256 of them.
    expect(distance(after)).toBeLessThan(distance(before) / 20);
    expect(equal(after)).toBeGreaterThan(equal(before));
    // What is trained is what runs. An output is off by some ten roundings of float32, 1e-6 where numbers are near 1 or 1e-4 of a bin, which
    // takes one in 10,000 to the other side of a half: one of these 1,200 at most.
    expect(Math.abs(tuned.test!["equal"]! - equal(after))).toBeLessThan(1.5 / 1200);
    for (const [name, tensor] of Object.entries(parameters)) {
      const isRead = name.startsWith("encoder.") && !name.startsWith("encoder.logVar");
      expect(Object.is(tuned.parameters[name], tensor), name).toBe(!isRead);
    }
    expect(Object.keys(tuned.parameters).sort()).toEqual(Object.keys(parameters).sort());
  },
);

test("parameters that are missing are named", async () => {
  const [, definition] = models[0]!;
  const ranges = new Map(Array.from({ length: 30 }, (_, id) => [id, { min: -1, max: 1 }]));
  const options = { engine: await createWasmEngine({ build: "simd128" }), parameters: {}, ranges };
  await expect(
    fineTuneQuantised(definition!, { train: data }, { ...options, outputs: { z: { steps: [1] } } }),
  ).rejects.toThrow(/"parameters" expected all that the encoder reads, and has no "encoder\.dense0\./);
});

function itemsOf({ items, values }: Dataset): Float32Array[] {
  const size = values.length / items;
  return Array.from({ length: items }, (_, i) => (values as Float32Array).subarray(i * size, (i + 1) * size));
}
