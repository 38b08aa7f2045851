/** The entry for a bundle of one file: the same engine. */
import { createWasmEngine } from "@isthmus/wasm";
import * as inline from "@isthmus/wasm/inline";
import { expect, it } from "vitest";
import { trainedBits } from "./threaded-vae.ts";

it.each([1, 2])("trains to the same bits on %i threads", async (threads) => {
  const [here, there] = [
    await inline.createWasmEngine({ build: "simd128", threads }),
    await createWasmEngine({ build: "simd128", threads }),
  ];
  expect(here.threads).toEqual({ count: threads });
  expect(await trainedBits(here, 2)).toEqual(await trainedBits(there, 2));
  here.dispose();
  there.dispose();
});

it("refuses the same options", async () => {
  await expect(inline.createWasmEngine({ threads: 0 })).rejects.toThrow(RangeError);
  await expect(inline.createWasmEngine({ maxMemoryBytes: 1 })).rejects.toThrow(/"maxMemoryBytes" expected/);
});
