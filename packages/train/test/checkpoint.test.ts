import { readSafetensors, writeModelFile, writeSafetensors } from "@isthmus/graph";
import { vae } from "@isthmus/models";
import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { fit, type FitOptions, readCheckpoint, toModel } from "../src/index.ts";
import { bits, byteDataset, engines, tinyVae } from "./support.ts";

const engine = await engines[0]![1]();
const train = byteDataset();
const options = { engine, epochs: 1, batchSize: 8, learningRate: 0.01, seed: 5 } as const;
let bytes: Uint8Array;

beforeAll(async () => {
  await fit(tinyVae, { train }, { ...options, checkpoint: async (stored) => void (bytes = stored) });
});

const resume = (changes: Partial<FitOptions>, definition = tinyVae, data = train) =>
  fit(definition, { train: data }, { ...options, epochs: 2, resume: bytes, ...changes });

describe("a checkpoint", () => {
  it("is a safetensors file that says what run it belongs to and how far it came", () => {
    const { run, epoch, step, history, tensors } = readCheckpoint(bytes);
    expect({ epoch, step }).toEqual({ epoch: 1, step: 3 });
    expect(history).toMatchObject([{ epoch: 1, train: { loss: expect.any(Number) } }]);
    expect(run).toMatchObject({
      kind: "vae",
      config: { latent: 2, trunk: { kind: "dense", hidden: [5] } },
      data: { name: "bytes", items: 22 },
      seed: 5,
      batchSize: 8,
      learningRate: 0.01,
      optimiser: { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
      maxGradientNorm: null,
      engine: { name: "reference", build: "float64" },
    });
    const names = Object.keys(tinyVae.parameters);
    expect(Object.keys(tensors).sort()).toEqual(
      names.flatMap((name) => [name, `opt.adam.m.${name}`, `opt.adam.v.${name}`]).sort(),
    );
    expect(readSafetensors(bytes).metadata["format"]).toBe("isthmus-checkpoint");
  });

  it("differs between equal runs only in what the clock measured", async () => {
    let again!: Uint8Array;
    await fit(tinyVae, { train }, { ...options, checkpoint: async (stored) => void (again = stored) });
    expect(bits(readCheckpoint(again).tensors)).toEqual(bits(readCheckpoint(bytes).tensors));
    expect(readCheckpoint(again).run).toEqual(readCheckpoint(bytes).run);
  });
});

describe("resuming refuses, naming the field,", () => {
  const other = byteDataset();
  other.values[131]! ^= 1;
  it.each([
    ["seed", "5", "6", { seed: 6 }, tinyVae, train],
    ["batchSize", "8", "9", { batchSize: 9 }, tinyVae, train],
    ["learningRate", "0.01", "0.001", { learningRate: 0.001 }, tinyVae, train],
    ["config.latent", "2", "3", {}, vae({ ...tinyVae.config, latent: 3 }), train],
    [
      "config.trunk.hidden",
      "[5]",
      "[5,5]",
      {},
      vae({ ...tinyVae.config, trunk: { kind: "dense", hidden: [5, 5] } }),
      train,
    ],
    ["data.name", '"bytes"', '"others"', {}, tinyVae, { ...train, name: "others" }],
    ["data.items", "22", "21", {}, tinyVae, { ...train, items: 21 }],
    ["engine.build", '"float64"', '"float128"', { engine: { ...engine, build: "float128" } }, tinyVae, train],
    ["engine.name", '"reference"', '"abacus"', { engine: { ...engine, name: "abacus" } }, tinyVae, train],
  ])("another %s: %s, %s", async (field, expected, got, changes, definition, data) => {
    const error = await resume(changes, definition, data).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "CHECKPOINT_MISMATCH", details: { field, expected, got } });
    expect((error as Error).message).toContain(
      `cannot resume: the checkpoint expected "${field}" ${expected}, got ${got}`,
    );
    expect((error as Error).message).not.toContain("\n");
  });

  it("data of which one bit differs, or the scale", async () => {
    const mismatch = { code: "CHECKPOINT_MISMATCH", details: { field: "data.fingerprint" } };
    await expect(resume({}, tinyVae, other)).rejects.toMatchObject(mismatch);
    await expect(resume({}, tinyVae, { ...train, scale: 1 / 256 })).rejects.toMatchObject(mismatch);
  });

  it("a graph that another version of the zoo would build", async () => {
    const [phase] = tinyVae.phases;
    const loss = { ...phase!.loss, outputs: { loss: phase!.loss.outputs["loss"]! } };
    const definition = { ...tinyVae, phases: [{ ...phase!, loss }] };
    await expect(resume({}, definition)).rejects.toMatchObject({
      code: "CHECKPOINT_MISMATCH",
      details: { field: "trainingGraph" },
    });
  });
});

describe("resuming takes", () => {
  it("another engine when it may", async () => {
    const same = await resume({});
    const changed = await resume({ engine: { ...engine, build: "float128" }, allowEngineChange: true });
    expect(bits(changed.parameters)).toEqual(bits(same.parameters));
    const wasm = await engines[1]![1]();
    const onWasm = await resume({ engine: wasm, allowEngineChange: true });
    expect(onWasm.steps).toBe(same.steps);
    expect(bits(onWasm.parameters)).not.toEqual(bits(same.parameters));
    wasm.dispose();
  });

  it("other labels: training does not see them", async () => {
    const labelled = { ...train, labels: new Uint8Array(22), classes: 1 };
    expect(bits((await resume({}, tinyVae, labelled)).parameters)).toEqual(bits((await resume({})).parameters));
  });
});

describe("reading refuses", () => {
  it("any flipped bit and any cut, with one of its codes", () => {
    const known = /^(CHECKPOINT_(FORMAT|VERSION|HASH|INVALID)|SAFETENSORS_INVALID)$/;
    const refused = (damaged: Uint8Array) => {
      try {
        readCheckpoint(damaged);
      } catch (error) {
        return (error as { code?: string }).code ?? String(error);
      }
      return "read";
    };
    const headerBytes = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
    const padding = new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes)).trimEnd().length;
    const meaningless = (at: number) => at >= 8 + padding && at < 8 + headerBytes;
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(7), (at, bit) => {
        fc.pre(!meaningless(at));
        const damaged = bytes.slice();
        damaged[at]! ^= 1 << bit;
        expect(refused(damaged)).toMatch(known);
      }),
      { numRuns: 400 },
    );
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), (length) => {
        expect(refused(bytes.subarray(0, length))).toMatch(known);
      }),
    );
  });

  it("model files, other safetensors files and other versions", async () => {
    const model = toModel(tinyVae, await resume({}), { provenance: {}, metrics: {} });
    expect(() => readCheckpoint(writeModelFile(model))).toThrow(expect.objectContaining({ code: "CHECKPOINT_FORMAT" }));
    expect(() => readCheckpoint(writeSafetensors({ metadata: {}, tensors: {} }))).toThrow(
      expect.objectContaining({ code: "CHECKPOINT_FORMAT" }),
    );
    const { metadata, tensors } = readSafetensors(bytes);
    const newer = writeSafetensors({ metadata: { ...metadata, version: "4" }, tensors });
    expect(() => readCheckpoint(newer)).toThrow(expect.objectContaining({ code: "CHECKPOINT_VERSION" }));
    expect(() => readCheckpoint(new Uint8Array())).toThrow(expect.objectContaining({ code: "SAFETENSORS_INVALID" }));
  });
});
