import { fitFrequencyTables, packTables, quantise, uniformQuantiser } from "@isthmus/codec";
import { batches, syntheticDigits, take } from "@isthmus/data";
import {
  type Engine,
  initialise,
  type LatentCoding,
  type Model,
  readModelFile,
  referenceEngine,
  writeModelFile,
} from "@isthmus/graph";
import { configToJson, defineModel, type Given } from "@isthmus/models";
import { beforeAll, describe, expect, it } from "vitest";
import { decodeItems, decodeStreamLatents, encodeStream, fitCoding, fitTables, inferLatents } from "../src/index.ts";

const engine: Engine = referenceEngine();
const digits = syntheticDigits({ items: 60, seed: 1 });
const inBatches = (size: number) => batches(digits, { batchSize: size });

function untrained(kind: string, config: Given): Omit<Model, "coding"> {
  const definition = defineModel(kind, config);
  const values = initialise(definition.parameters, 1);
  const parameters = Object.fromEntries(
    Object.entries(values).map(([name, data]) => [name, { shape: definition.parameters[name]!.shape, data }]),
  );
  return { ...definition, config: configToJson(definition.config), parameters, provenance: {}, metrics: {} };
}

/** How many binary digits a number has from its first to its last 1. */
function significantBits(value: number): number {
  let whole = value;
  while (!Number.isInteger(whole)) whole *= 2;
  while (whole % 2 === 0) whole /= 2;
  return whole.toString(2).length;
}

describe.each(["ae", "vae"])("%s", (kind) => {
  const base = untrained(kind, { trunk: { kind: "dense", hidden: [6] }, latent: 3 });
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

  it("remembers how many rows only fill its last window up, in five bytes, and only if there are any", async () => {
    const plain = await encodeStream(engine, model, inBatches(25));
    expect(await encodeStream(engine, model, inBatches(25), { filledRows: 0 })).toEqual(plain);
    const filled = await encodeStream(engine, model, inBatches(25), { filledRows: 70_000 });
    expect(filled.length - plain.length).toBe(5); // type, length, and 70,000 in three times seven bits
    const { streams } = decodeStreamLatents(model, Uint8Array.of(...filled, ...plain));
    expect(streams).toEqual([
      { items: 60, quality: 0, filledRows: 70_000, lost: [] },
      { items: 60, quality: 0, lost: [] },
    ]);
  });

  it("refuses another model's stream, naming both ids", async () => {
    const bytes = await encodeStream(engine, model, inBatches(25));
    const stranger = { ...model, coding: { ...model.coding!, steps: model.coding!.steps.map((step) => step * 2) } };
    expect(() => decodeStreamLatents(stranger, bytes)).toThrow(expect.objectContaining({ code: "BITSTREAM_MODEL" }));
  });
});

describe("a model of several qualities, two positions sharing the tables of three channels", () => {
  const base = untrained("vae", { trunk: { kind: "dense", hidden: [6] }, latent: 6 });
  let model: Model;
  beforeAll(async () => {
    const latents = { ...(await inferLatents(engine, base, inBatches(25))), channels: 3 };
    model = { ...base, coding: fitCoding(latents, { stepScale: [0.25, 1, 4] }) };
  });

  it("has steps, offsets and tables of each, and survives its file", () => {
    expect(model.coding).toMatchObject({ qualities: 3 });
    expect([model.coding!.steps.length, model.coding!.offsets.length]).toEqual([9, 9]);
    expect(readModelFile(writeModelFile(model)).coding).toEqual(model.coding);
  });

  it("comes back within half a step of the quality asked for, in fewer bytes for coarser ones", async () => {
    const { values } = await inferLatents(engine, model, inBatches(25));
    const streams = [];
    for (const quality of [0, 1, 2]) streams.push(await encodeStream(engine, model, inBatches(25), { quality }));
    expect(streams.map(({ length }) => length)).toEqual([...streams.map(({ length }) => length)].sort((a, b) => b - a));
    const decoded = decodeStreamLatents(model, Uint8Array.from(streams.flatMap((stream) => [...stream])));
    expect(decoded.streams?.map(({ quality }) => quality)).toEqual([0, 1, 2]);
    decoded.values.forEach((value, index) => {
      const quality = Math.floor(index / 360);
      const half = model.coding!.steps[3 * quality + (index % 3)]! / 2;
      // Half a bin, and the rounding of q * step + offset to float32.
      expect(Math.abs(value - values[index % 360]!)).toBeLessThanOrEqual(half + 2 ** -23 * Math.abs(value));
    });
  });

  it("writes the same integers with gains, which what is decoded is multiplied by from the offsets on", async () => {
    const { coding } = model;
    const gains = Float32Array.from({ length: 9 }, (_, i) => 0.5 + i / 8);
    const amplified = { ...model, coding: { ...coding!, gains } };
    for (const quality of [0, 1, 2]) {
      const plain = await encodeStream(engine, model, inBatches(25), { quality });
      const other = await encodeStream(engine, amplified, inBatches(25), { quality });
      expect(other.length).toBe(plain.length);
      const middles = decodeStreamLatents(model, plain).values;
      const { values } = decodeStreamLatents(amplified, other);
      values.forEach((value, index) => {
        const at = 3 * quality + (index % 3);
        const offset = coding!.offsets[at]!;
        const expected = offset + gains[at]! * (middles[index]! - offset);
        // The bin's middle, the product of step and gain and what comes out are rounded to float32.
        expect(Math.abs(value - expected)).toBeLessThanOrEqual(2 ** -21 * (Math.abs(expected) + Math.abs(offset)));
      });
    }
  });

  it("refuses a quality it does not have", async () => {
    const refused = encodeStream(engine, model, inBatches(25), { quality: 3 });
    await expect(refused).rejects.toThrow(/"quality" expected an integer 0 to 2, got 3/);
  });
});

