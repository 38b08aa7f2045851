import { expect, it } from "vitest";
import { levels } from "../src/picture-png.ts";

it("gives the nearest of 256 levels, and cuts what is beyond", () => {
  const exact = Uint8Array.from({ length: 256 }, (_, level) => level);
  for (const off of [-0.49, 0, 0.49]) {
    expect(levels(Float32Array.from(exact, (level) => (level + off) / 255))).toEqual(exact);
  }
  expect(levels(Float32Array.of(-1, -Infinity, NaN, 1.5, Infinity))).toEqual(Uint8Array.of(0, 0, 0, 255, 255));
});
