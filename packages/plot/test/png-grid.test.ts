import { decode } from "fast-png";
import { describe, expect, it } from "vitest";
import { pngGrid } from "../src/png-grid.ts";

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
    const png = decode(
      pngGrid(
        { shape: layout.shape, values: images(layout.count, layout.shape) },
        columns === undefined ? {} : { columns },
      ),
    );
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
    expect(() => pngGrid({ shape, values: new Float32Array(28 * 28 * 4) })).toThrow(RangeError);
  });

  it("refuses to draw nothing", () => {
    expect(() => pngGrid({ shape: [2, 2, 1], values: new Float32Array(0) })).toThrow(RangeError);
  });

  it.each([[{ columns: 0 }], [{ columns: 1.5 }], [{ gap: -1 }]])("refuses %j", (options) => {
    expect(() => pngGrid({ shape: [2, 2, 1], values: new Float32Array(4) }, options)).toThrow(RangeError);
  });

  it("refuses a part of an image", () => {
    expect(() => pngGrid({ shape: [2, 2, 1], values: new Float32Array(6) })).toThrow(/whole images, got 1.5/);
  });

  it("leaves no line without a gap", () => {
    const { width, height, data } = decode(
      pngGrid({ shape: [7, 7, 1], values: new Float32Array(49 * 6) }, { gap: 0, columns: 3 }),
    );
    expect([width, height]).toEqual([3 * 28, 2 * 28]);
    expect(data.every((byte) => byte === 0)).toBe(true);
  });
});

describe("labels", () => {
  const shape = [28, 28, 1];
  /** Six black images in two rows, 112 pixels a side. */
  const draw = (options: object) =>
    decode(pngGrid({ shape, values: new Float32Array(784 * 6) }, { columns: 3, ...options }));

  /** Columns and rows of a rectangle that have anything but white in them. */
  function inked({ width, data }: ReturnType<typeof draw>, area: readonly [number, number, number, number]) {
    const [left, top, right, bottom] = area;
    const columns = new Set<number>();
    const rows = new Set<number>();
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) {
        if (data[y * width + x] === 255) continue;
        columns.add(x);
        rows.add(y);
      }
    }
    const range = (set: Set<number>) => [Math.min(...set), Math.max(...set)];
    return { count: columns.size, columns: range(columns), rows: range(rows) };
  }

  it("make room for themselves and leave the images as they were", () => {
    const plain = draw({});
    const labelled = draw({ rowLabels: ["one", "two"], columnLabels: ["a", "b", "c"] });
    // Three characters of 5 + 1 pixels less one, twice as large, and 4 pixels on either side; a line of 9, likewise.
    const [left, top] = [2 * 17 + 8, 2 * 9 + 8];
    expect([labelled.width, labelled.height]).toEqual([plain.width + left, plain.height + top]);
    for (let y = 0; y < plain.height; y++) {
      const row = labelled.data.subarray((y + top) * labelled.width + left, (y + top + 1) * labelled.width);
      expect(Buffer.from(row as Uint8Array)).toEqual(
        Buffer.from(plain.data.subarray(y * plain.width, (y + 1) * plain.width) as Uint8Array),
      );
    }
  });

  it("stand beside their rows and above their columns", () => {
    const labelled = draw({ rowLabels: ["HH", "H"], columnLabels: ["H", "", "H"] });
    const [left, top] = [2 * 11 + 8, 26];
    const middle = (row: number) => top + 1 + 113 * row + 56;
    for (const [row, width] of [
      [0, 22],
      [1, 10],
    ] as const) {
      const { columns, rows } = inked(labelled, [0, top + 113 * row, left, top + 113 * (row + 1)]);
      expect(columns).toEqual([left - 4 - width, left - 5]);
      expect(rows[0]).toBeLessThan(middle(row));
      expect(rows[1]).toBeGreaterThan(middle(row));
    }
    for (const column of [0, 2]) {
      const from = left + 1 + 113 * column;
      const { columns } = inked(labelled, [from, 0, from + 112, top]);
      // An H is 10 pixels wide: as much white before as behind, to a pixel.
      expect(Math.abs(columns[0]! - from - (from + 111 - columns[1]!))).toBeLessThanOrEqual(1);
    }
    expect(inked(labelled, [left + 114, 0, left + 226, top]).count).toBe(0);
  });

  it("are cut where they are longer than their column is wide", () => {
    const labelled = draw({ columnLabels: ["H".repeat(40), "H", "H"] });
    const { columns } = inked(labelled, [0, 0, labelled.width, 17]);
    expect(columns[0]).toBeGreaterThanOrEqual(0);
    // 19 characters of 6 pixels fit into 113 pixels; a 20th would stand in the next column.
    expect(inked(labelled, [0, 0, 114, 17]).count).toBe(19 * 5);
  });

  it("show a box for what cannot be written", () => {
    const [unknown, box] = [draw({ rowLabels: ["\u00e9", ""] }), draw({ rowLabels: ["\u4e00", ""] })];
    expect(unknown.data).toEqual(box.data);
    expect(inked(unknown, [0, 0, 18, 114]).count).toBe(10);
  });
});