describe("a stream of several payloads", () => {
  const base = untrained("vae", { trunk: { kind: "dense", hidden: [6] }, latent: 4 });
  let model: Model;
  let bytes: Uint8Array;
  beforeAll(async () => {
    model = { ...base, coding: fitCoding(await inferLatents(engine, base, inBatches(25))) };
    bytes = await encodeStream(engine, model, inBatches(25), { payloads: 4, timestamp: 5n });
  });

  it("decodes as one of a single payload does", async () => {
    const single = decodeStreamLatents(model, await encodeStream(engine, model, inBatches(25)));
    const decoded = decodeStreamLatents(model, bytes);
    expect(decoded.values).toEqual(single.values);
    expect(decoded.streams).toEqual([{ items: 60, quality: 0, timestamp: 5n, lost: [] }]);
  });

  it("gives what is left where it is cut, with the middle of each lost latent in its place", () => {
    const cut = bytes.subarray(0, -1);
    expect(() => decodeStreamLatents(model, cut)).toThrow(expect.objectContaining({ code: "BITSTREAM_TRUNCATED" }));
    const whole = decodeStreamLatents(model, bytes).values;
    const { values, streams } = decodeStreamLatents(model, cut, { lost: "replace" });
    expect(streams![0]!.lost).toEqual([{ frame: 0, payload: 3, channels: [3, 4], state: "cut off" }]);
    const lost = values.filter((_, i) => i % 4 === 3);
    expect(values.filter((_, i) => i % 4 !== 3)).toEqual(whole.filter((_, i) => i % 4 !== 3));
    expect(new Set(lost).size).toBe(1);
    const sorted = whole.filter((_, i) => i % 4 === 3).sort();
    expect(lost[0]).toBeGreaterThanOrEqual(sorted[0]!);
    expect(lost[0]).toBeLessThanOrEqual(sorted.at(-1)!);
  });
});

describe("fitTables", () => {
  it("takes the bins as they are given", () => {
    const values = Float32Array.from({ length: 40 }, (_, i) => Math.sin(i));
    const quantiser = uniformQuantiser([0.25, 0.5], [0.125, 0]);
    const coding = fitTables({ items: 10, dims: 4, channels: 2, values }, [quantiser]);
    expect(coding).toEqual({
      offsets: quantiser.offsets,
      steps: quantiser.steps,
      tables: packTables(fitFrequencyTables(quantise(values, quantiser), 2)),
    });
  });

  it("names what does not fit", () => {
    const latents = { items: 1, dims: 2, values: new Float32Array(2) };
    expect(() => fitTables(latents, [])).toThrow(/"quantisers" expected 1 to 256/);
    expect(() => fitTables(latents, [uniformQuantiser([1])])).toThrow(/"quantisers" expected 2 channels/);
    expect(() => fitTables({ ...latents, channels: 3 }, [uniformQuantiser([1])])).toThrow(/"latents.channels"/);
    expect(() => fitTables({ ...latents, items: 0 }, [uniformQuantiser([1, 1])])).toThrow(/"latents" expected/);
  });
});

