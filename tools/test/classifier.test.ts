import { type Dataset, itemSize } from "@isthmus/data";
import { initialise, type StoredTensor } from "@isthmus/graph";
import { autoencoder, vae } from "@isthmus/models";
import { createWasmEngine, type WasmEngine } from "@isthmus/wasm";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Classifier, encoderOf, hiddenLayer } from "../reproduce/harness/classifier.ts";

let engine: WasmEngine;
beforeAll(async () => void (engine = await createWasmEngine({ build: "simd128" })));
afterAll(() => engine.dispose());

/** Points of the square [-1, 1]^2: class 1 where the coordinates have different signs, which no line parts. */
function quadrants(items: number): Dataset {
  const values = Float32Array.from({ length: items * 2 }, (_, i) => {
    const jitter = ((i * 7919) % 1000) / 1000;
    const sign = (Math.floor(i / 2) >> (i % 2)) & 1 ? -1 : 1;
    return sign * (0.2 + 0.8 * jitter);
  });
  return {
    ...{ name: "quadrants", items, shape: [2], values, scale: 1, classes: 2 },
    labels: Uint8Array.from({ length: items }, (_, item) => (item ^ (item >> 1)) & 1),
    provenance: { source: "made for tests" },
  };
}

it("learns what no line parts, and says how sure it is", async () => {
  const classifier = await Classifier.create(engine, { trunk: hiddenLayer(2, 32), classes: 2, seed: 1 });
  const data = quadrants(4000);
  expect(await classifier.error(data)).toBeGreaterThan(0.2);
  await classifier.train(data, { epochs: 12, seed: 1 });
  // Nothing lies within 0.2 of an axis: the classes can be told without an error.
  expect(await classifier.error(data)).toBe(0);
  const p = await classifier.probabilities(Float32Array.of(0.9, -0.9));
  expect(p[1]).toBeGreaterThan(0.9);
  // Two float32 numbers, each within a few units of its last place.
  expect(Math.abs(p[0]! + p[1]! - 1)).toBeLessThan(1e-6);
  classifier.dispose();
});

const network = { inputShape: [2], trunk: { kind: "dense", hidden: [5] }, latent: 3 } as const;

it.each([autoencoder(network), vae(network)])("starts from the weights of an encoder ($kind)", async (model) => {
  const drawn = (seed: number): Record<string, StoredTensor> =>
    Object.fromEntries(
      Object.entries(initialise(model.parameters, seed)).map(([name, data]) => {
        return [name, { shape: model.parameters[name]!.shape, data }];
      }),
    );
  const zeros = Object.fromEntries(
    Object.entries(drawn(1)).map(([name, { shape, data }]) => [
      name,
      { shape, data: data.map(() => 0) as Float32Array },
    ]),
  );
  const data = quadrants(6);
  const started = async (seed: number, start: Readonly<Record<string, StoredTensor>>): Promise<number[]> => {
    const options = { trunk: encoderOf(model.encoder), classes: 2, seed, start };
    const classifier = await Classifier.create(engine, options);
    const p = [...(await classifier.probabilities(data.values as Float32Array))];
    classifier.dispose();
    return p;
  };
  expect(itemSize(data)).toBe(2);
  const fresh = await started(1, {});
  expect(new Set(fresh).size).toBeGreaterThan(2);
  // Tensors are drawn by their names, which are the encoder's.
  expect(await started(1, drawn(1))).toEqual(fresh);
  expect(await started(1, drawn(2))).not.toEqual(fresh);
  // An encoder of zeros tells nothing of the input: all rows are alike.
  const rows = await started(1, zeros);
  for (let item = 1; item < 6; item++) expect(rows.slice(2 * item, 2 * item + 2)).toEqual(rows.slice(0, 2));
});
