// One stream, every engine: the integers are decoded without floating point, the items agree to float32's last digits.
import { batches, syntheticDigits } from "@isthmus/data";
import { type Engine, initialise, type Model, referenceEngine } from "@isthmus/graph";
import { type NdArray, ndArrayOps as ops } from "@isthmus/math";
import { configToJson, vae } from "@isthmus/models";
import { createWasmEngine } from "@isthmus/wasm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type DecodedLatents,
  decodeItems,
  decodeStreamLatents,
  encodeStream,
  fitCoding,
  inferLatents,
} from "../src/index.ts";

const definition = vae({ trunk: { kind: "dense", hidden: [32] }, latent: 6 });
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
  // Bins of 1e-6, some ten times as wide as the engines' latents are apart: some of 1200 latents lie on an edge.
  model = { ...base, coding: fitCoding(latents, { stepScale: 1e-6 }) };
});

afterAll(() => {
  for (const engine of Object.values(engines ?? {})) engine.dispose();
});

/** What `name` decodes from its own stream, as integers, and the latents it had, in bins. */
async function symbolsOf(name: string): Promise<{ symbols: number[]; bins: number[] }> {
  const { steps, offsets } = model.coding!;
  const inBins = (value: number, index: number) => {
    const d = index % steps.length;
    return (value - offsets[d]!) / steps[d]!;
  };
  const { values } = await inferLatents(engines[name]!, model, inBatches());
  const decoded = decodeStreamLatents(model, await encodeStream(engines[name]!, model, inBatches()));
  return { symbols: Array.from(decoded.values, (v, i) => Math.round(inBins(v, i))), bins: Array.from(values, inBins) };
}

describe.each(["simd128", "relaxed"])("a stream encoded on %s", (name) => {
  it("decodes to the reference engine's integers but for latents on the edge of a bin", async () => {
    const [own, exact] = [await symbolsOf(name), await symbolsOf("reference")];
    let moved = 0;
    own.symbols.forEach((symbol, index) => {
      if (symbol === exact.symbols[index]) return;
      moved++;
      // The neighbour's symbol, and the edge between the two bins lies between the two engines' latents.
      expect(Math.abs(symbol - exact.symbols[index]!)).toBe(1);
      const edge = (symbol + exact.symbols[index]!) / 2;
      const latents = [own.bins[index]!, exact.bins[index]!];
      expect(Math.min(...latents)).toBeLessThanOrEqual(edge);
      expect(Math.max(...latents)).toBeGreaterThanOrEqual(edge);
    });
    expect(moved).toBeLessThan(own.symbols.length / 10);
    // This build gives the same bits on any machine, so there the edge is known to be met.
    if (name === "simd128") expect(moved).toBeGreaterThan(0);
  });
});

const u = 2 ** -24;

const magnitudes = (array: NdArray): NdArray => ops.abs(array);

/** A parameter of the model in float64. */
function parameter(name: string): NdArray {
  const { shape, data } = model.parameters[name]!;
  return { shape, data: Float64Array.from(data) };
}

function affine(x: NdArray, layer: string, part: (array: NdArray) => NdArray = (array) => array): NdArray {
  const [kernel, bias] = [parameter(`${layer}.kernel`), parameter(`${layer}.bias`)];
  return ops.add(ops.matmul(part(x), part(kernel)), part(bias));
}

/**
 * How far a float32 decoder may be from the float64 one. A sum of n products and a bias rounds each term at most n + 1
 * times, in whatever order: (n + 1) u sum|terms|. A sigmoid's slope is at most 1/4, its kernel is within 4 units in the
 * last place, 2 u each, and the reference's own result is rounded to float32: 9 u of the item.
 */
function itemBounds({ items, dims, values }: DecodedLatents): Float64Array {
  const z: NdArray = { shape: [items, dims], data: Float64Array.from(values) };
  const times = (x: NdArray, factor: number) => ops.mul(x, ops.scalar(factor));
  const h = ops.relu(affine(z, "decoder.dense0"));
  const hError = times(affine(z, "decoder.dense0", magnitudes), 7 * u);
  const carried = ops.matmul(hError, ops.abs(parameter("decoder.output.kernel")));
  const logitError = ops.add(times(affine(h, "decoder.output", magnitudes), 33 * u), carried);
  const item = ops.sigmoid(affine(h, "decoder.output"));
  return ops.add(times(logitError, 1 / 4), times(item, 9 * u)).data;
}

describe.each(["reference", "simd128", "relaxed"])("a stream encoded on %s", (name) => {
  it("decodes on every engine to the same items, up to the rounding of a float32 decoder", async () => {
    const latents = decodeStreamLatents(model, await encodeStream(engines[name]!, model, inBatches()));
    const exact = await decodeItems(engines["reference"]!, model, latents);
    const bounds = itemBounds(latents);
    // The bound says something: items, which are in (0, 1), are known to within 8 units in the last place of 1.
    expect(bounds.reduce((most, bound) => Math.max(most, bound), 0)).toBeLessThan(16 * u);
    for (const engine of Object.values(engines)) {
      const items = await decodeItems(engine, model, latents);
      const outside = items.findIndex((value, index) => !(Math.abs(value - exact[index]!) <= bounds[index]!));
      expect(outside).toBe(-1);
    }
  });
});
