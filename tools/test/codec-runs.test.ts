import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { initialise, interpret } from "@isthmus/graph";
import { learnedCodec } from "@isthmus/models";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { widened } from "../reproduce/codec-runs.ts";
import { keptIn } from "../reproduce/harness/checkpoints.ts";
import { jpeg, sharedTablesJpeg } from "../reproduce/image-peers.ts";

it("a widened codec makes the same of codes that are wider, in bins that are", () => {
  const trunk = { kind: "conv", channels: [3], kernel: 3, hidden: [] } as const;
  const definition = learnedCodec({ inputShape: [4, 4, 2], trunk, latent: 2, gdn: true, qualities: 2, lambdaSpan: 4 });
  const first = Object.entries(initialise(definition.parameters, 1));
  const narrow = Object.fromEntries(
    first.map(([name, data]) => [name, { shape: definition.parameters[name]!.shape, data }] as const),
  );
  const wide = widened(narrow, 2);
  const made = (tensors: typeof wide, program: typeof definition.encoder, inputs: Record<string, Float64Array>) => {
    const state = Object.fromEntries(Object.entries(tensors).map(([name, { data }]) => [name, data as Float32Array]));
    return interpret(program, { inputs, state, batch: inputs["symbol"]?.length ?? 1 }).outputs;
  };
  const x = Float64Array.from({ length: 32 }, (_, i) => ((i * 37) % 11) / 10);
  const [y, z] = [narrow, wide].map((tensors) => made(tensors, definition.encoder, { x })["z"]!.data);
  y!.forEach((value, i) => expect(z![i]!).toBe(2 * value));
  const [back, same] = [made(narrow, definition.decoder, { z: y! }), made(wide, definition.decoder, { z: z! })];
  expect(same["reconstruction"]!.data).toEqual(back["reconstruction"]!.data);
  // The coarse bins of the wider code are as wide beside it as the fine ones beside the other.
  const symbol = Float64Array.from({ length: 41 }, (_, i) => i - 20);
  const [fine, coarse] = [narrow, wide].map((tensors) => made(tensors, definition.quantisation!.program, { symbol }));
  for (let row = 0; row < 41; row++) {
    for (let channel = 0; channel < 2; channel++) {
      const [own, same] = [fine!["mass"]!.data[4 * row + 2 + channel]!, coarse!["mass"]!.data[4 * row + channel]!];
      // The logarithm of 2 is rounded to float32 when it is added to those of scales.
      expect(Math.abs(same - own)).toBeLessThan(1e-6);
    }
  }
});

describe("checkpoints in a folder", () => {
  it("come back under the same training's name, and only there", async () => {
    const folder = await mkdtemp(join(tmpdir(), "isthmus-kept-"));
    try {
      const kept = keptIn(join(folder, "new"), "family");
      const first = await kept("lambda 4, seed 1");
      expect(first.resume).toBeUndefined();
      await first.checkpoint!(Uint8Array.of(1, 2));
      await first.checkpoint!(Uint8Array.of(3));
      expect([...(await kept("lambda 4, seed 1")).resume!]).toEqual([3]);
      expect((await kept("lambda 4, seed 2")).resume).toBeUndefined();
      expect((await keptIn(join(folder, "new"), "other")("lambda 4, seed 1")).resume).toBeUndefined();
      expect(await readdir(join(folder, "new"))).toEqual(["family-lambda-4-seed-1"]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

it("JPEG with tables of its own holds the same picture in fewer bytes, and fewer of them are header", async () => {
  const [width, height] = [32, 24];
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * i) % 251);
  const files = [jpeg, sharedTablesJpeg].map((codec) =>
    codec.write(sharp(pixels, { raw: { width, height, channels: 3 } }), 50).toBuffer(),
  );
  const [own, shared] = (await Promise.all(files)) as [Buffer, Buffer];
  expect(own.length).toBeLessThan(shared.length);
  expect(own.length - jpeg.payloadBytes(own)).toBeLessThan(shared.length - jpeg.payloadBytes(shared));
  expect(await sharp(own).raw().toBuffer()).toEqual(await sharp(shared).raw().toBuffer());
});
