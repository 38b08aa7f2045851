/** Pictures of any size: what a whole network makes of a whole picture comes back, whatever the windows; and the tiles of any model. */
import { dequantise, quantise, uniformQuantiser } from "@isthmus/codec";
import { initialise, type Model, type StoredTensor } from "@isthmus/graph";
import { configToJson, defineModel, type Given, learnedCodec, type LearnedCodecConfig } from "@isthmus/models";
import { createWasmEngine, type WasmEngine } from "@isthmus/wasm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  cutTiles,
  decodeItems,
  decodePictures,
  decodeStreamLatents,
  encodePicture,
  type EncodePictureOptions,
  encodeStream,
  joinTiles,
  learnedCoding,
  openNetwork,
  type Picture,
  pictureRun,
  tileBatches,
  tileShape,
} from "../src/index.ts";

let engine: WasmEngine;
beforeAll(async () => {
  engine = await createWasmEngine({ build: "simd128" });
});
afterAll(() => engine.dispose());

/** A codec with tensors as they are drawn, or as `change` makes them. */
async function codec(
  config: Given<LearnedCodecConfig>,
  change: (name: string, values: Float32Array, shape: readonly number[]) => Float32Array = (_, values) => values,
): Promise<Model> {
  const definition = learnedCodec(config);
  const drawn = initialise(definition.parameters, 3);
  const parameters: Record<string, StoredTensor> = Object.fromEntries(
    Object.entries(definition.parameters).map(([name, { shape }]) => [
      name,
      { shape, data: change(name, drawn[name]!, shape) },
    ]),
  );
  const coding = await learnedCoding(engine, definition.quantisation!, parameters);
  const { kind, encoder, decoder, prior } = definition;
  const parts = { kind, config: configToJson(definition.config), encoder, decoder, prior: prior!, parameters, coding };
  return { ...parts, provenance: {}, metrics: {} };
}

/** Gradients, edges like letters, and noise. */
function drawing(height: number, width: number, channels: number): Picture {
  const values = new Float32Array(height * width * channels);
  for (let i = 0; i < values.length; i++) {
    const [y, x] = [Math.floor(i / channels / width), Math.floor(i / channels) % width];
    const letter = (x >> 2) % 3 === 0 && (y >> 3) % 2 === 0 ? 0.5 : 0;
    values[i] = (0.3 * y) / height + 0.1 * (i % channels) + letter + 0.1 * Math.sin(7 * i * i);
  }
  return { height, width, channels, values };
}

async function backAgain(model: Model, picture: Picture, options: EncodePictureOptions = {}): Promise<Picture> {
  const latents = decodeStreamLatents(model, await encodePicture(engine, model, picture, options));
  const { height, width, channels } = picture;
  expect(latents.streams).toMatchObject([{ geometry: { height, width, channels } }]);
  const pictures: Picture[] = [];
  for await (const one of decodePictures(engine, model, latents)) pictures.push(one);
  expect(pictures.length).toBe(1);
  return pictures[0]!;
}

const sizes = [
  [1, 1],
  [1, 30],
  [7, 5],
  [8, 8],
  [16, 24],
  [41, 23],
] as const;

