import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { digitItem } from "../../page/src/pixels/digit.ts";
import { pictureItem, type Rgba } from "../../page/src/pixels/planes.ts";
import { type Plane, resample } from "../../page/src/pixels/resample.ts";

const planes = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })).chain(([width, height]) =>
  fc.record({
    ...{ width: fc.constant(width), height: fc.constant(height) },
    values: fc
      .array(fc.integer({ min: 0, max: 255 }), { minLength: width * height, maxLength: width * height })
      .map((all) => Float32Array.from(all)),
  }),
);

const whole = ({ width, height }: Plane) => ({ left: 0, top: 0, width, height });
const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("resampling", () => {
  it("onto the same grid changes nothing", () => {
    fc.assert(
      fc.property(planes, (plane) => {
        expect(resample(plane, whole(plane), plane.width, plane.height).values).toEqual(plane.values);
      }),
    );
  });

  it("keeps the mean: each old cell's share of all new ones is the same", () => {
    fc.assert(
      fc.property(planes, fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }), (plane, width, height) => {
        // Sums of at most 81 float32 of at most 255, each rounded to 2^-24 of itself: below 255 * 81 * 2^-24 < 0.002.
        expect(mean(resample(plane, whole(plane), width, height).values)).toBeCloseTo(mean(plane.values), 2);
      }),
    );
  });

  it("halves by the mean of four, and is 0 outside", () => {
    const plane = { width: 2, height: 2, values: Float32Array.of(0, 4, 8, 12) };
    expect(resample(plane, whole(plane), 1, 1).values).toEqual(Float32Array.of(6));
    expect(resample(plane, { left: -2, top: 0, width: 4, height: 2 }, 2, 1).values).toEqual(Float32Array.of(0, 6));
  });
});

/** A black picture with white where `is` says so. */
function drawing(side: number, is: (x: number, y: number) => boolean): Rgba {
  const data = new Uint8ClampedArray(4 * side * side);
  for (let i = 0; i < side * side; i++) {
    data.fill(is(i % side, Math.floor(i / side)) ? 255 : 0, 4 * i, 4 * i + 3);
    data[4 * i + 3] = 255;
  }
  return { width: side, height: side, data };
}

const shape = { kind: "picture", width: 28, height: 28, channels: 1 } as const;

describe("a drawing", () => {
  it("becomes an item of MNIST's make wherever and however large it was drawn: 20 pixels, its mass in the middle", () => {
    for (const [left, top, size] of [
      [0, 0, 280],
      [100, 30, 60],
      [5, 230, 40],
    ] as const) {
      const item = digitItem(
        drawing(280, (x, y) => x >= left && x < left + size && y >= top && y < top + size),
        shape,
      )!;
      const inside = (i: number) => i % 28 >= 4 && i % 28 < 24 && Math.floor(i / 28) >= 4 && Math.floor(i / 28) < 24;
      expect([...item].map((_, i) => (inside(i) ? 255 : 0))).toEqual([...item]);
    }
  });

  it("is nothing without ink", () => {
    expect(
      digitItem(
        drawing(40, () => false),
        shape,
      ),
    ).toBeUndefined();
  });
});

describe("a picture", () => {
  it("is cut to its middle, mixed to grey, and inverted on request", () => {
    const red = {
      width: 4,
      height: 2,
      data: Uint8ClampedArray.from({ length: 32 }, (_, i) => [200, 0, 0, 255][i % 4]!),
    };
    const grey = { kind: "picture", width: 1, height: 1, channels: 1 } as const;
    expect(pictureItem(red, grey, { invert: false })).toEqual(Uint8Array.of(60)); // 0.299 * 200 = 59.8
    expect(pictureItem(red, grey, { invert: true })).toEqual(Uint8Array.of(195));
    expect(pictureItem(red, { ...grey, channels: 3 }, { invert: false })).toEqual(Uint8Array.of(200, 0, 0));
  });

  it("shows white where it is see-through", () => {
    const clear = { width: 1, height: 1, data: Uint8ClampedArray.of(0, 0, 0, 0) };
    expect(pictureItem(clear, { ...shape, width: 1, height: 1 }, { invert: false })).toEqual(Uint8Array.of(255));
  });
});
