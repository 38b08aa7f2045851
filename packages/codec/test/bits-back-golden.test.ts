import { describe, expect, it } from "vitest";
import { decodeLossless, encodeLossless, unpackBitsBackTables } from "../src/index.ts";
import fixture from "./fixtures/lossless.json" with { type: "json" };
import { goldenItems, goldenModel } from "./support/lossless-golden.ts";

const modelId = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

// Of our own making: what they hold is that emitted bits do not change within a major version.
describe.each(fixture.cases)("frozen lossless streams, $kind", ({ kind, tables, streams }) => {
  const model = goldenModel(unpackBitsBackTables(Int32Array.from(tables)));
  const items = goldenItems(kind as "bernoulli" | "logisticMixture");

  it.each(streams)("of $latentBits bits for a latent are decoded, and written again", ({ latentBits, hex }) => {
    const bytes = Uint8Array.from(Buffer.from(hex, "hex"));
    const { values, streams: found } = decodeLossless(bytes, { model, modelId });
    expect(values).toEqual(items);
    expect(found[0]!.codings.learned).toBe(2);
    expect(encodeLossless(items, { model, modelId, latentBits, itemsPerFrame: 150 })).toEqual(bytes);
  });
});
