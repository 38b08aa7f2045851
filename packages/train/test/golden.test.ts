import { syntheticDigits } from "@isthmus/data";
import { contentHash } from "@isthmus/graph";
import { vae } from "@isthmus/models";
import { createWasmEngine } from "@isthmus/wasm";
import { expect, it } from "vitest";
import { fit } from "../src/index.ts";

/**
 * "The same bits on every machine", frozen: the simd128 build has one answer, on any processor and any runtime.
 *
 * What may change it: the kernels' order of summation or their polynomials, Philox and its streams, the order of an
 * epoch, first values, Adam's schedule, the synthetic digits, the standard network. Every such change is one that users
 * see: a model trained again from the same seed is another model, and a checkpoint no longer goes on as it began. It
 * belongs in the changelog beside the new hash. Nothing else may change it, least of all another machine.
 */
const GOLDEN = "aac5578cc0c542b1db9668d7a65f0b28932b599adb108cbde0e2da1922de6b23";

it("twenty steps of the standard VAE give the weights they always gave", async () => {
  const engine = await createWasmEngine({ build: "simd128" });
  const train = syntheticDigits({ items: 20 * 128, seed: 1 });
  const { parameters, steps } = await fit(vae(), { train }, { engine, epochs: 1, batchSize: 128, seed: 1 });
  engine.dispose();
  expect(steps).toBe(20);
  const names = Object.keys(parameters).sort();
  expect(contentHash(...names.flatMap((name) => [name, parameters[name]!.data]))).toBe(GOLDEN);
});
