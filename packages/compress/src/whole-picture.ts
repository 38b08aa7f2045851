import type { Engine, Model } from "@isthmus/graph";
import { codeImage, defineModel, type LearnedCodecConfig } from "@isthmus/models";
import { openNetwork } from "./network.ts";
import { copyPart, cutTiles, emptyPicture, joinTiles, type Part, pastePart, type Picture, tileGrid } from "./tiles.ts";
import type { TileShape } from "./tiles.ts";

/** A window of a picture has about so many rows and columns of pixels: it bounds memory, not results. */
const WINDOW = 512;

/** A codec whose networks, convolutions all the way, can run over a whole picture: its code is an image too. */
interface PictureCodec {
  readonly model: Model;
  /** Of an item, and of an item's code. */
  readonly tile: TileShape;
  readonly code: TileShape;
  /** How many tiles away, down and across, what a tile's numbers depend on lies at most. */
  readonly halo: readonly [number, number];
}

function pictureCodec(model: Model): PictureCodec | undefined {
  if (model.kind !== "learned-codec") return undefined;
  const config = model.config as unknown as LearnedCodecConfig;
  const image = codeImage(config);
  if (!image) return undefined;
  const tile = config.inputShape as unknown as TileShape;
  return {
    ...{ model, tile },
    code: [image.height, image.width, config.latent],
    halo: [Math.ceil(image.reach / tile[0]), Math.ceil(image.reach / tile[1])],
  };
}

/** Whether and how a model's networks run over a whole picture: then no tile ends where the next one begins. */
export interface PictureRun {
  readonly possible: boolean;
  /** Whether they have learned to: in training they have seen positions that no edge is near. */
  readonly learned: boolean;
}

export function pictureRun({ kind, config }: Pick<Model, "kind" | "config">): PictureRun {
  const image = kind === "learned-codec" ? codeImage(config as unknown as LearnedCodecConfig) : undefined;
  return { possible: image !== undefined, learned: image?.hasInside ?? false };
}

/** How much of a picture is done, from 0 to 1. */
export type OnShare = (share: number) => void;

/**
 * The codes of a picture's tiles, [tiles, dims], by an encoder that runs over the whole picture up to the ends of its last
 * tiles; undefined for a model that cannot.
 */
export async function inferPicture(
  engine: Engine,
  model: Model,
  picture: Picture,
  onShare?: OnShare,
): Promise<Float32Array | undefined> {
  const codec = pictureCodec(model);
  if (!codec) return undefined;
  const { tile, code } = codec;
  const [down, across] = tileGrid(picture, tile);
  const codes = emptyPicture({ height: down * code[0], width: across * code[1], channels: code[2] });
  await throughWindows(engine, codec, "encoder", { from: picture, to: codes, onShare });
  return cutTiles(codes, code);
}

/** The picture of this size of its tiles' codes; undefined for a model that cannot. */
export async function decodePicture(
  engine: Engine,
  model: Model,
  values: Float32Array,
  geometry: Omit<Picture, "values">,
  onShare?: OnShare,
): Promise<Picture | undefined> {
  const codec = pictureCodec(model);
  if (!codec) return undefined;
  const { tile, code } = codec;
  const [down, across] = tileGrid(geometry, tile);
  const size = { height: down * code[0], width: across * code[1], channels: code[2] };
  const picture = emptyPicture(geometry);
  await throughWindows(engine, codec, "decoder", { from: joinTiles(values, size, code), to: picture, onShare });
  return picture;
}

interface Way {
  readonly from: Picture;
  /** Of the same tiles, written. */
  readonly to: Picture;
  readonly onShare: OnShare | undefined;
}

/** Runs a network from one picture into the other, in windows that overlap by the halo, so that what is kept is as of one. */
async function throughWindows(
  engine: Engine,
  { model, tile, code, halo }: PictureCodec,
  side: "encoder" | "decoder",
  { from, to, onShare }: Way,
): Promise<void> {
  const [fromTile, toTile] = side === "encoder" ? [tile, code] : [code, tile];
  const grid = tileGrid(from, fromTile);
  const most = halo.map((tiles, i) => Math.max(2 * tiles + 1, Math.floor(WINDOW / tile[i]!)));
  const size = grid.map((tiles, i) => Math.min(tiles, most[i]!)) as unknown as readonly [number, number];
  const inputShape = [size[0] * tile[0], size[1] * tile[1], tile[2]];
  const program = defineModel(model.kind, { ...model.config, inputShape })[side];
  const network = await openNetwork(engine, program, model.parameters);
  const [input, output] = [Object.keys(program.inputs)[0]!, side === "encoder" ? "z" : "reconstruction"];
  const [rows, columns] = grid.map((tiles, i) => spans(tiles, size[i]!, halo[i]!));
  const pixels = new Float32Array(size[0] * fromTile[0] * size[1] * fromTile[1] * fromTile[2]);
  let done = 0;
  try {
    for (const row of rows!) {
      for (const column of columns!) {
        copyPart(from, partOf(row.window, column.window, fromTile), pixels);
        const made = (await network.run({ [input]: pixels }))[output]!;
        pastePart(to, partOf(row.kept, column.kept, toTile), made, partOf(row.window, column.window, toTile));
        onShare?.(++done / (rows!.length * columns!.length));
      }
    }
  } finally {
    network.dispose();
  }
}

/** Tiles from the first up to, without, the last. */
type Tiles = readonly [from: number, to: number];

/** Tiles in rows and columns, as pixels. */
function partOf([top, bottom]: Tiles, [left, right]: Tiles, [height, width]: TileShape): Part {
  return { top: top * height, left: left * width, height: (bottom - top) * height, width: (right - left) * width };
}

/** Windows of `size` tiles over `count`, and what is kept of each: what is `halo` away from its ends, or from nothing at the picture's. */
function spans(count: number, size: number, halo: number): { readonly window: Tiles; readonly kept: Tiles }[] {
  const found: { readonly window: Tiles; readonly kept: Tiles }[] = [];
  for (let from = 0; from < count; from = found.at(-1)!.kept[1]) {
    const start = Math.min(Math.max(from - halo, 0), count - size);
    const end = start + size;
    found.push({ window: [start, end], kept: [from, end === count ? end : end - halo] });
  }
  return found;
}
