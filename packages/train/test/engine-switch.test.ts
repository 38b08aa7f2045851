/** A training that changes engines in its middle goes on along the curve, with the optimiser's state to the bit. */
import type { Dataset } from "@isthmus/data";
import type { Engine, StoredTensor } from "@isthmus/graph";
import { randomUniform } from "@isthmus/math";
import { fit, readCheckpoint } from "@isthmus/train";
import { createTfjsEngine } from "@isthmus/tfjs";
import { createWasmEngine } from "@isthmus/wasm";
import { expect, it } from "vitest";
import { writeCheckpoint } from "../src/checkpoint.ts";
import { bits, tinyVae } from "./support.ts";

const [STEPS, BATCH] = [50, 8];
/** Unit roundoff of float32. */
const u = 2 ** -24;
/** How far one gradient may be off, of its tensor's largest entry: what `compiled-gradients.test.ts` holds engines to. */
const GRADIENT_ERROR = 128 * u;

/** Two epochs of it are a hundred steps. */
const train: Dataset = {
  ...{ name: "bytes", items: STEPS * BATCH, shape: [6], scale: 1 / 255, provenance: { source: "made for tests" } },
  values: Uint8Array.from({ length: STEPS * BATCH * 6 }, (_, i) => (i * i * 37) % 256),
};

interface Part {
  /** Of every step. */
  readonly losses: readonly number[];
  readonly checkpoint: Uint8Array;
}

/** Up to the end of an epoch, from a checkpoint or from the first values. */
async function trained(engine: Engine, epochs: number, resume?: Uint8Array): Promise<Part> {
  const losses: number[] = [];
  let stored = new Uint8Array();
  await fit(
    tinyVae,
    { train },
    {
      ...{ engine, epochs, batchSize: BATCH, seed: 3, allowEngineChange: true },
      onProgress: ({ loss }) => void losses.push(loss),
      checkpoint: async (bytes) => void (stored = bytes as Uint8Array<ArrayBuffer>),
      ...(resume && { resume }),
    },
  );
  return { losses, checkpoint: stored };
}

/** A checkpoint with other numbers in it. */
function changed(bytes: Uint8Array, change: (name: string, data: Float32Array) => Float32Array): Uint8Array {
  const { tensors, ...rest } = readCheckpoint(bytes);
  const entries = Object.entries(tensors).map(([name, { shape, data }]): [string, StoredTensor] => [
    name,
    { shape, data: change(name, data as Float32Array) },
  ]);
  return writeCheckpoint({ ...rest, tensors: Object.fromEntries(entries) });
}

/** Every tensor off by as much as `GRADIENT_ERROR` of its largest entry, at random. */
const disturbed = (seed: number) => (name: string, data: Float32Array) => {
  const most = data.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  const noise = new Float32Array(data.length);
  randomUniform(noise, { seed, stream: name, step: 0 });
  return data.map((value, i) => value + (2 * noise[i]! - 1) * GRADIENT_ERROR * most);
};

it("50 steps on our engine and 50 on TensorFlow.js are the 100 on ours", async () => {
  const wasm = await createWasmEngine({ build: "simd128" });
  const tfjs = await createTfjsEngine({ backend: "cpu" });
  try {
    const whole = await trained(wasm, 2);
    const { losses, checkpoint } = await trained(wasm, 1);
    expect(losses).toEqual(whole.losses.slice(0, STEPS));
    const expected = whole.losses.slice(STEPS);
    // Rates of 1e-3 over 50 steps carry a gradient's error into a parameter by a twentieth of itself at the most; so tensors that
    // are off at the change by all of it are off by more than the steps may be. Four times the worst of three draws, which miss the worst
    // of all, up to the same step; and the loss's own 8 roundings.
    const spread = expected.map(() => 0);
    for (const seed of [1, 2, 3]) {
      const moved = await trained(wasm, 2, changed(checkpoint, disturbed(seed)));
      moved.losses.forEach((loss, i) => (spread[i] = Math.max(spread[i]!, Math.abs(loss - expected[i]!))));
    }
    let most = 0;
    const tolerance = expected.map((loss, i) => 4 * (most = Math.max(most, spread[i]!)) + 8 * u * Math.abs(loss));
    const isOn = (curve: readonly number[]) => curve.every((loss, i) => Math.abs(loss - expected[i]!) <= tolerance[i]!);

    const rest = await trained(tfjs, 2, checkpoint);
    expect(rest.losses).toHaveLength(STEPS);
    expect(isOn(rest.losses)).toBe(true);
    // Else that would say little: without the optimiser's moments the curve is another.
    const forgotten = changed(checkpoint, (name, data) => (name.startsWith("opt.") ? data.map(() => 0) : data));
    expect(isOn((await trained(tfjs, 2, forgotten)).losses)).toBe(false);
  } finally {
    wasm.dispose();
    tfjs.dispose();
  }
});

it("parameters and the optimiser's state go from engine to engine and back to the bit", async () => {
  const engines = [await createWasmEngine({ build: "simd128" }), await createTfjsEngine({ backend: "cpu" })];
  try {
    const { tensors } = readCheckpoint((await trained(engines[0]!, 1)).checkpoint);
    expect(Object.keys(tensors).filter((name) => name.startsWith("opt.adam.")).length).toBeGreaterThan(2);
    for (const engine of engines) {
      const spec = Object.entries(tensors).map(([name, { shape }]) => [
        name,
        { shape, init: { kind: "zeros" } as const },
      ]);
      const state = engine.createState(Object.fromEntries(spec));
      for (const [name, { data }] of Object.entries(tensors)) await state.write(name, data as Float32Array);
      const read = Object.entries(tensors).map(async ([name, { shape }]) => [
        name,
        { shape, data: await state.read(name) },
      ]);
      expect(bits(Object.fromEntries(await Promise.all(read)))).toEqual(bits(tensors));
    }
  } finally {
    for (const engine of engines) engine.dispose();
  }
});
