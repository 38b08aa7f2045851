import { decode } from "fast-png";
import { describe, expect, it } from "vitest";
import { UsageError } from "../src/errors.ts";
import { pngGrid } from "../src/images.ts";

/** Images with a different value at every place: ((i * 37) mod 256) / 255 for element i. */
function images(count: number, shape: readonly [number, number, number]): Float32Array {
  const size = shape[0] * shape[1] * shape[2];
  return Float32Array.from({ length: count * size }, (_, index) => ((index * 37) % 256) / 255);
}

interface Layout {
  readonly count: number;
  readonly shape: readonly [height: number, width: number, channels: number];
  readonly across: number;
  readonly factor: number;
}

/** The picture that follows from the layout, pixel by pixel: a white line around every magnified image. */
function expected({ count, shape: [height, width, channels], across, factor }: Layout): {
  width: number;
  height: number;
  data: Uint8Array;
} {
  const values = images(count, [height, width, channels]);
  const down = Math.ceil(count / across);
  const grid = { width: across * (width * factor + 1) + 1, height: down * (height * factor + 1) + 1 };
  const at = (x: number, y: number, channel: number): number => {
    const [column, row] = [Math.floor((x - 1) / (width * factor + 1)), Math.floor((y - 1) / (height * factor + 1))];
    const [left, top] = [x - 1 - column * (width * factor + 1), y - 1 - row * (height * factor + 1)];
    const item = row * across + column;
    const onLine = x === 0 || y === 0 || left === width * factor || top === height * factor;
    if (onLine || item >= count) return 255;
    const pixel = Math.floor(top / factor) * width + Math.floor(left / factor);
    return Math.round(values[(item * height * width + pixel) * channels + channel]! * 255);
  };
  const data = new Uint8Array(grid.width * grid.height * channels);
  for (let index = 0; index < data.length; index++) {
    const pixel = Math.floor(index / channels);
    data[index] = at(pixel % grid.width, Math.floor(pixel / grid.width), index % channels);
  }
  return { ...grid, data };
}

describe("pngGrid", () => {
  it.each<[string, Layout, number | undefined]>([
    ["one grey image", { count: 1, shape: [5, 3, 1], across: 1, factor: 4 }, undefined],
    ["a square of grey images", { count: 4, shape: [5, 3, 1], across: 2, factor: 4 }, undefined],
    ["a last row that is not full", { count: 7, shape: [4, 6, 1], across: 3, factor: 4 }, undefined],
    ["colour", { count: 5, shape: [3, 4, 3], across: 3, factor: 4 }, undefined],
    ["a chosen number of columns", { count: 5, shape: [3, 4, 1], across: 4, factor: 4 }, 4],
    ["more columns than images", { count: 2, shape: [3, 4, 1], across: 2, factor: 4 }, 9],
    ["magnified less when the picture grows", { count: 225, shape: [28, 28, 1], across: 15, factor: 3 }, undefined],
    ["not magnified at all", { count: 36, shape: [140, 150, 1], across: 6, factor: 1 }, undefined],
  ])("draws %s", (_, layout, columns) => {
    const png = decode(pngGrid({ shape: layout.shape, values: images(layout.count, layout.shape) }, columns));
    const { width, height, data } = expected(layout);
    expect({ width: png.width, height: png.height, channels: png.channels, depth: png.depth }).toEqual({
      ...{ width, height, channels: layout.shape[2], depth: 8 },
    });
    expect(Buffer.from(png.data.buffer, png.data.byteOffset, png.data.byteLength).equals(data)).toBe(true);
  });

  it("clips what lies outside [0, 1] and rounds the rest", () => {
    const values = Float32Array.of(-1, -0.001, 0, 0.5, 0.999, 1, 1.001, 7, 1 / 255);
    const { data, width } = decode(pngGrid({ shape: [1, 9, 1], values }));
    // One image, four times magnified: value x begins at pixel 1 + 4 x of row 1.
    expect(Array.from(values, (_, x) => data[width + 1 + 4 * x])).toEqual([0, 0, 0, 128, 255, 255, 255, 255, 1]);
  });

  it.each([[[784]], [[28, 28]], [[28, 28, 2]], [[28, 28, 4]]])("refuses items of shape %j", (shape) => {
    expect(() => pngGrid({ shape, values: new Float32Array(28 * 28 * 4) })).toThrow(UsageError);
  });

  it("refuses to draw nothing", () => {
    expect(() => pngGrid({ shape: [2, 2, 1], values: new Float32Array(0) })).toThrow(UsageError);
  });
});
