// What an encoder allocates once it is warm: nothing, by V8's own sampling of all that is allocated, collected since or not.
import { type HeapProfiler, Session } from "node:inspector/promises";
import { type Encoder, loadEncoder } from "@isthmus/edge";
import { expect, test } from "vitest";
import { bundleEncoder, bundleFloatEncoder } from "../src/index.ts";
import { modelOf, SIZE } from "./models.ts";
import { items, manyKinds } from "./networks.ts";

const ENCODES = 1000;

const model = modelOf(manyKinds("tanh"));
const bundles = {
  int8: await bundleEncoder(model, { batches: [items(20, SIZE)] }),
  float32: bundleFloatEncoder(model),
} as const;
const samples = Array.from({ length: 8 }, (_, seed) => items(1, SIZE, seed + 3));

/** Bytes that calls of `encode` allocate, each in the mean, by samples of 64 bytes. */
async function allocatedBy(encode: (samples: Float32Array) => unknown): Promise<number> {
  function measured(): void {
    for (let i = 0; i < ENCODES; i++) encode(samples[i % samples.length]!);
  }
  measured();
  const session = new Session();
  session.connect();
  try {
    const collected = { includeObjectsCollectedByMajorGC: true, includeObjectsCollectedByMinorGC: true };
    await session.post("HeapProfiler.startSampling", { samplingInterval: 64, ...collected });
    measured();
    const { profile } = await session.post("HeapProfiler.stopSampling");
    return bytesUnder(profile.head, false) / ENCODES;
  } finally {
    session.disconnect();
  }
}

/** The same, as soon as it is the least that the test asks for, two times in a row: V8 compiles when it has time to, and numbers are objects until then. */
async function settledUnder(most: number, encode: (samples: Float32Array) => unknown): Promise<number> {
  let [before, now] = [Infinity, Infinity];
  for (let round = 0; round < 40 && Math.max(before, now) >= most; round++) {
    [before, now] = [now, await allocatedBy(encode)];
  }
  return Math.max(before, now);
}

/** Of the function `measured` and all that it calls. */
function bytesUnder(
  { callFrame, selfSize, children }: HeapProfiler.SamplingHeapProfileNode,
  isWithin: boolean,
): number {
  const isHere = isWithin || callFrame.functionName === "measured";
  return children.reduce((sum, child) => sum + bytesUnder(child, isHere), isHere ? selfSize : 0);
}

const kinds = ["int8", "float32"] as const;
const both = kinds.flatMap((kind) => (["wasm", "javascript"] as const).map((kernels) => [kind, kernels] as const));
const open = (kind: (typeof kinds)[number], kernels: Encoder["kernels"]) => loadEncoder(bundles[kind], { kernels });

test.each(both)(
  "an encode into a caller's memory allocates nothing: %s in %s",
  async (kind, kernels) => {
    const encoder = await open(kind, kernels);
    const into = new Uint8Array(encoder.maxBytes(1));
    // A single number per encode would be 12 bytes at least. What is compiled late is counted, too.
    expect(await settledUnder(4, (item) => encoder.encodeInto(item, into))).toBeLessThan(4);
  },
  300_000,
);

test("an encode without memory of the caller's allocates its result, and it is seen here", async () => {
  const encoder = await open("int8", "wasm");
  const length = encoder.encode(samples[0]!).length;
  const allocated = await settledUnder(length + 400, (item) => encoder.encode(item));
  expect(allocated).toBeGreaterThan(length / 2);
  expect(allocated).toBeLessThan(length + 400);
}, 120_000);
