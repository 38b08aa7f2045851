import { describe, expect, it } from "vitest";
import { labelPlaces } from "../src/label-places.ts";
import type { Point } from "../src/index.ts";

const look = { radius: 5, fontSize: 10 };

describe("labelPlaces", () => {
  it("puts a label above its point where nothing is in the way", () => {
    expect(labelPlaces([[100, 100]], ["01"], look)).toEqual([[100, 88]]);
  });

  it("keeps labels of points that lie on each other apart, and off the points around", () => {
    const points: Point[] = [...Array.from({ length: 4 }, (): Point => [100, 100]), [100, 86], [140, 100]];
    const labels = points.map((_, index) => `0${index}`);
    const places = labelPlaces(points, labels, look);
    // Digits of 0.6 of the font's size: two are 12 wide; a line is 10 high.
    for (const [i, [x, y]] of places.entries()) {
      for (const [px, py] of points) expect(Math.abs(px - x) >= 11 || Math.abs(py - y) >= 10).toBe(true);
      for (const [ox, oy] of places.slice(0, i)) expect(Math.abs(ox - x) >= 12 || Math.abs(oy - y) >= 10).toBe(true);
    }
  });
});
