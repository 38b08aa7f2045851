// What an encoder leaves on the heap: nothing, once it is warm.
import { loadEncoder } from "@isthmus/edge";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { bundleEncoder } from "../src/index.ts";
import { modelOf, SIZE } from "./models.ts";
import { items, manyKinds } from "./networks.ts";

const ENCODES = 10_000;

// Plain JavaScript leaves short-lived numbers, about 1 kB an encode here, since V8 does not inline the rounding everywhere.
test("10,000 encodes into a caller's memory leave nothing on the heap, on WebAssembly", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const encoder = await loadEncoder(await bundleEncoder(modelOf(manyKinds()), { batches: [items(20, SIZE)] }), {
    kernels: "wasm",
  });
  const samples = items(1, SIZE, 3);
  const into = new Uint8Array(encoder.maxBytes(1));
  const encodeMany = (): void => {
    for (let i = 0; i < ENCODES; i++) encoder.encodeInto(samples, into);
  };
  encodeMany();
  encodeMany();
  collect();
  const before = process.memoryUsage().heapUsed;
  encodeMany();
  // No collection runs in between, as V8 collects when megabytes are new. Were a single object left per encode it would be 12 bytes at least,
  // 120 kB in all; what the test itself, its worker and late compilation take is less.
  const grown = process.memoryUsage().heapUsed - before;
  expect(grown).toBeLessThan(12 * ENCODES);
}, 60_000);
