import { IsthmusError } from "@isthmus/math";
import type { Geometry } from "@isthmus/codec";
import { batchesOf } from "./latents.ts";
import type { Batches } from "./latents.ts";

/** A picture of any size, [height, width, channels] row by row, as a model's items are: numbers of its network. */
export interface Picture extends Geometry {
  readonly values: Float32Array;
}

/** The size of a tile, [height, width, channels]: the shape of a model's items. */
export type TileShape = readonly [height: number, width: number, channels: number];

/** How many tiles a picture has: rows of them, and in each row. */
export function tileGrid({ height, width }: Geometry, [tileHeight, tileWidth]: TileShape): readonly [number, number] {
  return [Math.ceil(height / tileHeight), Math.ceil(width / tileWidth)];
}

/**
 * Cuts a picture into tiles, rows of them from the top, each from the left: [tiles, height, width, channels] of the shape.
 * Tiles that reach beyond the picture repeat its last row and column there, which costs less than an edge would.
 *
 * @throws RangeError when the picture has other channels than the tiles, or not as many values as pixels
 */
export function cutTiles(picture: Picture, shape: TileShape): Float32Array {
  const { height, width, channels, values } = picture;
  requireTiles(picture, shape);
  if (values.length !== height * width * channels) {
    throw new RangeError(`"picture.values" expected ${height} x ${width} x ${channels} numbers, got ${values.length}`);
  }
  const [tileHeight, tileWidth] = shape;
  const [down, across] = tileGrid(picture, shape);
  const tileSize = tileHeight * tileWidth * channels;
  const tiles = new Float32Array(down * across * tileSize);
  for (let tile = 0; tile < down * across; tile++) {
    const at = { top: Math.floor(tile / across) * tileHeight, left: (tile % across) * tileWidth };
    copyPart(picture, { ...at, height: tileHeight, width: tileWidth }, tiles.subarray(tile * tileSize));
  }
  return tiles;
}

/** A rectangle of pixels. */
export interface Part {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** Of a picture the pixels of a part, into [height, width, channels]; beyond the picture its last row and column. */
export function copyPart({ height, width, channels, values }: Picture, part: Part, into: Float32Array): void {
  let at = 0;
  for (let y = part.top; y < part.top + part.height; y++) {
    for (let x = part.left; x < part.left + part.width; x++, at += channels) {
      const from = (Math.min(y, height - 1) * width + Math.min(x, width - 1)) * channels;
      for (let channel = 0; channel < channels; channel++) into[at + channel] = values[from + channel]!;
    }
  }
}

/** Writes a part of a picture from `pixels`, [height, width, channels] of a window that it lies in, and leaves out what is beyond the picture. */
export function pastePart(picture: Picture, part: Part, pixels: Float32Array, window: Part = part): void {
  const { height, width, channels, values } = picture;
  const length = (Math.min(part.left + part.width, width) - part.left) * channels;
  for (let y = part.top; y < Math.min(part.top + part.height, height); y++) {
    const from = ((y - window.top) * window.width + part.left - window.left) * channels;
    values.set(pixels.subarray(from, from + length), (y * width + part.left) * channels);
  }
}

export function requireTiles({ height, width, channels }: Geometry, shape: TileShape): void {
  Object.entries({ height, width }).forEach(([name, size]) => {
    if (!Number.isInteger(size) || size < 1) throw new RangeError(`"${name}" expected an integer >= 1, got ${size}`);
  });
  if (channels !== shape[2]) throw new RangeError(`"channels" expected ${shape[2]} as the tiles have, got ${channels}`);
}

/** `cutTiles` in batches, as `encodeStream` takes them. */
export function tileBatches(picture: Picture, shape: TileShape, batchSize: number = 64): Batches {
  return batchesOf(cutTiles(picture, shape), shape[0] * shape[1] * shape[2], batchSize);
}

/**
 * Puts tiles together again and leaves out what reaches beyond the picture.
 *
 * @param tiles [tiles, height, width, channels] of the shape, such as `decodeItems` gives
 * @throws IsthmusError `BITSTREAM_GEOMETRY` when there are not as many tiles as the geometry, which comes with the stream, has
 */
export function joinTiles(tiles: Float32Array, geometry: Geometry, shape: TileShape): Picture {
  const [height, width, channels] = shape;
  const tileSize = height * width * channels;
  requireGeometry(tiles.length / tileSize, geometry, shape);
  const [down, across] = tileGrid(geometry, shape);
  const picture = emptyPicture(geometry);
  for (let tile = 0; tile < down * across; tile++) {
    const part = { top: Math.floor(tile / across) * height, left: (tile % across) * width, height, width };
    pastePart(picture, part, tiles.subarray(tile * tileSize, (tile + 1) * tileSize));
  }
  return picture;
}

/** @throws IsthmusError `BITSTREAM_GEOMETRY` when so many tiles are no picture of this geometry */
export function requireGeometry(tiles: number, geometry: Geometry, shape: TileShape): void {
  const { height, width, channels } = geometry;
  const [down, across] = tileGrid(geometry, shape);
  if (channels === shape[2] && tiles === down * across) return;
  const what = `${tiles} tiles of ${shape.join(" x ")} are no picture of ${height} x ${width} x ${channels}`;
  throw new IsthmusError("BITSTREAM_GEOMETRY", what, { ...geometry, tiles });
}

export function emptyPicture({ height, width, channels }: Geometry): Picture {
  return { height, width, channels, values: new Float32Array(height * width * channels) };
}