describe("by a model whose networks give back what they are given, in bins of 1/64", () => {
  const identity = (features: number, gain: number): Float32Array =>
    Float32Array.from({ length: features ** 2 }, (_, i) => (i % (features + 1) === 0 ? gain : 0));
  const dense = (channels: 1 | 3): Promise<Model> => {
    const features = 4 * 4 * channels;
    // A code is 8 times what the encoder's last layer gives, and bins are 1 wide.
    const weights: Readonly<Record<string, number>> = { "encoder.z.kernel": 8, "decoder.output.kernel": 1 / 8 };
    const config = { inputShape: [4, 4, channels], trunk: { kind: "dense", hidden: [] }, latent: features } as const;
    return codec(config, (name, values) => {
      if (name.endsWith(".bias")) return new Float32Array(values.length);
      return weights[name] === undefined ? values : identity(features, weights[name]);
    });
  };

  let models: Readonly<Record<1 | 3, Model>>;
  beforeAll(async () => {
    models = { 1: await dense(1), 3: await dense(3) };
  });

  it.each(sizes)("a picture of %d x %d comes back within half a bin, grey and in colour", async (height, width) => {
    for (const channels of [1, 3] as const) {
      const model = models[channels];
      expect(pictureRun(model)).toEqual({ possible: false, learned: false });
      const picture = drawing(height, width, channels);
      const back = await backAgain(model, picture);
      expect([back.height, back.width, back.channels]).toEqual([height, width, channels]);
      // And what float32 rounds of numbers below 64.
      const errors = back.values.map((value, i) => Math.abs(value - picture.values[i]!));
      expect(Math.max(...errors)).toBeLessThan(1 / 128 + 2 ** -18);
    }
  });

  it("tells how much is done, up to all of it", async () => {
    const shares: number[] = [];
    await encodePicture(engine, models[1], drawing(40, 40, 1), { onShare: (share) => shares.push(share) });
    expect(shares).toEqual([0.64, 1]);
  });
});

describe("by a codec of convolutions alone", () => {
  const config = {
    inputShape: [12, 12, 2],
    trunk: { kind: "conv", channels: [4], kernel: 4, hidden: [] },
    latent: 3,
    gdn: true,
  } as const;
  const wide = (given: Given<LearnedCodecConfig>): Promise<Model> =>
    codec(given, (name, values) => (name.startsWith("encoder.z") ? values.map((value) => 3 * value) : values));
  let model: Model;
  beforeAll(async () => {
    model = await wide(config);
  });

  /** What one network of the whole picture's size makes of it, through the bins. */
  async function whole(picture: Picture, by: Model = model): Promise<Picture> {
    const [tile] = tileShape(by);
    const [height, width] = [picture.height, picture.width].map((side) => tile * Math.ceil(side / tile));
    const shape = [height!, width!, 2] as const;
    const { encoder, decoder } = defineModel(by.kind, { ...by.config, inputShape: shape });
    const [analysis, synthesis] = await Promise.all(
      [encoder, decoder].map((program) => openNetwork(engine, program, by.parameters)),
    );
    const { z } = await analysis!.run({ x: cutTiles(picture, shape) });
    const bins = uniformQuantiser(by.coding!.steps, by.coding!.offsets);
    const { reconstruction } = await synthesis!.run({ z: dequantise(quantise(z!, bins), bins) });
    return joinTiles(reconstruction!, picture, shape);
  }

  it.each([...sizes, [531, 70], [60, 1050]] as const)(
    "a picture of %d x %d comes back as one network of its size makes it, in however many windows",
    async (height, width) => {
      const picture = drawing(height, width, 2);
      const [back, expected] = [await backAgain(model, picture), await whole(picture)];
      expect(back.values).toEqual(expected.values);
    },
  );

  it("has no edges between tiles, which it has where they are decoded one by one", async () => {
    const picture = drawing(40, 40, 2);
    const bytes = await encodePicture(engine, model, picture);
    const latents = decodeStreamLatents(model, bytes);
    expect(latents.streams![0]!.seamless).toBe(true);
    const inTiles = joinTiles(await decodeItems(engine, model, latents), picture, [12, 12, 2]);
    expect(inTiles.values).not.toEqual((await whole(picture)).values);
  });

  it("tiles that were coded one by one are decoded one by one", async () => {
    const picture = drawing(20, 20, 2);
    const { height, width, channels } = picture;
    const geometry = { height, width, channels };
    const bytes = await encodeStream(engine, model, tileBatches(picture, [12, 12, 2]), { geometry });
    const latents = decodeStreamLatents(model, bytes);
    const { value: back } = await decodePictures(engine, model, latents).next();
    expect((back as Picture).values).toEqual(
      joinTiles(await decodeItems(engine, model, latents), geometry, [12, 12, 2]).values,
    );
  });

  it("comes from a file of several, each in its size", async () => {
    const pictures = [drawing(9, 4, 2), drawing(1, 1, 2), drawing(16, 30, 2)];
    const streams: number[] = [];
    for (const picture of pictures) streams.push(...(await encodePicture(engine, model, picture)));
    const latents = decodeStreamLatents(model, Uint8Array.from(streams));
    let at = 0;
    for await (const back of decodePictures(engine, model, latents)) {
      expect(back.values).toEqual((await whole(pictures[at++]!)).values);
    }
    expect(at).toBe(3);
  });

  it("tells how much is done, window by window", async () => {
    const shares: number[] = [];
    await encodePicture(engine, model, drawing(8, 1050, 2), { onShare: (share) => shares.push(share) });
    expect(shares).toEqual([1 / 3, 2 / 3, 1]);
  });

  it.each([2, 3, 5, 7])("with filters of %d is cut into windows that see enough", async (kernel) => {
    const other = await wide({ ...config, inputShape: [8, 8, 2], trunk: { ...config.trunk, kernel } });
    const picture = drawing(9, 1040, 2);
    const back = await backAgain(other, picture, { seamless: true });
    expect(back.values).toEqual((await whole(picture, other)).values);
  });

  it.each([
    ["tiles all of whose positions are at an edge", { ...config, inputShape: [8, 8, 2] }],
    ["sizes that do not divide into positions", { ...config, inputShape: [10, 8, 2] }],
    ["dense layers", { ...config, trunk: { ...config.trunk, hidden: [5] } }],
  ])("of %s falls back to tiles", async (_, other) => {
    const changed = await codec(other as Given<LearnedCodecConfig>);
    expect([pictureRun(model).learned, pictureRun(changed).learned]).toEqual([true, false]);
    const picture = drawing(13, 9, 2);
    const latents = decodeStreamLatents(changed, await encodePicture(engine, changed, picture));
    expect(latents.streams![0]!.seamless).toBeUndefined();
    const { value: back } = await decodePictures(engine, changed, latents).next();
    const tiles = await decodeItems(engine, changed, latents);
    expect((back as Picture).values).toEqual(joinTiles(tiles, picture, tileShape(changed)).values);
  });
});

