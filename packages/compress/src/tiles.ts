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
  const tiles = new Float32Array(down * across * tileHeight * tileWidth * channels);
  let at = 0;
  for (let tile = 0; tile < down * across; tile++) {
    const top = Math.floor(tile / across) * tileHeight;
    const left = (tile % across) * tileWidth;
    for (let y = top; y < top + tileHeight; y++) {
      for (let x = left; x < left + tileWidth; x++, at += channels) {
        const from = (Math.min(y, height - 1) * width + Math.min(x, width - 1)) * channels;
        tiles.set(values.subarray(from, from + channels), at);
      }
    }
  }
  return tiles;
}

function requireTiles({ height, width, channels }: Geometry, shape: TileShape): void {
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
  const { height, width, channels } = geometry;
  const [tileHeight, tileWidth] = shape;
  const [down, across] = tileGrid(geometry, shape);
  const tileSize = tileHeight * tileWidth * shape[2];
  if (channels !== shape[2] || tiles.length !== down * across * tileSize) {
    const what = `${tiles.length / tileSize} tiles of ${shape.join(" x ")} are no picture of ${height} x ${width} x ${channels}`;
    throw new IsthmusError("BITSTREAM_GEOMETRY", what, { ...geometry, tiles: tiles.length / tileSize });
  }
  const values = new Float32Array(height * width * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x += tileWidth) {
      const tile = Math.floor(y / tileHeight) * across + x / tileWidth;
      const from = tile * tileSize + (y % tileHeight) * tileWidth * channels;
      const length = Math.min(tileWidth, width - x) * channels;
      values.set(tiles.subarray(from, from + length), (y * width + x) * channels);
    }
  }
  return { height, width, channels, values };
}
