import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { select, SPRITE_FACTORS, sprites, type Sprites, take } from "../src/index.ts";
import { SPRITE_SHAPES } from "../src/sprite-shapes.ts";

const valuesOf = (set: Sprites, item: number): number[] =>
  SPRITE_FACTORS.map((_, factor) => set.factors.values[factor]![set.factors.indices[item * 5 + factor]!]!);

function moments(image: Uint8Array | Float32Array, side: number): { ink: number; x: number; y: number } {
  let [ink, x, y] = [0, 0, 0];
  image.forEach((value, i) => {
    ink += value / 255;
    x += (value / 255) * ((i % side) + 0.5);
    y += (value / 255) * (Math.floor(i / side) + 0.5);
  });
  return { ink, x: x / ink, y: y / ink };
}

describe("the whole grid", () => {
  const set = sprites({ counts: { shape: 3, size: 3, rotation: 4, x: 3, y: 3 } });

  it("has each combination of factors once, and says which", () => {
    const { indices, names, counts } = set.factors;
    expect(names).toEqual(["shape", "size", "rotation", "x", "y"]);
    expect(counts).toEqual([3, 3, 4, 3, 3]);
    expect(set.items).toBe(3 * 3 * 4 * 3 * 3);
    const rows = Array.from({ length: set.items }, (_, item) => indices.subarray(item * 5, item * 5 + 5).join());
    expect(new Set(rows).size).toBe(set.items);
    expect([...set.labels!]).toEqual(rows.map((row) => Number(row[0])));
  });

  it("shows no combination like another", () => {
    const images = Array.from({ length: set.items }, (_, item) => take(set, item, item + 1).values.join());
    expect(new Set(images).size).toBe(set.items);
  });

  it("has as much ink as the shape's area, the sprite where its factors say", () => {
    for (let item = 0; item < set.items; item++) {
      const [shape, radius, , x, y] = valuesOf(set, item) as [number, number, number, number, number];
      const { ink, ...centre } = moments(take(set, item, item + 1).values, 32);
      const { area, name } = SPRITE_SHAPES[shape]!;
      // Points on a lattice of 1/6 pixel: a straight edge along it may take or leave a row of them, at most 1/12 pixel
      // along each of four sides.
      expect(Math.abs(ink - area * radius * radius), `${item}: ${name}`).toBeLessThan((4 * Math.SQRT2 * radius) / 12);
      if (name === "heart") continue; // Its centre of mass is not the centre of its circle.
      expect(Math.hypot(centre.x - x, centre.y - y)).toBeLessThan(1 / 12);
    }
  });

  it("keeps every sprite whole, away from the edge or touching it", () => {
    for (let item = 0; item < set.items; item++) {
      const [, radius, , x, y] = valuesOf(set, item) as [number, number, number, number, number];
      expect(Math.min(x, y, 32 - x, 32 - y)).toBeGreaterThanOrEqual(radius - 1e-12);
    }
  });

  it("has smooth edges: greys, and they are few", () => {
    const greys = set.values.filter((value) => value > 0 && value < 255).length;
    expect(greys / set.values.length).toBeGreaterThan(0.02);
    expect(greys / set.values.length).toBeLessThan(0.15);
  });
});

describe("a subset", () => {
  it("holds a factor still with one value, in the middle", () => {
    const set = sprites({ counts: { shape: 1, size: 1, rotation: 1, x: 5, y: 1 } });
    expect(set.items).toBe(5);
    const x = Array.from({ length: 5 }, (_, item) => valuesOf(set, item)[3]!);
    expect(x.map((value, k) => Math.abs(value - (7.04 + (17.92 * k) / 4))).every((error) => error < 1e-12)).toBe(true);
    for (let item = 0; item < 5; item++) expect(valuesOf(set, item)[4]).toBe(16);
  });

  it("of the same factors has the same pictures", () => {
    const grid = sprites({ counts: { shape: 3, size: 2, rotation: 2, x: 3, y: 2 } });
    const some = sprites({ counts: { shape: 3, size: 2, rotation: 2, x: 3, y: 2 }, items: 20, seed: 4 });
    const position = (set: Sprites, item: number): number =>
      set.factors.counts.reduce((at, count, factor) => at * count + set.factors.indices[item * 5 + factor]!, 0);
    const order = Array.from({ length: 20 }, (_, item) => position(some, item));
    expect(new Set(order).size).toBe(20);
    expect(select(grid, order).values).toEqual(some.values);
    expect(select(grid, order).factors!.indices).toEqual(some.factors.indices);
    const again = sprites({ counts: { shape: 3, size: 2, rotation: 2, x: 3, y: 2 }, items: 20, seed: 5 });
    expect(again.factors.indices).not.toEqual(some.factors.indices);
  });

  it("keeps its factors when items are taken", () => {
    const set = sprites({ items: 9 });
    expect(take(set, 4, 6).factors!.indices).toEqual(set.factors.indices.slice(20, 30));
  });
});

it("64 pixels wide shows the same scene as 32", () => {
  const counts = { shape: 3, size: 2, rotation: 2, x: 2, y: 2 };
  const [small, large] = [sprites({ counts }), sprites({ counts, side: 64 })];
  expect(large.shape).toEqual([64, 64, 1]);
  for (let item = 0; item < small.items; item++) {
    const [a, b] = [moments(take(small, item, item + 1).values, 32), moments(take(large, item, item + 1).values, 64)];
    expect(Math.hypot(b.x / 2 - a.x, b.y / 2 - a.y)).toBeLessThan(0.1);
    expect(Math.abs(b.ink / 4 - a.ink) / a.ink).toBeLessThan(0.06);
  }
});

// Our own golden: nothing that depends on the engine may enter a picture.
it("has the same bytes everywhere", () => {
  const { values } = sprites({ items: 200, seed: 1 });
  expect(createHash("sha256").update(values).digest("hex")).toBe(
    "5260299b9f4c098f9324c9ab4da2141e6a94ca730918aca3812826f549f638de",
  );
});

it.each([
  [{ side: 48 as never }, "side: expected 32 or 64, got 48"],
  [{ counts: { shape: 4 } }, "counts.shape: expected a whole number from 1 to 3, got 4"],
  [{ counts: { x: 0 } }, "counts.x: expected a whole number from 1 to 1000, got 0"],
  [{ counts: { x: 1000, y: 1000 } }, "counts: expected at most 16777216 combinations, got 60000000"],
  [{ items: 8641 }, "items: expected a whole number from 0 to 8640, the combinations there are, got 8641"],
])("refuses %j", (options, message) => {
  expect(() => sprites(options)).toThrow(new RangeError(message));
});