describe("refused", () => {
  const config = { inputShape: [4, 4, 1], trunk: { kind: "dense", hidden: [] }, latent: 3 } as const;

  it("is a picture of other channels, a model of no pictures, a quality that there is not", async () => {
    const model = await codec(config);
    await expect(encodePicture(engine, model, drawing(4, 4, 3))).rejects.toThrow(/"channels" expected 1 as the tiles/);
    await expect(encodePicture(engine, model, drawing(4, 4, 1), { quality: 1 })).rejects.toThrow(
      /"quality" expected 0/,
    );
    const forced = encodePicture(engine, model, drawing(4, 4, 1), { seamless: true });
    await expect(forced).rejects.toThrow('"seamless" expected false');
    const vectors = await codec({ ...config, inputShape: [16] });
    await expect(encodePicture(engine, vectors, drawing(4, 4, 1))).rejects.toThrow(
      '"model" expected items of shape [height, width, channels], got [16]',
    );
  });

  it("is a stream that is of no picture, or has not its tiles", async () => {
    const model = await codec(config);
    const tiles = tileBatches(drawing(4, 8, 1), [4, 4, 1]);
    const decoded = async (options: Parameters<typeof encodeStream>[3]): Promise<unknown> => {
      const latents = decodeStreamLatents(model, await encodeStream(engine, model, tiles, options));
      return await decodePictures(engine, model, latents).next();
    };
    const geometry = { height: 9, width: 8, channels: 1 };
    for (const options of [{}, { geometry }, { geometry: { ...geometry, height: 4, channels: 3 } }]) {
      await expect(decoded(options)).rejects.toThrow(expect.objectContaining({ code: "BITSTREAM_GEOMETRY" }));
    }
  });
});