describe("fitCoding", () => {
  it("takes a wider step for fewer bits", async () => {
    const base = untrained("vae", { trunk: { kind: "dense", hidden: [6] }, latent: 3 });
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

  // What Math.exp and Math.log of another JavaScript engine would change.
  it.each([undefined, "posteriorVariance"])("does not depend on the last bits of widths (%s)", (given) => {
    const values = Float32Array.from({ length: 600 }, (_, i) => Math.fround(Math.sin(i * i) * (1 + (i % 3))));
    const widths = Float64Array.from({ length: 3 }, (_, d) => 0.1 + d / 7);
    const fitted = (factor: number, stepScale: number) => {
      const posterior = given ? { posteriorVariance: widths.map((width) => width * factor) } : {};
      return fitCoding({ items: 200, dims: 3, values, ...posterior }, { stepScale });
    };
    for (let scale = 1; scale < 1.5; scale += 0.01) {
      const coding = fitted(1, scale);
      expect(fitted(1 + 2 ** -46, scale)).toEqual(coding);
      expect(fitted(1 - 2 ** -46, scale)).toEqual(coding);
      for (const step of coding.steps) expect(significantBits(step)).toBeLessThanOrEqual(12);
    }
  });

  it("rounds a step by at most one part in 4096", () => {
    for (let width = 0.5; width < 2; width += 0.001) {
      const latents = { items: 1, dims: 1, values: Float32Array.of(0), posteriorVariance: Float64Array.of(width ** 2) };
      const step = fitCoding(latents).steps[0]!;
      // The distance from a 12-bit number is at most half of its last bit; the square root is off by 2^-53.
      expect(Math.abs(step / width - 1)).toBeLessThanOrEqual(2 ** -12 + 2 ** -50);
    }
  });

  it("names a bad option", () => {
    expect(() => fitCoding({ items: 1, dims: 1, values: Float32Array.of(0) }, { stepScale: 0 })).toThrow(/"stepScale"/);
    expect(() => fitCoding({ items: 0, dims: 1, values: new Float32Array() })).toThrow(/"latents"/);
  });
});

describe("a model without tables", () => {
  it("says what is missing", async () => {
    const base = untrained("ae", { trunk: { kind: "dense", hidden: [] }, latent: 2 });
    const one = batches(take(digits, 0, 1), { batchSize: 1 });
    await expect(encodeStream(engine, base, one)).rejects.toThrow(expect.objectContaining({ code: "MODEL_NO_CODING" }));
  });
});

describe("a coding that is not the model's", () => {
  const base = untrained("vae", { trunk: { kind: "dense", hidden: [6] }, latent: 8 });
  const one = () => batches(take(digits, 0, 1), { batchSize: 1 });
  let coding: LatentCoding;
  let bytes: Uint8Array;
  beforeAll(async () => {
    coding = fitCoding(await inferLatents(engine, base, inBatches(60)));
    bytes = await encodeStream(engine, { ...base, coding }, one());
  });

  const otherTables = (dims: number) => {
    return fitCoding({ items: 1, dims, values: new Float32Array(dims) }).tables;
  };
  const spoiled: [string, string, RegExp, (good: LatentCoding) => Partial<LatentCoding>][] = [
    ["7 steps", "MODEL_CODING", /8 offsets and 7 steps for 8 latents/, ({ steps }) => ({ steps: steps.slice(1) })],
    ["7 offsets", "MODEL_CODING", /7 offsets and 8 steps/, ({ offsets }) => ({ offsets: offsets.slice(1) })],
    [
      "7 steps and offsets",
      "MODEL_CODING",
      /7 offsets and 7 steps for 8 latents/,
      ({ steps, offsets }) => ({ steps: steps.slice(1), offsets: offsets.slice(1) }),
    ],
    ["step 0", "MODEL_CODING", /"coding.steps" .+ got 0 at index 3/, ({ steps }) => ({ steps: steps.with(3, 0) })],
    [
      "an offset that is no number",
      "MODEL_CODING",
      /"coding.offsets" .+ got NaN at index 0/,
      ({ offsets }) => ({ offsets: offsets.with(0, Number.NaN) }),
    ],
    ["7 tables", "MODEL_CODING", /7 frequency tables for 8 latents/, () => ({ tables: otherTables(7) })],
    ["16 tables", "MODEL_CODING", /16 frequency tables for 8 latents/, () => ({ tables: otherTables(16) })],
    ["no tables", "TABLE_INVALID", /too short/, () => ({ tables: new Int32Array() })],
    ["tables cut short", "TABLE_INVALID", /does not fit/, ({ tables }) => ({ tables: tables.slice(0, -1) })],
    ["tables of another layout", "TABLE_VERSION", /layout 2/, ({ tables }) => ({ tables: tables.with(0, 2) })],
  ];

  it.each(spoiled)("%s: %s, encoding and decoding", async (_, code, message, change) => {
    const model = { ...base, coding: { ...coding, ...change(coding) } };
    const refusal = expect.objectContaining({ name: "IsthmusError", code, message: expect.stringMatching(message) });
    await expect(encodeStream(engine, model, one())).rejects.toThrow(refusal);
    expect(() => decodeStreamLatents(model, bytes)).toThrow(refusal);
  });
});
