import { batches, syntheticDigits, take } from "@isthmus/data";
import { type Engine, initialise, type Model, referenceEngine } from "@isthmus/graph";
import { configToJson, type DenseConfig, defineModel } from "@isthmus/models";
import { beforeAll, describe, expect, it } from "vitest";
import { decodeItems, decodeStreamLatents, encodeStream, fitCoding, inferLatents } from "../src/index.ts";

const engine: Engine = referenceEngine();
const digits = syntheticDigits({ items: 60, seed: 1 });
const inBatches = (size: number) => batches(digits, { batchSize: size });

function untrained(kind: string, config: Partial<DenseConfig>): Omit<Model, "coding"> {
  const definition = defineModel(kind, config);
  const values = initialise(definition.parameters, 1);
  const parameters = Object.fromEntries(
    Object.entries(values).map(([name, data]) => [name, { shape: definition.parameters[name]!.shape, data }]),
  );
  return { ...definition, config: configToJson(definition.config), parameters, provenance: {}, metrics: {} };
}

describe.each(["ae", "vae"])("%s", (kind) => {
  const base = untrained(kind, { hidden: [6], latent: 3 });
  let model: Model;
  beforeAll(async () => {
    model = { ...base, coding: fitCoding(await inferLatents(engine, base, inBatches(25))) };
  });

  it("comes back within half a step of every latent", async () => {
    const { values } = await inferLatents(engine, model, inBatches(25));
    const decoded = decodeStreamLatents(model, await encodeStream(engine, model, inBatches(25)));
    expect([decoded.items, decoded.dims]).toEqual([60, 3]);
    decoded.values.forEach((value, index) => {
      const half = model.coding!.steps[index % 3]! / 2;
      // Half a bin, and the rounding of q * step + offset to float32.
      expect(Math.abs(value - values[index]!)).toBeLessThanOrEqual(half + 2 ** -23 * Math.abs(value));
    });
  });

  it("gives the same bytes whatever the batch size", async () => {
    expect(await encodeStream(engine, model, inBatches(7))).toEqual(await encodeStream(engine, model, inBatches(60)));
  });

  it("decodes to what the decoder makes of the decoded latents", async () => {
    const decoded = decodeStreamLatents(model, await encodeStream(engine, model, inBatches(25)));
    const all = await decodeItems(engine, model, decoded);
    expect(all.length).toBe(60 * 784);
    const last = await decodeItems(engine, model, { items: 1, dims: 3, values: decoded.values.slice(59 * 3) });
    expect(all.slice(59 * 784)).toEqual(last);
  });

  it("refuses another model's stream, naming both ids", async () => {
    const bytes = await encodeStream(engine, model, inBatches(25));
    const stranger = { ...model, coding: { ...model.coding!, steps: model.coding!.steps.map((step) => step * 2) } };
    expect(() => decodeStreamLatents(stranger, bytes)).toThrow(expect.objectContaining({ code: "BITSTREAM_MODEL" }));
  });
});

describe("fitCoding", () => {
  it("takes a wider step for fewer bits", async () => {
    const base = untrained("vae", { hidden: [6], latent: 3 });
    const latents = await inferLatents(engine, base, inBatches(60));
    const length = async (stepScale: number) =>
      (await encodeStream(engine, { ...base, coding: fitCoding(latents, { stepScale }) }, inBatches(60))).length;
    expect(await length(0.5)).toBeLessThan(await length(0.05));
  });

  it("codes a dimension that never varies", () => {
    const values = Float32Array.from([1, 5, 2, 5, 3, 5]);
    const coding = fitCoding({ items: 3, dims: 2, values });
    expect(coding.steps[1]).toBe(1);
    expect(coding.offsets[1]).toBe(5);
  });

  it("puts the middle of the zero bin at the mean and takes steps from the posterior", () => {
    const values = Float32Array.from([1, 3]);
    const coding = fitCoding({ items: 2, dims: 1, values, posteriorVariance: Float64Array.of(0.25) }, { stepScale: 2 });
    expect([coding.offsets[0], coding.steps[0]]).toEqual([2, 1]);
  });

  it("names a bad option", () => {
    expect(() => fitCoding({ items: 1, dims: 1, values: Float32Array.of(0) }, { stepScale: 0 })).toThrow(/"stepScale"/);
    expect(() => fitCoding({ items: 0, dims: 1, values: new Float32Array() })).toThrow(/"latents"/);
  });
});

describe("a model without tables", () => {
  it("says what is missing", async () => {
    const base = untrained("ae", { hidden: [], latent: 2 });
    const one = batches(take(digits, 0, 1), { batchSize: 1 });
    await expect(encodeStream(engine, base, one)).rejects.toThrow(expect.objectContaining({ code: "MODEL_NO_CODING" }));
  });
});
