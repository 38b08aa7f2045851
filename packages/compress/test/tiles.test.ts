import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutTiles, joinTiles, type Picture, tileBatches, tileGrid, type TileShape } from "../src/index.ts";

const size = fc.integer({ min: 1, max: 20 });
const anyPicture = fc.record({ height: size, width: size, channels: fc.integer({ min: 1, max: 4 }) });
const numbered = ({ height, width, channels }: Omit<Picture, "values">): Picture => {
  return { height, width, channels, values: Float32Array.from({ length: height * width * channels }, (_, i) => i) };
};

describe("a picture of any size", () => {
  it("is the same after it was cut into tiles of any size and put together", () => {
    fc.assert(
      fc.property(anyPicture, size, size, (sizes, tileHeight, tileWidth) => {
        const picture = numbered(sizes);
        const shape: TileShape = [tileHeight, tileWidth, sizes.channels];
        const [down, across] = tileGrid(picture, shape);
        const tiles = cutTiles(picture, shape);
        expect(tiles.length).toBe(down * across * tileHeight * tileWidth * sizes.channels);
        expect(joinTiles(tiles, sizes, shape)).toEqual(picture);
      }),
    );
  });

  it("is continued with its last row and column where a tile reaches beyond it", () => {
    const picture = numbered({ height: 2, width: 3, channels: 1 });
    expect([...cutTiles(picture, [2, 2, 1])]).toEqual([0, 1, 3, 4, 2, 2, 5, 5]);
    expect([...cutTiles(picture, [3, 4, 1])]).toEqual([0, 1, 2, 2, 3, 4, 5, 5, 3, 4, 5, 5]);
  });

  it("comes in batches", () => {
    const picture = numbered({ height: 5, width: 4, channels: 2 });
    const parts = [...tileBatches(picture, [2, 2, 2], 4)];
    expect(parts.map(({ size: items }) => items)).toEqual([4, 2]);
    expect(parts.flatMap(({ values }) => [...values])).toEqual([...cutTiles(picture, [2, 2, 2])]);
  });
});

describe("refused", () => {
  it("is a picture of other channels, or not whole", () => {
    const picture = numbered({ height: 2, width: 2, channels: 3 });
    expect(() => cutTiles(picture, [2, 2, 1])).toThrow(/"channels" expected 1 as the tiles have, got 3/);
    expect(() => cutTiles({ ...picture, height: 3 }, [2, 2, 3])).toThrow(/"picture.values" expected 3 x 2 x 3/);
    expect(() => cutTiles({ ...picture, height: 0 }, [2, 2, 3])).toThrow(/"height" expected an integer >= 1/);
  });

  it("is a geometry that is not that of the tiles", () => {
    const tiles = new Float32Array(4 * 4);
    for (const geometry of [
      { height: 5, width: 4, channels: 1 },
      { height: 2, width: 4, channels: 1 },
      { height: 4, width: 4, channels: 2 },
    ]) {
      expect(() => joinTiles(tiles, geometry, [2, 2, 1])).toThrow(
        expect.objectContaining({ code: "BITSTREAM_GEOMETRY" }),
      );
    }
  });
});
