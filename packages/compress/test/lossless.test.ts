import { decodeLossless, encodeLossless } from "@isthmus/codec";
import { batches, syntheticDigits } from "@isthmus/data";
import { initialise, referenceEngine } from "@isthmus/graph";
import { configToJson, type Given, vae, type VaeConfig } from "@isthmus/models";
import { createWasmEngine } from "@isthmus/wasm";
import { describe, expect, it } from "vitest";
import {
  fitLossless,
  isLosslessFile,
  type LosslessModel,
  openLossless,
  readLosslessFile,
  writeLosslessFile,
} from "../src/index.ts";

const trunk = { kind: "dense", hidden: [24] } as const;
const digits = syntheticDigits({ items: 60, seed: 3 });

function modelWith(given: Given<VaeConfig>): LosslessModel {
  const { encoder, decoder, parameters: spec, config } = vae({ trunk, latent: 4, ...given });
  const values = Object.entries(initialise(spec, 1));
  const parameters = Object.fromEntries(values.map(([name, data]) => [name, { shape: spec[name]!.shape, data }]));
  return { encoder, decoder, parameters, config: configToJson(config) };
}

const fitted = (model: LosslessModel) => fitLossless(referenceEngine(), model, batches(digits, { batchSize: 20 }));

describe("a VAE made ready for lossless coding", () => {
  it.each([
    ["of mixtures of logistics", { likelihood: { kind: "logisticMixture", logistics: 2 } }, digits.values],
    [
      "of mixtures by convolutions",
      {
        likelihood: { kind: "logisticMixture", logistics: 2 },
        trunk: { kind: "conv", channels: [3, 4], hidden: [16] },
      },
      digits.values,
    ],
    ["of Bernoulli pixels", { binarize: "dynamic" }, digits.values.map((value: number) => (value > 127 ? 1 : 0))],
  ] as const)("%s gives every item back, from its file, with either kernels", async (_, given, values) => {
    const items = Uint8Array.from(values);
    const bytes = writeLosslessFile(await fitted(modelWith(given)));
    expect(isLosslessFile(bytes)).toBe(true);
    const file = readLosslessFile(bytes);
    const coder = { model: await openLossless(file, { kernels: "javascript" }), modelId: file.modelId };
    const other = { ...coder, model: await openLossless(readLosslessFile(bytes), { kernels: "wasm" }) };
    for (const itemsPerFrame of [1, 7, 60]) {
      const stream = encodeLossless(items, { ...coder, itemsPerFrame });
      expect(encodeLossless(items, { ...other, itemsPerFrame })).toEqual(stream);
      expect(decodeLossless(stream, other).values).toEqual(items);
    }
  });

  it("is the same file when it is made again, and codes whichever engine it was made with", async () => {
    const model = modelWith({ likelihood: { kind: "logisticMixture" } });
    const once = writeLosslessFile(await fitted(model));
    expect(writeLosslessFile(await fitted(model))).toEqual(once);
    // Ranges that were seen on another engine differ in last bits at most; the files need not agree, their streams decode alike.
    const engine = await createWasmEngine();
    const other = readLosslessFile(
      writeLosslessFile(await fitLossless(engine, model, batches(digits, { batchSize: 20 }))),
    );
    const coder = { model: await openLossless(other), modelId: other.modelId };
    const items = Uint8Array.from(digits.values.slice(0, 5 * 784));
    expect(decodeLossless(encodeLossless(items, coder), coder).values).toEqual(items);
  });

  it.each([
    ["a Gaussian likelihood", { likelihood: { kind: "gaussian" } }, "MODEL_LOSSLESS"],
    ["other levels than 256", { likelihood: { kind: "logisticMixture", levels: 16 } }, "MODEL_LOSSLESS"],
    ["a hidden layer that has no form in integers", { binarize: "threshold" }, "DEPLOY_OPERATION"],
  ] as const)("is refused with %s", async (_, given, code) => {
    await expect(fitted(modelWith(given))).rejects.toMatchObject({ code });
  });
});

describe("a lossless coder's file", () => {
  it("is refused when any of it is damaged or missing", async () => {
    const bytes = writeLosslessFile(await fitted(modelWith({ binarize: "dynamic" })));
    for (let at = 8; at < bytes.length; at += 997) {
      const damaged = bytes.slice();
      damaged[at]! ^= 4;
      expect(() => readLosslessFile(damaged)).toThrow(expect.objectContaining({ name: "IsthmusError" }));
      expect(() => readLosslessFile(bytes.subarray(0, at))).toThrow(expect.objectContaining({ name: "IsthmusError" }));
    }
    expect(isLosslessFile(new Uint8Array(4))).toBe(false);
  });
});
