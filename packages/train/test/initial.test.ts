import { initialise, type StoredTensor } from "@isthmus/graph";
import { describe, expect, it } from "vitest";
import { fit, type FitOptions, initialFingerprint, type InitialTensors, readCheckpoint } from "../src/index.ts";
import { bits, byteDataset, engines, tinyAe, tinyVae } from "./support.ts";

const train = byteDataset();
const settings = { epochs: 2, batchSize: 8, learningRate: 0.01, seed: 5 } as const;

function drawn(seed: number, { parameters } = tinyVae): Record<string, StoredTensor> {
  const entries = Object.entries(initialise(parameters, seed));
  return Object.fromEntries(entries.map(([name, data]) => [name, { shape: parameters[name]!.shape, data }]));
}

const only = (tensors: InitialTensors, prefix: string): InitialTensors =>
  Object.fromEntries(Object.entries(tensors).filter(([name]) => name.startsWith(prefix)));

describe.each(engines)("initial tensors on the %s engine", (_, createEngine) => {
  const trained = async (options: Partial<FitOptions>) =>
    fit(tinyVae, { train }, { ...settings, engine: await createEngine(), ...options });

  it("that the seed would have drawn change nothing", async () => {
    const { parameters } = await trained({});
    expect(bits((await trained({ initial: drawn(5) })).parameters)).toEqual(bits(parameters));
  });

  it("are begun from, and what is left out is drawn from the seed", async () => {
    const encoder = only(drawn(9), "encoder.");
    const partial = bits((await trained({ initial: encoder })).parameters);
    expect(partial).toEqual(bits((await trained({ initial: { ...drawn(5), ...encoder } })).parameters));
    expect(partial).not.toEqual(bits((await trained({})).parameters));
  });

  it("are left as they are", async () => {
    const initial = drawn(9);
    await trained({ initial });
    expect(bits(initial)).toEqual(bits(drawn(9)));
  });

  it("go on from a checkpoint to the same bits", async () => {
    const initial = only(drawn(9), "encoder.");
    const whole = await trained({ initial });
    let resume!: Uint8Array;
    await trained({ initial, epochs: 1, checkpoint: async (bytes) => void (resume = bytes) });
    expect(bits((await trained({ initial, resume })).parameters)).toEqual(bits(whole.parameters));
  });
});

describe("a checkpoint of a run with initial tensors", () => {
  const engine = engines[0]![1];
  const checkpointOf = async (initial?: InitialTensors): Promise<Uint8Array> => {
    let stored!: Uint8Array;
    const options = { ...settings, engine: await engine(), epochs: 1, ...(initial && { initial }) };
    await fit(tinyVae, { train }, { ...options, checkpoint: async (bytes) => void (stored = bytes) });
    return stored;
  };

  it("names them by their hash, and one without has no such field", async () => {
    expect(readCheckpoint(await checkpointOf(drawn(9))).run["initial"]).toBe(initialFingerprint(drawn(9)));
    expect(readCheckpoint(await checkpointOf()).run).not.toHaveProperty("initial");
  });

  it("goes on with no others", async () => {
    const resume = await checkpointOf(drawn(9));
    const mismatch = { code: "CHECKPOINT_MISMATCH", details: { field: "initial" } };
    const goOn = async (options: Partial<FitOptions>) =>
      fit(tinyVae, { train }, { ...settings, engine: await engine(), resume, ...options });
    await expect(goOn({})).rejects.toMatchObject(mismatch);
    await expect(goOn({ initial: drawn(8) })).rejects.toMatchObject(mismatch);
    await expect(goOn({ initial: drawn(9), resume: await checkpointOf() })).rejects.toMatchObject(mismatch);
  });
});

describe("initialFingerprint", () => {
  const a = { shape: [2], data: Float32Array.of(1, 2) };
  const b = { shape: [1, 2], data: Float32Array.of(3, 4) };

  it("is the same in any order", () => {
    expect(initialFingerprint({ a, b })).toBe(initialFingerprint({ b, a }));
  });

  it.each<[string, InitialTensors]>([
    ["value", { a: { ...a, data: Float32Array.of(1, 3) }, b }],
    ["shape", { a: { ...a, shape: [2, 1] }, b }],
    ["name", { c: a, b }],
    ["number of tensors", { a }],
  ])("is another for another %s", (_what, other) => {
    expect(initialFingerprint(other)).not.toBe(initialFingerprint({ a, b }));
  });
});

describe("fit refuses initial tensors", () => {
  const bias = { shape: [2], data: new Float32Array(2) };
  const start = async (initial: InitialTensors) =>
    fit(tinyVae, { train }, { ...settings, engine: await engines[0]![1](), initial });

  it("that the model does not have, with the names that are near", async () => {
    const message =
      '"initial" has "encoder.nu.bias", which is no parameter of the model; near it: encoder.mu.bias, encoder.';
    await expect(start({ "encoder.nu.bias": bias })).rejects.toThrow(RangeError);
    await expect(start({ "encoder.nu.bias": bias })).rejects.toThrow(message);
    await expect(start(drawn(1, tinyAe))).rejects.toThrow(/"encoder\.z\.\w+", which is no parameter/);
    await expect(start({ toString: bias })).rejects.toThrow('"toString", which is no parameter');
  });

  it("of another shape", async () => {
    await expect(start({ "encoder.mu.bias": { shape: [1, 2], data: bias.data } })).rejects.toThrow(
      '"initial" expected "encoder.mu.bias" [2], got [1, 2]',
    );
  });

  it("of another type", async () => {
    await expect(start({ "encoder.mu.bias": { shape: [2], data: new Int32Array(2) } })).rejects.toThrow(TypeError);
  });

  it("that are not finite", async () => {
    await expect(start({ "encoder.mu.bias": { shape: [2], data: Float32Array.of(0, NaN) } })).rejects.toThrow(
      '"initial" expected finite "encoder.mu.bias", got NaN at 1',
    );
  });
});
