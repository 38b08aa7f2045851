// One stream, every engine: the integers are decoded without floating point, the items agree to float32's last digits.
import { batches, syntheticDigits } from "@isthmus/data";
import { type Engine, initialise, type Model, referenceEngine } from "@isthmus/graph";
import { configToJson, denseVae } from "@isthmus/models";
import { createWasmEngine } from "@isthmus/wasm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeItems, decodeStreamLatents, encodeStream, fitCoding, inferLatents } from "../src/index.ts";

const definition = denseVae({ hidden: [32], latent: 6 });
const digits = syntheticDigits({ items: 200, seed: 2 });
const inBatches = () => batches(digits, { batchSize: 64 });

let engines: Record<string, Engine>;
let model: Model;

beforeAll(async () => {
  engines = {
    reference: referenceEngine(),
    simd128: await createWasmEngine({ build: "simd128" }),
    relaxed: await createWasmEngine({ build: "relaxed" }),
  };
  const parameters = Object.fromEntries(
    Object.entries(initialise(definition.parameters, 1)).map(([name, data]) => [
      name,
      { shape: definition.parameters[name]!.shape, data },
    ]),
  );
  const base = { ...definition, config: configToJson(definition.config), parameters, provenance: {}, metrics: {} };
  const latents = await inferLatents(engines["reference"]!, base, inBatches());
  // Steps far finer than the latents' spread: thousands of different symbols, many near the edge of a bin.
  model = { ...base, coding: fitCoding(latents, { stepScale: 1e-3 }) };
});

afterAll(() => {
  for (const engine of Object.values(engines ?? {})) engine.dispose();
});

describe.each(["reference", "simd128", "relaxed"])("a stream encoded on %s", (name) => {
  it("decodes to the same integers as the others' but for latents on the edge of a bin", async () => {
    const own = decodeStreamLatents(model, await encodeStream(engines[name]!, model, inBatches()));
    const other = decodeStreamLatents(model, await encodeStream(engines["reference"]!, model, inBatches()));
    const steps = model.coding!.steps;
    const moved = own.values.filter((value, index) => value !== other.values[index]);
    own.values.forEach((value, index) => {
      // A float32 encoder is off by far less than a bin, so a moved symbol is the neighbour.
      expect(Math.abs(value - other.values[index]!)).toBeLessThanOrEqual(1.001 * steps[index % steps.length]!);
    });
    // With bins of 1e-3 the encoders' distance of some 1e-7 meets an edge once in some thousand latents.
    expect(moved.length).toBeLessThan(own.values.length / 100);
  });

  it("decodes on every engine to the same items", async () => {
    const latents = decodeStreamLatents(model, await encodeStream(engines[name]!, model, inBatches()));
    const exact = await decodeItems(engines["reference"]!, model, latents);
    for (const engine of Object.values(engines)) {
      const items = await decodeItems(engine, model, latents);
      // Sigmoids in (0, 1) of sums of 32 products: a few ulp of 1.
      const worst = items.reduce((most, value, index) => Math.max(most, Math.abs(value - exact[index]!)), 0);
      expect(worst).toBeLessThan(16 * 2 ** -24);
    }
  });
});
